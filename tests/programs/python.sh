# Python: os.fork, subprocess, multiprocessing, threads, asyncio.

compare os_fork python3 script <<'S'
import os, sys, signal
pids = {}
for i in range(10):
    pid = os.fork()
    if pid == 0:
        os._exit(i)
    pids[pid] = i
while pids:
    pid, status = os.wait()
    assert os.waitstatus_to_exitcode(status) == pids.pop(pid)
print("ten children")
r, w = os.pipe()
if os.fork() == 0:
    os.write(w, b"x" * 1000000 if os.write(w, b"start") else b"")
    os._exit(0)
os.close(w)
print(sum(len(x) for x in iter(lambda: os.read(r, 65536), b"")))
os.wait()
data = bytearray(20 << 20)
pid = os.fork()
if pid == 0:
    data[5] = 1
    os._exit(data[5])
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), data[5])
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGTERM)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
try:
    os.wait()
except ChildProcessError as error:
    print(error.strerror)
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 7"], os.environ)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
sys.exit(3)
S

compare subprocess python3 script <<'S'
import subprocess, sys
print(subprocess.run(["echo", "hello"], capture_output=True, text=True).stdout, end="")
print(subprocess.run("tr a-z A-Z", shell=True, input="through tr\n", capture_output=True, text=True).stdout, end="")
print(subprocess.run(["sh", "-c", "echo err >&2; exit 5"], capture_output=True))
try:
    subprocess.run(["sleep", "10"], timeout=0.3)
except subprocess.TimeoutExpired as error:
    print("late", error.cmd)
try:
    subprocess.run(["/no/such/program"])
except FileNotFoundError as error:
    print(error)
one = subprocess.Popen(["seq", "100"], stdout=subprocess.PIPE)
two = subprocess.Popen(["tail", "-n", "2"], stdin=one.stdout, stdout=subprocess.PIPE)
one.stdout.close()
print(two.communicate()[0], one.wait(), two.returncode)
child = subprocess.Popen(["sleep", "100"]); child.kill(); print(child.wait())
many = [subprocess.Popen(["sh", "-c", f"exit {i}"], start_new_session=True, close_fds=True) for i in range(8)]
print([p.wait() for p in many])
print(subprocess.check_output([sys.executable, "-c", "import os; print(os.getcwd() == '/')"], cwd="/", env={}))
print(subprocess.run(["sh", "-c", "read a; echo got $a"], input=b"x" * 70000, capture_output=True).stdout[:8])
print(subprocess.run(["true"], preexec_fn=lambda: None, umask=0o77).returncode)
S

compare multiprocessing python3 script <<'S'
import multiprocessing as mp, os
def square(x):
    return x * x
def fill(queue, n):
    for i in range(n):
        queue.put(i)
def add(value, lock):
    for _ in range(200):
        with lock:
            value.value += 1
def talk(pipe):
    pipe.send([pipe.recv(), {"a": 1}])
if __name__ == "__main__":
    mp.set_start_method("fork")
    with mp.Pool(4) as pool:
        print(pool.map(square, range(20)), sum(pool.imap_unordered(square, range(100), 7)))
    queue = mp.Queue()
    workers = [mp.Process(target=fill, args=(queue, 50)) for _ in range(3)]
    [w.start() for w in workers]
    print(sum(queue.get() for _ in range(150)))
    [w.join() for w in workers]
    value, lock = mp.Value("i", 0), mp.Lock()
    workers = [mp.Process(target=add, args=(value, lock)) for _ in range(4)]
    [w.start() for w in workers]; [w.join() for w in workers]
    print(value.value, [w.exitcode for w in workers])
    here, there = mp.Pipe()
    worker = mp.Process(target=talk, args=(there,)); worker.start(); here.send("hi"); print(here.recv()); worker.join()
    event, array = mp.Event(), mp.Array("d", 3)
    def late():
        array[1] = 2.5; event.set()
    worker = mp.Process(target=late); worker.start(); print(event.wait(20), array[:]); worker.join()
    worker = mp.Process(target=os.abort); worker.start(); worker.join(); print(worker.exitcode)
S

compare multiprocessing_spawn python3 script <<'S'
import multiprocessing as mp
def work(x, queue):
    queue.put(x + 1)
if __name__ == "__main__":
    context = mp.get_context("spawn")
    queue = context.Queue()
    worker = context.Process(target=work, args=(41, queue)); worker.start(); print(queue.get()); worker.join(); print(worker.exitcode)
S

compare threads_and_asyncio python3 script <<'S'
import asyncio, threading, queue, signal, time
from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda x: x * 2, range(200))))
with ProcessPoolExecutor(2) as pool:
    print(list(pool.map(abs, [-1, -2, 3])))
q = queue.Queue(); t = [threading.Thread(target=lambda: q.put(1)) for _ in range(20)]
[x.start() for x in t]; [x.join() for x in t]; print(q.qsize())
async def main():
    p = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    print(await p.communicate(b"through cat")); print(p.returncode)
    r = await asyncio.gather(*[asyncio.sleep(0.05, i) for i in range(50)]); print(sum(r))
    p = await asyncio.create_subprocess_shell("exit 6"); print(await p.wait())
    s = await asyncio.start_unix_server(lambda r, w: w.close(), "sock"); s.close()
asyncio.run(main())
signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.1); signal.pause()
start = time.monotonic(); time.sleep(0.2); print(0.19 < time.monotonic() - start < 5)
S

compare files python3 script <<'S'
import os, mmap, tempfile, shutil, select, fcntl, glob, sqlite3, hashlib, pty
with tempfile.TemporaryDirectory() as d:
    for i in range(20): open(f"{d}/{i}", "w").write("x" * i)
    print(sorted(os.listdir(d)), sum(e.stat().st_size for e in os.scandir(d))); shutil.copytree(d, "copy"); print(len(glob.glob("copy/*")))
f = open("map", "w+b"); f.truncate(8192); m = mmap.mmap(f.fileno(), 8192); m[4096:4100] = b"here"; m.flush()
print(os.pread(f.fileno(), 4, 4096)); fcntl.flock(f, fcntl.LOCK_EX); print(os.statvfs(".").f_namemax); os.link("map", "map2"); print(os.stat("map").st_nlink)
db = sqlite3.connect("db"); db.execute("create table t(a)"); db.executemany("insert into t values(?)", [(i,) for i in range(100)]); db.commit(); print(db.execute("select sum(a) from t").fetchone())
r, w = os.pipe(); p = select.epoll(); p.register(r, select.EPOLLIN); print(p.poll(0)); os.write(w, b"x"); print(p.poll(1) == [(r, 1)])
pid, fd = pty.fork()
if pid == 0: os.execlp("sh", "sh", "-c", "stty size; test -t 0 && echo terminal")
out = b""
try:
    while True:
        x = os.read(fd, 100)
        if not x: break
        out += x
except OSError: pass
os.waitpid(pid, 0); print(out)
print(hashlib.sha256(open("/usr/bin/python3", "rb").read()).hexdigest())
S
