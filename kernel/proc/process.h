/*
 * Processes, tasks, and the numbers by which programs know them.
 *
 * struct task is one thread of a process together with what the kernel keeps per thread; struct
 * process is what the threads of a process have in common. Both are declared in fork order: first
 * what a child gets fresh, then what is copied, then what is shared by one reference, then
 * identity. fork.c reads like the structs, process_drop() runs in reverse, and zeroed is legal for
 * every field, so that it takes any stage of construction apart.
 *
 * Locks: letters after a field.
 *   c  constant once published
 *   o  only the task itself (others read it for /proc, as a hint)
 *   t  tree_lock: relatives, groups, sessions, the table of numbers, the state that wait looks at
 *   s  process->signal_lock: pending signals, masks, actions, stops, the list of tasks
 *   a  atomic
 * Order: tree_lock before signal_lock. Both are taken with interrupts off, since signals come from
 * interrupts.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include "file/cred.h"
#include "proc/signal_types.h"
#include "sched/thread.h"
#include <bsd/sys/tree.h>
#include <linux/resource.h>

struct cpu_timers;
struct file;
struct file_table;
struct fs_context;
struct limits;
struct pid;
struct posix_timer;
struct process;
struct session;
struct space;
struct task;
struct trace_line;
struct tty;

TAILQ_HEAD(task_list, task);
TAILQ_HEAD(process_list, process);

/* A number: of a task, a process, a group or a session, as long as any of them uses it. */
struct pid {
    RB_ENTRY(pid) link;           /* t the table of numbers */
    _Atomic uint32_t refs;        /* a */
    int32_t number;               /* c */
    struct task *task;            /* t the task of that number, NULL once it was reaped */
    struct process *process;      /* t the process whose leader has it, NULL once it was reaped */
    struct process_list group;    /* t processes whose process group this is */
    struct process_list session;  /* t processes whose session this is */
    struct wait_queue exit_queue; /* pidfds: woken when the process became a zombie */
};

/* Why a task goes on after an interrupted sleep through restart_syscall(2). */
struct restart_block {
    int64_t (*function)(struct restart_block *block);
    uint64_t deadline;
    uint64_t values[4];
};

/* A parent that sleeps in vfork; on the parent's stack. The parent looks at `done`, and takes
   itself out of task->vfork when a fatal signal ends its wait, with the child's signal_lock held,
   so that nobody uses the structure once the parent has gone on. */
struct vfork_wait {
    struct wait_queue queue;
    bool done; /* s of the child */
};

struct task {
    /* fresh */
    struct thread thread;         /* first */
    struct process *process;      /* c */
    struct pid *pid;              /* c but for exec by another task than the leader */
    TAILQ_ENTRY(task) link;       /* s process->tasks */
    struct signal_queue pending;  /* s signals for this thread */
    struct restart_block restart; /* o */
    struct uaddr clear_child_tid; /* o */
    struct uaddr set_child_tid; /* o the child writes its number there before its first instruction
                                   (THREAD_NOTIFY) */
    struct uaddr robust_list;   /* o */
    struct trace_line *trace_line; /* o the call in progress as --strace shows it, or NULL */
    struct vfork_wait *vfork; /* s the parent that waits for this task's exec or exit, or NULL */
    _Atomic bool futex_done;  /* a its futexes were given up at exit: nobody may wait for it */
    bool exiting;             /* s takes no more signals */
    bool stopped;             /* s counted in process->stopped_count */
    bool stop_dequeued;       /* s has taken a stop signal and SIGCONT has not come since */
    bool no_faults;           /* o user copies fail instead of faulting pages in (futex.c) */
    uint64_t awaited;    /* s what sigtimedwait waits for: unblocked for it, yet never discarded as
                            ignored */
    bool restore_mask;   /* o saved_mask replaces blocked on the way back to user mode */
    bool mask_pushed;    /* o a call runs under a temporary mask (caller_mask_push) */
    uint64_t saved_mask; /* o */
    uint64_t trap_number, trap_error, trap_address; /* o of the last exception, for signal frames */
    /* copied */
    uint64_t blocked;        /* s written by the task itself only */
    stack_t alternate_stack; /* o */
    uint32_t timer_slack;    /* o nanoseconds */
    uint16_t io_priority;    /* t ioprio_set(2) */
    /* shared by one reference */
    const struct cred *cred; /* o replaced by the task itself; others read it under signal_lock */
};

