/*
 * Exceptions of user mode become signals; and what there is to do on the way back to user mode.
 *
 * Cost: user_return is on the path of every preemption and signal, page_fault on that of every
 * fault: both do nothing but hand on.
 */
#include "arch/trap.h"

#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/frame.h"
#include "mem/space.h"
#include "mem/user.h"
#include "proc/signal.h"

/* Signals carry the numbers of the exception for sigcontext. */
static void trap_note(struct task *task, uint64_t number, uint64_t error, uint64_t address)
{
    task->trap_number = number;
    task->trap_error = error;
    task->trap_address = address;
}

struct trap_signal {
    int number, code;
    bool address; /* si_addr says where */
};

static struct trap_signal signal_of(enum trap_kind kind, uint64_t detail)
{
    switch (kind) {
    case TRAP_DIVIDE:
        return (struct trap_signal){SIGFPE, FPE_INTDIV, true};
    case TRAP_FLOAT:
        return (struct trap_signal){SIGFPE, (int)detail, true};
    case TRAP_INSTRUCTION:
        return (struct trap_signal){SIGILL, ILL_ILLOPN, true};
    case TRAP_BREAKPOINT:
        return (struct trap_signal){SIGTRAP, SI_KERNEL, false};
    case TRAP_STEP:
        return (struct trap_signal){SIGTRAP, TRAP_TRACE, true};
    case TRAP_ALIGNMENT:
        return (struct trap_signal){SIGBUS, BUS_ADRALN, true};
    case TRAP_STACK:
        return (struct trap_signal){SIGBUS, SI_KERNEL, false};
    default:
        return (struct trap_signal){SIGSEGV, SI_KERNEL, false};
    }
}

static void force_at(int number, int code, uint64_t address)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = number;
    info.si_code = code;
    info.si_addr = (void *)address;
    signal_force(number, &info, false);
}

void user_exception(struct trap_frame *frame, enum trap_kind kind, uint64_t detail,
                    uint64_t address, unsigned vector, uint64_t error_code)
{
    struct trap_signal signal = signal_of(kind, detail);

    trap_note(task_current(), vector, error_code, address);
    force_at(signal.number, signal.code, signal.address ? address : 0);
}

enum {
    PAGE_FAULT_VECTOR = 14,
    FRAMES_EXHAUSTED = 64, /* fewer free frames than this: a fault that fails for memory kills */
};

/* An allocation that failed although there is memory (fault injection) is tried again by the fault
 * itself. */
static bool memory_exhausted(void)
{
    struct frame_totals frames;

    frame_totals_get(&frames);
    return frames.free < FRAMES_EXHAUSTED;
}

static void fault_signal(struct task *task, int error, uint64_t address)
{
    switch (error) {
    case -ENOMEM:
        if (memory_exhausted())
            signal_process(task->process, SIGKILL, NULL);
        break;
    case -EFAULT:
        force_at(SIGSEGV, SEGV_MAPERR, address);
        break;
    case -EACCES:
        force_at(SIGSEGV, SEGV_ACCERR, address);
        break;
    default:
        force_at(SIGBUS, BUS_ADRERR, address);
    }
}

int page_fault(struct trap_frame *frame, struct uaddr address, unsigned access, uint64_t error_code)
{
    struct task *task = task_current();
    int error;

    if (!task || task->no_faults || !task->process->space)
        return -EFAULT;
    error = space_fault(task->process->space, address, access);
    if (!error) {
        __atomic_fetch_add(&task->process->usage.minor_faults, 1, __ATOMIC_RELAXED);
        return 0;
    }
    if (!(access & FAULT_USER))
        return -EFAULT;
    trap_note(task, PAGE_FAULT_VECTOR, error_code, address.value);
    fault_signal(task, error, address.value);
    return 0;
}

/* A child's first way out: CLONE_CHILD_SETTID writes into the child's own memory. */
static void child_tid_store(struct task *task)
{
    struct uaddr word = task->set_child_tid;
    int32_t tid = task->thread.tid;

    task->set_child_tid = (struct uaddr){0};
    (void)copy_to_user(word, &tid, sizeof(tid));
}

void user_return(struct trap_frame *frame)
{
    struct task *task = task_current();
    uint32_t pending;

    while ((pending = atomic_load_explicit(&task->thread.pending, memory_order_relaxed)) != 0) {
        irq_enable();
        if (pending & THREAD_RESCHED)
            sched_yield();
        if (pending & (THREAD_SIGNAL | THREAD_KILL | THREAD_NOTIFY)) {
            if (task->set_child_tid.value)
                child_tid_store(task);
            signal_deliver(frame);
        }
        irq_disable();
    }
}
