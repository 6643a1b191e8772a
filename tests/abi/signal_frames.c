/* Signal frames: contexts, alternate stacks, faults and their siginfo, machine state across
 * handlers. */
#include "harness.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile siginfo_t fault;
static volatile long fault_rip, fault_error, fault_trap, fault_cr2;

static void fault_handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    ucontext_t *user = context;
    memcpy((void *)&fault, info, sizeof(*info));
    fault_rip = user->uc_mcontext.gregs[REG_RIP];
    fault_error = user->uc_mcontext.gregs[REG_ERR];
    fault_trap = user->uc_mcontext.gregs[REG_TRAPNO];
    fault_cr2 = user->uc_mcontext.gregs[REG_CR2];
    siglongjmp(back, 1);
}

static void fault_catch(int signal)
{
    struct sigaction action = {.sa_sigaction = fault_handler, .sa_flags = SA_SIGINFO};
    memset((void *)&fault, 0, sizeof(fault));
    CHECK_OK(sigaction(signal, &action, NULL));
}

CASE(unmapped_address)
{
    char *hole = memory_alloc(PAGE);
    CHECK_OK(munmap(hole, PAGE));
    fault_catch(SIGSEGV);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)(hole + 123) = 1;
    CHECK_EQ(fault.si_signo, SIGSEGV);
    CHECK_EQ(fault.si_code, SEGV_MAPERR);
    CHECK(fault.si_addr == hole + 123);
    CHECK_EQ(fault_cr2, (long)(hole + 123));
    CHECK_EQ(fault_trap, 14);
    CHECK_EQ(fault_error & 7, 6); /* user, write, not present */
    memset((void *)&fault, 0, sizeof(fault));
    if (sigsetjmp(back, 1) == 0)
        (void)*(volatile char *)hole;
    CHECK_EQ(fault.si_code, SEGV_MAPERR);
    CHECK_EQ(fault_error & 7, 4);
}

CASE(null_address)
{
    fault_catch(SIGSEGV);
    volatile char *null = NULL;
    __asm__("" : "+r"(null));
    if (sigsetjmp(back, 1) == 0)
        (void)*null;
    CHECK_EQ(fault.si_code, SEGV_MAPERR);
    CHECK(fault.si_addr == NULL);
}

CASE(write_to_read_only)
{
    char *memory = memory_alloc(PAGE);
    memory[0] = 1;
    CHECK_OK(mprotect(memory, PAGE, PROT_READ));
    fault_catch(SIGSEGV);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)(memory + 5) = 1;
    CHECK_EQ(fault.si_code, SEGV_ACCERR);
    CHECK(fault.si_addr == memory + 5);
    CHECK_EQ(fault_error & 7, 7);
}

CASE(read_of_no_access)
{
    char *memory = memory_alloc(PAGE);
    CHECK_OK(mprotect(memory, PAGE, PROT_NONE));
    fault_catch(SIGSEGV);
    if (sigsetjmp(back, 1) == 0)
        (void)*(volatile char *)memory;
    CHECK_EQ(fault.si_code, SEGV_ACCERR);
    CHECK(fault.si_addr == memory);
}

CASE(execute_of_data)
{
    char *memory = memory_alloc(PAGE);
    memory[0] = (char)0xc3;
    fault_catch(SIGSEGV);
    if (sigsetjmp(back, 1) == 0)
        ((void (*)(void))(uintptr_t)memory)();
    CHECK_EQ(fault.si_code, SEGV_ACCERR);
    CHECK(fault.si_addr == memory);
    CHECK_EQ(fault_rip, (long)memory);
    CHECK_OK(mprotect(memory, PAGE, PROT_READ | PROT_EXEC));
    ((void (*)(void))(uintptr_t)memory)();
}

CASE(non_canonical_address)
{
    fault_catch(SIGSEGV);
    volatile char *odd = (volatile char *)0x8000000000000000;
    if (sigsetjmp(back, 1) == 0)
        (void)*odd;
    CHECK_EQ(fault.si_signo, SIGSEGV);
    CHECK_EQ(fault.si_code, SI_KERNEL);
    CHECK(fault.si_addr == NULL);
    CHECK_EQ(fault_trap, 13);
}

