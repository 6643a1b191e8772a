/*
 * Kernel threads. The object is a thread with what it is to run; it is freed in the context of
 * whichever thread runs after its last one.
 */
#include "proc/kthread.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mem/kernel_stack.h"
#include "mem/slab.h"
#include "sched/thread.h"

struct kthread {
    struct thread thread; /* first */
    void (*body)(void *argument);
    void *argument;
};

static struct slab_cache kthread_cache = SLAB_CACHE("kthread", sizeof(struct kthread));

static void kthread_reap(struct thread *thread)
{
    kernel_stack_free(thread->stack);
    slab_free(&kthread_cache, thread);
}

static void kthread_run(void *argument)
{
    struct kthread *kthread = argument;

    kthread->body(kthread->argument);
    sched_exit(kthread_reap);
}

int kthread_start(const char *name, void (*body)(void *argument), void *argument)
{
    struct kthread *kthread = slab_alloc_zero(&kthread_cache);

    if (!kthread)
        return -ENOMEM;
    kthread->thread.stack = kernel_stack_alloc();
    if (!kthread->thread.stack) {
        slab_free(&kthread_cache, kthread);
        return -ENOMEM;
    }
    kthread->body = body;
    kthread->argument = argument;
    strlcpy(kthread->thread.name, name, sizeof(kthread->thread.name));
    sched_fork(&kthread->thread, thread_current());
    context_init_kernel(&kthread->thread, kthread_run, kthread);
    sched_start(&kthread->thread, false);
    return 0;
}
