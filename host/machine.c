/*
 * See machine.h. The machine is QEMU's microvm without anything that the kernel does not use; what
 * is left of the start is QEMU's own.
 *
 * QEMU gets a session of its own, so that keys typed at the terminal do not signal it, and dies
 * with furca.
 */
#define _GNU_SOURCE
#include "machine.h"

#include "channel.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char microvm[] = "microvm,x-option-roms=off,pit=off,pic=off,rtc=on,isa-serial=on,auto-"
                              "kernel-cmdline=on,acpi=off,"
                              "mem-merge=off,dump-guest-core=off";

/* QEMU's ends, open in furca only until QEMU has them. */
struct machine_ends {
    int channel;
    int serial;
    int image;
};

static void words(struct list *list, const char *const *items)
{
    for (; *items != NULL; items++)
        list_add(list, (char *)*items);
}

/* A comma in an option's value is written twice. */
static char *escape_commas(const char *text)
{
    char *result = must_allocate(2 * strlen(text) + 1), *to = result;
    for (; *text != '\0'; text++) {
        *to++ = *text;
        if (*text == ',')
            *to++ = ',';
    }
    *to = '\0';
    return result;
}

static void add_folder(struct list *list, const char *name, const char *tag, const char *path,
                       bool writable)
{
    char *escaped = escape_commas(path);
    list_add(list, "-fsdev");
    list_format(list, "local,id=%s,path=%s,security_model=none,multidevs=remap,readonly=%s", name,
                escaped, writable ? "off" : "on");
    list_add(list, "-device");
    list_format(list, "virtio-9p-device,fsdev=%s,mount_tag=%s", name, tag);
    free(escaped);
}

static void add_folders(struct list *list, const struct options *options)
{
    if (options->bare)
        return;
    add_folder(list, "root", "host", options->root, false);
    for (size_t i = 0; i < options->share_count; i++) {
        char *tag = must_format("share%zu", i);
        add_folder(list, tag, tag, options->shares[i].host, options->shares[i].writable);
    }
}

/* The clock of the deterministic machine begins at the same moment in every run, and so does its
 * randomness. */
static void add_processor(struct list *list, const struct options *options, bool kvm)
{
    if (options->icount)
        words(list, (const char *const[]){"-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu",
                                          "max,-erms,-fsrm", "-rtc",
                                          "base=2026-01-01T00:00:00,clock=vm", "-seed", "1", NULL});
    else
        words(list, (const char *const[]){"-accel", kvm ? "kvm" : "tcg", "-cpu",
                                          kvm ? "host" : "max", NULL});
    list_add(list, "-smp");
    list_format(list, "%u", options->cpus);
    list_add(list, "-m");
    list_format(list, "%lluK", (unsigned long long)(options->memory >> 10));
}

static void add_kernel(struct list *list, const struct parts *parts, const struct options *options,
                       int image)
{
    char *line = must_format("%s%s%s", options->strace ? "strace=1 " : "",
                             options->fork_depth ? "fork_depth=" : "",
                             options->fork_depth ? options->fork_depth : "");
    for (size_t i = 0; i < options->append.count; i++) {
        char *longer = must_format("%s %s", line, options->append.items[i]);
        free(line);
        line = longer;
    }
    words(list, (const char *const[]){"-kernel", parts->kernel, "-append", line, "-initrd", NULL});
    list_format(list, "/proc/self/fd/%d", image);
}

static struct list machine_command(const struct parts *parts, const struct options *options,
                                   const struct machine_ends *ends, bool kvm)
{
    struct list list = {0};
    words(&list, (const char *const[]){parts->qemu, "-M", microvm, "-nodefaults", "-no-user-config",
                                       "-no-reboot", "-display", "none", "-monitor", "none", NULL});
    add_processor(&list, options, kvm);
    add_kernel(&list, parts, options, ends->image);
    words(&list,
          (const char *const[]){"-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-serial",
                                "chardev:log", "-device", "virtio-serial-device,max_ports=1",
                                "-device", "virtconsole,chardev=channel", "-chardev", NULL});
    list_format(&list, "socket,id=log,fd=%d", ends->serial);
    list_add(&list, "-chardev");
    list_format(&list, "socket,id=channel,fd=%d", ends->channel);
    add_folders(&list, options);
    return list;
}

static void socket_pair(int *ours, int *theirs)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        fail(EXIT_FURCA, "cannot make a socket for the guest: %s", strerror(errno));
    int size = CHANNEL_SOCKET_BUFFER;
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *ours = ends[0];
    *theirs = ends[1];
}

/* In the child: a machine without a terminal that ends with its parent. */
static _Noreturn void machine_execute(const struct machine *machine,
                                      const struct machine_ends *ends, char **command, pid_t parent)
{
    const int passed[] = {ends->channel, ends->serial, ends->image};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (int i = 0; i < 3; i++)
        fcntl(passed[i], F_SETFD, 0);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(machine->errors, 2);
    execv(command[0], command);
    dprintf(2, "%s: %s\n", command[0], strerror(errno));
    _exit(1);
}

static void show_command(const struct list *command)
{
    char *line = must_copy("");
    for (size_t i = 0; i < command->count; i++) {
        char *longer = must_format("%s%s%s", line, i ? " " : "", command->items[i]);
        free(line);
        line = longer;
    }
    note("%s", line);
    free(line);
}

void machine_start(struct machine *machine, const struct parts *parts,
                   const struct options *options, int image, bool kvm)
{
    struct machine_ends ends = {.image = image};
    socket_pair(&machine->channel, &ends.channel);
    socket_pair(&machine->serial, &ends.serial);
    machine->errors = memfd_create("furca-qemu-errors", MFD_CLOEXEC);
    struct list command = machine_command(parts, options, &ends, kvm);
    if (options->verbose)
        show_command(&command);
    pid_t parent = getpid();
    machine->pid = fork();
    if (machine->pid == 0)
        machine_execute(machine, &ends, command.items, parent);
    if (machine->pid < 0)
        fail(EXIT_FURCA, "cannot start QEMU: %s", strerror(errno));
    machine->ended = (int)syscall(SYS_pidfd_open, machine->pid, 0);
    if (machine->ended < 0)
        fail(EXIT_FURCA, "cannot watch QEMU: %s", strerror(errno));
    fcntl(machine->ended, F_SETFD, FD_CLOEXEC);
    close(ends.channel);
    close(ends.serial);
    free(command.items);
}

int machine_stop(struct machine *machine)
{
    int status = 0;
    kill(machine->pid, SIGKILL);
    while (waitpid(machine->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

void machine_drop(struct machine *machine)
{
    close(machine->ended);
    close(machine->channel);
    close(machine->serial);
    close(machine->errors);
}

char *machine_last_words(const struct machine *machine)
{
    char text[4096];
    off_t size = lseek(machine->errors, 0, SEEK_END);
    off_t start = size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0;
    ssize_t count = pread(machine->errors, text, sizeof(text) - 1, start);
    while (count > 0 && text[count - 1] == '\n')
        count--;
    if (count <= 0)
        return NULL;
    text[count] = '\0';
    const char *newline = strrchr(text, '\n');
    return must_copy(newline != NULL ? newline + 1 : text);
}