CASE(kernel_address)
{
    fault_catch(SIGSEGV);
    if (sigsetjmp(back, 1) == 0)
        (void)*(volatile char *)0xffffffff81000000;
    CHECK_EQ(fault.si_signo, SIGSEGV);
    CHECK(fault.si_code == SEGV_MAPERR);
}

CASE(privileged_instruction)
{
    fault_catch(SIGSEGV);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("hlt");
    CHECK_EQ(fault.si_signo, SIGSEGV);
    CHECK_EQ(fault.si_code, SI_KERNEL);
    memset((void *)&fault, 0, sizeof(fault));
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("cli");
    CHECK_EQ(fault.si_signo, SIGSEGV);
}

CASE(integer_division)
{
    fault_catch(SIGFPE);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; idivl %%ecx" ::: "rax", "rcx", "rdx");
    CHECK_EQ(fault.si_signo, SIGFPE);
    CHECK_EQ(fault.si_code, FPE_INTDIV);
    CHECK_EQ((long)fault.si_addr, fault_rip);
    CHECK_EQ(fault_trap, 0);
}

CASE(floating_point_division)
{
    fault_catch(SIGFPE);
    if (sigsetjmp(back, 1) == 0) {
        unsigned control = 0x1f80 & ~0x200; /* unmask division by zero */
        __asm__ volatile("ldmxcsr %0; pcmpeqd %%xmm0, %%xmm0; psllq $54, %%xmm0; psrlq $2, %%xmm0;"
                         "pxor %%xmm1, %%xmm1; divsd %%xmm1, %%xmm0"
                         :
                         : "m"(control)
                         : "xmm0", "xmm1", "memory");
    }
    unsigned state;
    __asm__ volatile("stmxcsr %0" : "=m"(state));
    if (fault.si_signo == 0 && (state & 4)) /* flag set, and no trap */
        case_skip("this processor (an emulated one) does not trap SSE exceptions");
    CHECK_EQ(fault.si_signo, SIGFPE);
    CHECK_EQ(fault.si_code, FPE_FLTDIV);
    CHECK_EQ(fault_trap, 19);
}

CASE(invalid_instruction)
{
    fault_catch(SIGILL);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("ud2");
    CHECK_EQ(fault.si_signo, SIGILL);
    CHECK_EQ(fault.si_code, ILL_ILLOPN);
    CHECK_EQ((long)fault.si_addr, fault_rip);
    CHECK_EQ(fault_trap, 6);
}

CASE(breakpoint)
{
    fault_catch(SIGTRAP);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("int3");
    CHECK_EQ(fault.si_signo, SIGTRAP);
    CHECK_EQ(fault.si_code, SI_KERNEL);
    CHECK_EQ(fault_trap, 3);
    CHECK_EQ(((unsigned char *)fault_rip)[-1], 0xcc); /* just behind the instruction */
}

CASE(single_step)
{
    fault_catch(SIGTRAP);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop" ::: "memory", "cc");
    CHECK_EQ(fault.si_signo, SIGTRAP);
    CHECK_EQ(fault.si_code, TRAP_TRACE);
}

CASE(beyond_the_end_of_a_mapped_file)
{
    file_write("file", "short");
    int fd = CHECK_OK(open("file", O_RDWR));
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(memory[100], 0); /* the rest of the last page reads as zeroes */
    fault_catch(SIGBUS);
    if (sigsetjmp(back, 1) == 0)
        (void)*(volatile char *)(memory + PAGE + 9);
    CHECK_EQ(fault.si_signo, SIGBUS);
    CHECK_EQ(fault.si_code, BUS_ADRERR);
    CHECK(fault.si_addr == memory + PAGE + 9);
}

CASE(masked_fault_kills)
{
    pid_t child = process_fork();
    if (child == 0) {
        sigset_t set;
        sigfillset(&set);
        fault_catch(SIGSEGV);
        CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
        *(volatile char *)8 = 1;
        _exit(0);
    }
    process_dies(child, SIGSEGV);
}