enum process_state {
    PROCESS_NEW, /* unpublished */
    PROCESS_ALIVE,
    PROCESS_ZOMBIE, /* every task has ended; waiting to be reaped */
    PROCESS_DEAD,   /* reaped */
};

struct usage {
    uint64_t user_time, system_time;                   /* nanoseconds */
    uint64_t minor_faults, major_faults, max_resident; /* the last in pages */
    uint64_t switches_voluntary, switches_forced;
};

enum fork_depth { FORK_ROOT, FORK_TABLES, FORK_PAGES };
enum fork_first { FORK_FIRST_ANY, FORK_FIRST_PARENT, FORK_FIRST_CHILD };

struct process {
    /* fresh */
    _Atomic uint32_t refs;       /* a its tasks, the tree, and calls that look at it */
    struct spinlock signal_lock; /* taken with interrupts off */
    struct task_list tasks;      /* s */
    uint32_t task_count;         /* s tasks that have not ended */
    struct signal_queue pending; /* s signals for the process */
    uint32_t state;              /* t enum process_state */
    int32_t exit_status;         /* t as wait(2) encodes it */
    bool group_exit;             /* s the process is ending: every task goes to task_exit() */
    int32_t group_exit_status;   /* s */
    struct task *exec_task;      /* s the task that ends the others for execve, or NULL */
    bool stop_requested;         /* s tasks go to a stop at their next chance */
    bool stopped;                /* s every task is in the stop */
    int32_t stop_signal;         /* s */
    uint32_t stopped_count;      /* s tasks in the stop */
    int32_t continue_code; /* s CLD_… that the first task to run tells the parent after SIGCONT, 0:
                              nothing */
    uint32_t wait_events;  /* s PROCESS_EVENT_…: what wait may still report */
    struct wait_queue child_queue; /* its tasks sleep here in wait; woken by children's changes */
    struct wait_queue exec_queue;  /* exec waits here for the other tasks' end */
    struct wait_queue signalfd_queue;      /* signalfds of this process poll here */
    struct usage usage;                    /* s of ended tasks; faults: of all, atomic */
    struct usage children_usage;           /* t of reaped children */
    struct timer real_timer;               /* s ITIMER_REAL and alarm */
    uint64_t real_deadline, real_interval; /* s nanoseconds, clock_monotonic; deadline 0: off */
    struct cpu_timers *cpu_timers; /* s ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU; NULL: never used */
    struct posix_timer *timers;    /* s timer_create */
    int32_t next_timer;            /* s */
    const struct cred *last_cred;  /* s of the last task, once all have ended; counted */
    char last_name[16];            /* s the name of that task */
    bool executed;                 /* a has called execve since it was forked */
    uint64_t start_time;           /* c clock_monotonic */
    /* copied */
    enum fork_depth fork_depth;
    enum fork_first fork_first;
    uint32_t personality;
    uint32_t membarrier; /* a commands of membarrier(2) that it registered for */
    bool no_new_privileges;
    bool dumpable;
    bool traced;                 /* o of its tasks: --strace shows its calls */
    bool subreaper;              /* not inherited: a flag of this process */
    bool has_subreaper;          /* some ancestor is one */
    int32_t parent_death_signal; /* fresh in a child; kept in a thread */
    int32_t oom_score_adjust;
    /* shared by one reference */
    struct signal_actions *actions; /* s copied by whoever changes them */
    struct limits *limits;          /* s the same */
    struct fs_context *fs;          /* s root, working directory, umask */
    struct space *space;            /* s NULL once it exited */
    struct file_table *files;       /* s NULL once it exited */
    struct file *executable;        /* s for /proc/PID/exe and ETXTBSY */
    /* identity */
    struct pid *pid;                   /* c */
    struct process *parent;            /* t never NULL but for process 1 */
    int32_t parent_tid;                /* t the task of the parent that made it: for __WNOTHREAD and
                                          PR_SET_PDEATHSIG */
    struct process_list children;      /* t */
    TAILQ_ENTRY(process) sibling;      /* t */
    struct pid *group;                 /* t */
    TAILQ_ENTRY(process) group_link;   /* t */
    struct session *session;           /* t */
    TAILQ_ENTRY(process) session_link; /* t */
    TAILQ_ENTRY(process) all_link;     /* t */
    int32_t exit_signal;               /* t sent to the parent; 0: none; SIGCHLD after fork */
};

