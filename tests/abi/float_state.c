/* Vector and floating-point state: each thread has its own across switches, fork copies it, exec
 * resets it. */
#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 200 };

/* Holds a pattern in registers over many calls that give the processor away. */
static bool vectors_hold(unsigned long pattern)
{
    unsigned long low = 0, high = 0;
    for (int i = 0; i < ROUNDS; i++) {
        long result = SYS_sched_yield;
        __asm__ volatile("movq %3, %%xmm3; movq %3, %%xmm14; syscall;"
                         "movq %%xmm3, %1; movq %%xmm14, %2"
                         : "+a"(result), "=&r"(low), "=&r"(high)
                         : "r"(pattern + i)
                         : "rcx", "r11", "memory", "xmm3", "xmm14");
        if (low != pattern + i || high != pattern + i)
            return false;
    }
    return true;
}

CASE(vectors_across_process_switches)
{
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = process_fork();
        if (children[i] == 0)
            _exit(vectors_hold(0x1111111111110000 * (i + 2)) ? 0 : 1);
    }
    CHECK(vectors_hold(0x1111111111110000));
    for (int i = 0; i < 4; i++)
        process_exits(children[i], 0);
}

static void *holding_thread(void *argument)
{
    CHECK(vectors_hold((unsigned long)argument));
    return NULL;
}

CASE(vectors_across_thread_switches)
{
    pthread_t threads[4];
    for (long i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, holding_thread, (void *)(i << 40 | 7)), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

__attribute__((target("avx"))) static long upper_after_fork(long *child)
{
    static const long pattern[4] = {1, 2, 3, 0x1234abcd5678ef90};
    long found[4];
    *child = SYS_fork;
    __asm__ volatile("vmovdqu %2, %%ymm12; syscall; vmovdqu %%ymm12, %1; vzeroupper"
                     : "+a"(*child), "=m"(found)
                     : "m"(pattern)
                     : "rcx", "r11", "memory", "xmm12");
    return found[3];
}

CASE(wide_vectors_are_copied_by_fork)
{
    long child;
    if (!__builtin_cpu_supports("avx"))
        case_skip("the processor has no AVX");
    bool kept = upper_after_fork(&child) == 0x1234abcd5678ef90;
    if (child == 0)
        _exit(kept ? 3 : 4);
    CHECK(kept);
    process_exits(child, 3);
}

CASE(x87_stack_is_copied_by_fork)
{
    double top, next;
    long child = SYS_fork;
    __asm__ volatile("fninit; fldpi; fld1; syscall; fstpl %1; fstpl %2"
                     : "+a"(child), "=m"(top), "=m"(next)
                     :
                     : "rcx", "r11", "memory", "st", "st(1)");
    bool kept = top == 1.0 && next > 3.14159 && next < 3.1416;
    if (child == 0)
        _exit(kept ? 3 : 4);
    CHECK(kept);
    process_exits(child, 3);
}

static void rounding_set(unsigned control, unsigned short word)
{
    __asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(control), "m"(word));
}

CASE(control_words_are_reset_by_exec)
{
    char text[64], *argv[] = {"helper", "--float", NULL}, *envp[] = {NULL};
    size_t length;
    rounding_set(0x1f80 | 0x6000, 0x0f7f);
    CHECK_EQ(helper_capture(text, sizeof(text), &length, argv, envp), 0);
    CHECK(strcmp(text, "0x1f80 0x37f") == 0);
}

CASE(control_words_belong_to_one_process)
{
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        rounding_set(0x1f80 | 0x2000, 0x077f);
        gate_open(&gate);
        _exit(0);
    }
    gate_wait(&gate);
    process_exits(child, 0);
    unsigned control;
    unsigned short word;
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(control), "=m"(word));
    CHECK_EQ(control & 0x6000, 0);
    CHECK_EQ(word, 0x37f);
}