CASE(ignored_fault_kills)
{
    pid_t child = process_fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_IGN);
        *(volatile char *)8 = 1;
        _exit(0);
    }
    process_dies(child, SIGSEGV);
}

static void fault_again(int signal)
{
    (void)signal;
    *(volatile char *)8 = 1;
}

CASE(fault_in_its_own_handler_kills)
{
    pid_t child = process_fork();
    if (child == 0) {
        signal(SIGSEGV, fault_again);
        *(volatile char *)8 = 1;
        _exit(0);
    }
    process_dies(child, SIGSEGV);
}

static void advance_handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ucontext_t *user = context;
    user->uc_mcontext.gregs[REG_RIP] += 2; /* the length of ud2 */
    user->uc_mcontext.gregs[REG_R15] = 0x123456789abcdef;
    sigaddset(&user->uc_sigmask, SIGUSR2);
}

CASE(changed_context_is_used)
{
    struct sigaction action = {.sa_sigaction = advance_handler, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGILL, &action, NULL));
    long value;
    __asm__ volatile("mov $0, %%r15; ud2; mov %%r15, %0" : "=r"(value)::"r15");
    CHECK_EQ(value, 0x123456789abcdef);
    sigset_t mask;
    CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &mask));
    CHECK(sigismember(&mask, SIGUSR2));
}

static volatile char *handler_stack;
static stack_t handler_view;

static void stack_handler(int signal)
{
    char here;
    (void)signal;
    handler_stack = &here;
    sigaltstack(NULL, &handler_view);
    errno = 0;
    stack_t other = {.ss_flags = SS_DISABLE};
    if (sigaltstack(&other, NULL) != -1 || errno != EPERM)
        handler_stack = NULL;
}

CASE(alternate_stack_is_used)
{
    static char space[65536];
    stack_t stack = {.ss_sp = space, .ss_size = sizeof(space)}, now;
    CHECK_OK(sigaltstack(&stack, NULL));
    struct sigaction action = {.sa_handler = stack_handler, .sa_flags = SA_ONSTACK};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(raise(SIGUSR1));
    CHECK(handler_stack >= space && handler_stack < space + sizeof(space));
    CHECK_EQ(handler_view.ss_flags, SS_ONSTACK);
    CHECK_OK(sigaltstack(NULL, &now));
    CHECK_EQ(now.ss_flags, 0);
    action.sa_flags = 0;
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(raise(SIGUSR1));
    CHECK(!(handler_stack >= space && handler_stack < space + sizeof(space)));
}

CASE(errors_of_sigaltstack)
{
    static char space[8192];
    stack_t stack = {.ss_sp = space, .ss_size = 1000};
    CHECK_ERR(syscall(SYS_sigaltstack, &stack, NULL), ENOMEM);
    stack = (stack_t){.ss_sp = space, .ss_size = sizeof(space), .ss_flags = 77};
    CHECK_ERR(syscall(SYS_sigaltstack, &stack, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sigaltstack, (void *)8, NULL), EFAULT);
}

static void overflow_handler(int signal, siginfo_t *info, void *context)
{
    (void)context;
    _exit(signal == SIGSEGV && info->si_addr ? 21 : 22);
}

static int recurse(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = *above;
    if (frame[0] == 0)
        return 0; /* never: the caller starts with 1 */
    return recurse(frame) + frame[0];
}

CASE(stack_overflow_on_the_alternate_stack)
{
    pid_t child = process_fork();
    if (child == 0) {
        static char space[65536];
        stack_t stack = {.ss_sp = space, .ss_size = sizeof(space)};
        CHECK_OK(sigaltstack(&stack, NULL));
        struct sigaction action = {.sa_sigaction = overflow_handler,
                                   .sa_flags = SA_ONSTACK | SA_SIGINFO};
        CHECK_OK(sigaction(SIGSEGV, &action, NULL));
        _exit(recurse(&(char){1}) ? 1 : 2);
    }
    process_exits(child, 21);
}

