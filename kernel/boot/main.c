/*
 * Start-up in dependency order: memory, time and threads, file systems, devices, the first process.
 */
#include "boot/main.h"
#include "arch/machine.h"
#include "boot/parameters.h"
#include "boot/process_one.h"
#include "dev/console.h"
#include "dev/kmsg.h"
#include "dev/memory.h"
#include "dev/random.h"
#include "dev/tty.h"
#include "dev/virtio.h"
#include "fs/devpts.h"
#include "fs/fs.h"
#include "fs/p9.h"
#include "fs/procfs.h"
#include "mem/frame.h"
#include "mem/reclaim.h"
#include "proc/kthread.h"
#include "proc/proc.h"
#include "sched/thread.h"
#include "sys/strace.h"
#include "sys/system.h"
#include "trace/log.h"

/* They find work once the first process makes some. */
static void threads_start(void)
{
    if (kthread_start("reclaim", reclaim_thread, NULL) ||
        kthread_start("console", console_thread, NULL))
        panic("no memory for the kernel's threads");
}

_Noreturn void kernel_main(void)
{
    frame_init();
    sched_init();
    parameters_read(machine.command_line);
    fs_init();
    procfs_init();
    sysfs_init();
    devpts_start();
    p9_init();
    proc_start();
    system_start();
    memory_devices_start();
    random_devices_start();
    kmsg_device_start();
    tty_start();
    virtio_init();
    threads_start();
    process_one_start();
    sched_run();
}
