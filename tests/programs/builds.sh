# make and gcc at work in the guest.

compare make_parallel make -s -j4 -f script <<'S'
names := 1 2 3 4 5 6 7 8 9 10 11 12
all: $(names:%=out/%)
	cat $(sort $^) | sort -n | md5sum
out/%: | out
	seq 1 $*000 >$@.part && sleep 0.0$* && mv $@.part $@
out:
	mkdir $@
S

compare make_recursive sh script <<'S'
mkdir sub; printf 'all: a b c\na b c:\n\t@sleep 0.05; echo $@ >$@\n' >sub/Makefile
printf 'x := $(shell echo from the shell)\nall: one\n\t@cat sub/a sub/b sub/c; echo "$x $(words $(wildcard sub/*))"\none:\n\t@$(MAKE) -s --no-print-directory -C sub\n.NOTPARALLEL: all\nfail:\n\t@exit 3\n' >Makefile
make -j4; make -s fail; echo $?; make -q; echo $?; make -n one | wc -l; make none; touch -d @1 sub/a; make -C sub -s; cat sub/a
S

compare gcc sh script <<'S'
cat >main.c <<'C'
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int add(int, int);
int main(int argc, char **argv)
{
    if (fork() == 0)
        return add(20, 22);
    int status;
    wait(&status);
    printf("%s %d %.3f\n", strrchr(argv[0], '/') + 1, WEXITSTATUS(status), sqrt(argc));
    return 3;
}
C
echo 'int add(int a, int b) { return a + b; }' >add.c
gcc -O2 -Wall -o program main.c add.c -lm && ./program; echo $?
gcc -static -pipe -o fixed main.c add.c -lm && ./fixed x; echo $?
gcc -shared -fPIC -o libadd.so add.c && gcc -o shared main.c -L. -ladd -lm -Wl,-rpath,. && ./shared; echo $?
gcc -c -o bad.o bad.c 2>/dev/null; echo $?; echo 'int f(void) { return x; }' | gcc -xc -c - 2>&1 | grep -c undeclared; gcc -dumpversion
S

compare make_and_gcc sh script <<'S'
for i in 1 2 3 4 5 6; do echo "int f$i(void) { return $i; }" >f$i.c; done
printf '#include <stdio.h>\nint f1(), f2(), f3(), f4(), f5(), f6();\nint main() { printf("%%d\\n", f1() + f2() + f3() + f4() + f5() + f6()); }\n' >main.c
printf 'program: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\t$(CC) -o $@ $^\n' >Makefile
make -s -j4 && ./program && make; ar rcs lib.a f1.o f2.o; nm lib.a | grep -c ' T '; strip program && ./program; musl-gcc -static -o tiny main.c f?.c && ./tiny
S