CASE(stack_overflow_without_one_kills)
{
    pid_t child = process_fork();
    if (child == 0) {
        struct sigaction action = {.sa_sigaction = overflow_handler, .sa_flags = SA_SIGINFO};
        CHECK_OK(sigaction(SIGSEGV, &action, NULL));
        _exit(recurse(&(char){1}) ? 1 : 2);
    }
    process_dies(child, SIGSEGV);
}

static void clobber_handler(int signal)
{
    (void)signal;
    volatile double sum = 1.0;
    for (int i = 0; i < 10; i++)
        sum = sum * 3.0 + i;
    __asm__ volatile("pxor %%xmm0, %%xmm0; pxor %%xmm7, %%xmm7; pxor %%xmm15, %%xmm15;"
                     "fninit; fldz"
                     :
                     :
                     : "xmm0", "xmm7", "xmm15");
}

CASE(vector_state_survives_a_handler)
{
    signal(SIGUSR1, clobber_handler);
    long pid = getpid(), number = SYS_kill, low, high, fifteen;
    double x87;
    __asm__ volatile("mov $0x1122334455667788, %%rcx; movq %%rcx, %%xmm0; movq %%rcx, %%xmm7;"
                     "mov $0x99aabbccddeeff, %%rcx; movq %%rcx, %%xmm15; fninit; fldpi;"
                     "syscall;"
                     "movq %%xmm0, %1; movq %%xmm7, %2; movq %%xmm15, %3; fstpl %4"
                     : "+a"(number), "=&r"(low), "=&r"(high), "=&r"(fifteen), "=m"(x87)
                     : "D"(pid), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory", "xmm0", "xmm7", "xmm15", "st");
    CHECK_EQ(low, 0x1122334455667788);
    CHECK_EQ(high, 0x1122334455667788);
    CHECK_EQ(fifteen, 0x99aabbccddeeff);
    CHECK(x87 > 3.14159 && x87 < 3.1416);
}

__attribute__((target("avx"))) static void avx_clobber(int signal)
{
    (void)signal;
    __asm__ volatile("vzeroall" ::: "memory");
}

__attribute__((target("avx"))) static long avx_upper_after_signal(void)
{
    long pid = getpid(), number = SYS_kill, result;
    static const long pattern[4] = {1, 2, 3, 0x5555aaaa5555aaaa};
    long found[4];
    __asm__ volatile("vmovdqu %3, %%ymm9; syscall; vmovdqu %%ymm9, %1; vzeroupper"
                     : "+a"(number), "=m"(found), "=&r"(result)
                     : "m"(pattern), "D"(pid), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory", "xmm9");
    return found[3];
}

CASE(avx_state_survives_a_handler)
{
    if (!__builtin_cpu_supports("avx"))
        case_skip("the processor has no AVX");
    signal(SIGUSR1, avx_clobber);
    CHECK_EQ(avx_upper_after_signal(), 0x5555aaaa5555aaaa);
}

/* The 128 bytes below the stack pointer belong to the interrupted function. */
CASE(red_zone_is_kept)
{
    signal(SIGUSR1, clobber_handler);
    long pid = getpid(), number = SYS_kill, kept;
    __asm__ volatile("movq $0x7777, -8(%%rsp); movq $0x8888, -128(%%rsp);"
                     "syscall;"
                     "mov -8(%%rsp), %1; add -128(%%rsp), %1"
                     : "+a"(number), "=&r"(kept)
                     : "D"(pid), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory");
    CHECK_EQ(kept, 0x7777 + 0x8888);
}

static volatile long handler_alignment, handler_flags;

static void alignment_handler(int signal)
{
    (void)signal;
    handler_alignment = (long)__builtin_frame_address(0) & 15;
    __asm__ volatile("pushfq; pop %0" : "=r"(handler_flags));
}

CASE(handler_starts_with_a_sound_state)
{
    signal(SIGUSR1, alignment_handler);
    long pid = getpid(), number = SYS_kill;
    __asm__ volatile("std; syscall; cld"
                     : "+a"(number)
                     : "D"(pid), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory", "cc");
    CHECK_EQ(handler_alignment, 0);
    CHECK_EQ(handler_flags & 0x400, 0); /* direction flag clear */
}