enum { /* wait_events */
       PROCESS_EVENT_STOPPED = 1,
       PROCESS_EVENT_CONTINUED = 2,
};

/* A session and its controlling terminal. */
struct session {
    _Atomic uint32_t refs;
    struct pid *pid; /* c */
    struct tty *tty; /* t counted, or NULL */
};

struct limits {
    _Atomic uint32_t refs;
    struct rlimit64 values[RLIM_NLIMITS];
};

extern struct spinlock tree_lock;
extern struct process_list all_processes; /* t */
extern struct process *process_one;       /* c after boot: reaps orphans */

static inline struct task *task_of(struct thread *thread)
{
    return (struct task *)thread;
}

/* The running task; NULL in kernel threads. */
static inline struct task *task_current(void)
{
    struct thread *thread = thread_current();
    return thread->process ? task_of(thread) : NULL;
}

/* The running process; only in a task. */
static inline struct process *process_current(void)
{
    return thread_current()->process;
}

/* --- life: process.c --- */

/* Unpublished, zeroed but for what every process needs; NULL: no memory. */
struct process *process_alloc(void);
struct task *task_alloc(void);
/* The one destroyer: takes any stage of construction, or a reaped process, apart. The last
 * reference. */
void process_drop(struct process *process);
void task_drop(struct task *task);
struct process *process_get(struct process *process);
void process_put(struct process *process);

/* --- numbers: pid.c --- */

/* The largest number plus one (/proc/sys/kernel/pid_max). */
enum { PID_LIMIT = 4194304 };

/* The lowest-cost next free number with one reference. 0, -EAGAIN (none left), -ENOMEM. */
int pid_alloc(struct pid **result);
struct pid *pid_get(struct pid *pid);
/* Takes tree_lock for the last one: not with a spinlock held. NULL is legal. */
void pid_put(struct pid *pid);
/* The number that the next pid_alloc tries first is last + 1 (/proc/sys/kernel/ns_last_pid). */
int32_t pid_last(void);
/* With a reference, or NULL. */
struct process *process_find(int32_t number);
/* The process that has (or had, if its leader) a task of that number, with a reference, or NULL. */
struct process *process_find_task(int32_t number);
/* tree_lock held, which keeps the task alive until it is released. */
struct task *task_find_locked(int32_t number);
/* tree_lock held; no reference: its fields are valid until tree_lock is released, and pid_get is
 * legal if any of them is in use. */
struct pid *pid_find_locked(int32_t number);
/* The same with a reference, without the lock; NULL: not in use. */
struct pid *pid_find(int32_t number);
/* The first process with a number >= from, with a reference; NULL: none. For /proc. */
struct process *process_next(int32_t from);
uint32_t pid_count(void);

/* --- the verbs --- */

struct clone_request; /* proc/fork.h */

/* Ends the current task; the last one ends the process. status as wait encodes it. exit.c */
_Noreturn void task_exit(int32_t status);
/* Ends the whole process from any of its tasks: status as wait encodes it. */
_Noreturn void process_exit(int32_t status);
/* exec: makes every other task of the current process end; returns when this one is alone, has the
   process's number and signals its end with SIGCHLD. 0, or -EAGAIN when somebody else is ending the
   process already or it is killed meanwhile. */
int process_become_single(void);
/* The vfork parent may go on (exec succeeded or the task ends). */
void vfork_release(struct task *task);
/* The task must go to its end instead of user mode. signal_lock held. */
static inline bool task_doomed_locked(const struct task *task)
{
    return task->process->group_exit ||
           (task->process->exec_task && task->process->exec_task != task);
}

/* Credentials of a process, counted: its first task's, or the last ones it had; NULL once it was
 * reaped. identity.c */
const struct cred *process_cred(struct process *process);
/* Installs credentials for the current task; consumes the count. */
void task_set_cred(const struct cred *new);

/* limits.c */
/* The limits of process 1, as Linux sets them at boot. NULL: no memory. */
struct limits *limits_create(void);
struct limits *limits_get(struct limits *limits);
void limits_put(struct limits *limits);
/* The soft limit. Takes signal_lock. */
uint64_t process_limit(struct process *process, unsigned resource);

#endif
