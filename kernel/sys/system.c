/*
 * Calls about the system as a whole: its names, its state, its log, its end.
 */
#include "abi/version.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/time.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/backing.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "mem/user.h"
#include "proc/clock.h"
#include "proc/identity.h"
#include "proc/process.h"
#include "syscall_prototypes.h"
#include "trace/log.h"
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

static struct spinlock name_lock;
static char host_name[__NEW_UTS_LEN + 1] = "furca";    /* name_lock */
static char domain_name[__NEW_UTS_LEN + 1] = "(none)"; /* name_lock */

int64_t sys_uname(struct uaddr address)
{
    struct new_utsname names = {0};

    strlcpy(names.sysname, VERSION_SYSTEM, sizeof(names.sysname));
    strlcpy(names.release, VERSION_RELEASE, sizeof(names.release));
    strlcpy(names.version, VERSION_BUILD, sizeof(names.version));
    strlcpy(names.machine, VERSION_MACHINE, sizeof(names.machine));
    spin_lock(&name_lock);
    memcpy(names.nodename, host_name, sizeof(names.nodename));
    memcpy(names.domainname, domain_name, sizeof(names.domainname));
    spin_unlock(&name_lock);
    return copy_to_user(address, &names, sizeof(names));
}

static int name_set(char name[__NEW_UTS_LEN + 1], struct uaddr address, int32_t size)
{
    char fresh[__NEW_UTS_LEN + 1] = {0};

    if (!identity_capable(CAP_SYS_ADMIN))
        return -EPERM;
    if (size < 0 || size > __NEW_UTS_LEN)
        return -EINVAL;
    if (copy_from_user(fresh, address, (size_t)size) != 0)
        return -EFAULT;
    spin_lock(&name_lock);
    memcpy(name, fresh, sizeof(fresh));
    spin_unlock(&name_lock);
    return 0;
}

int64_t sys_sethostname(struct uaddr name, int32_t size)
{
    return name_set(host_name, name, size);
}

int64_t sys_setdomainname(struct uaddr name, int32_t size)
{
    return name_set(domain_name, name, size);
}

int64_t sys_sysinfo(struct uaddr address)
{
    struct sysinfo info = {0};
    struct sched_totals totals;
    struct frame_totals frames;
    uint64_t shared, cached;

    sched_totals_get(&totals);
    frame_totals_get(&frames);
    backing_totals(&shared, &cached);
    info.uptime = (__kernel_long_t)(clock_monotonic() / NANOSECONDS);
    for (unsigned i = 0; i < 3; i++)
        info.loads[i] = totals.load[i] << (SI_LOAD_SHIFT - 11);
    info.totalram = frames.total * PAGE_SIZE;
    info.freeram = frames.free * PAGE_SIZE;
    info.sharedram = shared * PAGE_SIZE;
    info.procs = (__u16)min_u64(pid_count(), UINT16_MAX);
    info.mem_unit = 1;
    return copy_to_user(address, &info, sizeof(info));
}

/* syslog(2)'s operations, as its manual page numbers them. */
enum {
    LOG_CLOSE = 0,
    LOG_OPEN = 1,
    LOG_READ_ALL = 3,
    LOG_READ_CLEAR = 4,
    LOG_CLEAR = 5,
    LOG_SIZE_BUFFER = 10,
    LOG_PIECE = 1024,
};

static _Atomic size_t log_cleared; /* READ_ALL begins here */

/* The bytes from a position on; address 0: only counts. */
static int64_t log_copy(size_t position, struct uaddr address, size_t size)
{
    char *piece = heap_alloc(LOG_PIECE);
    size_t done = 0, count;
    int error = 0;

    if (!piece)
        return -ENOMEM;
    while (!error && done < size &&
           (count = log_read(&position, piece, min_size(LOG_PIECE, size - done)))) {
        if (address.value)
            error = copy_to_user(uaddr_add(address, done), piece, count);
        done += count;
    }
    heap_free(piece);
    return error ? error : (int64_t)done;
}

/* READ_ALL gives the last `size` bytes. */
static int64_t log_tail(struct uaddr address, size_t size)
{
    size_t start = log_cleared;
    int64_t total = log_copy(start, (struct uaddr){0}, SIZE_MAX);

    if (total < 0)
        return total;
    if ((size_t)total > size)
        start += (size_t)total - size;
    return log_copy(start, address, size);
}

static void log_clear(void)
{
    size_t position = log_cleared;
    char byte[64];

    while (log_read(&position, byte, sizeof(byte)))
        ;
    log_cleared = position;
}

int64_t sys_syslog(int32_t type, struct uaddr buffer, int32_t size)
{
    int64_t result;

    if (type != LOG_READ_ALL && type != LOG_SIZE_BUFFER && !identity_capable(CAP_SYSLOG) &&
        !identity_capable(CAP_SYS_ADMIN))
        return -EPERM;
    switch (type) {
    case LOG_CLOSE:
    case LOG_OPEN:
        return 0;
    case LOG_READ_ALL:
    case LOG_READ_CLEAR:
        if (!buffer.value || size < 0)
            return -EINVAL;
        result = size ? log_tail(buffer, (size_t)size) : 0;
        if (type == LOG_READ_CLEAR && result >= 0)
            log_clear();
        return result;
    case LOG_CLEAR:
        log_clear();
        return 0;
    case LOG_SIZE_BUFFER:
        return log_copy(0, (struct uaddr){0}, SIZE_MAX);
    default:
        return -EINVAL;
    }
}

static bool reboot_magic(uint32_t magic, uint32_t magic2)
{
    return magic == LINUX_REBOOT_MAGIC1 &&
           (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
            magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

int64_t sys_reboot(uint32_t magic, uint32_t magic2, uint32_t command, struct uaddr argument)
{
    if (!identity_capable(CAP_SYS_BOOT))
        return -EPERM;
    if (!reboot_magic(magic, magic2))
        return -EINVAL;
    switch (command) {
    case LINUX_REBOOT_CMD_RESTART:
        machine_restart();
    case LINUX_REBOOT_CMD_POWER_OFF:
    case LINUX_REBOOT_CMD_HALT: /* a stopped guest is of no use: the machine ends */
        machine_poweroff();
    case LINUX_REBOOT_CMD_CAD_ON: /* there are no such keys */
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0;
    default:
        return -EINVAL;
    }
}

/* What a process must register for, by the command that it then may use. */
static const uint32_t barrier_registered =
    MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;

static int32_t barriers_supported(void)
{
    int32_t commands = MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                       MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
                       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;

    /* Across address spaces every CPU has to be asked, which only a machine of one answers without
     * asking. */
    if (cpu_count() == 1)
        commands |= MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
    return commands;
}

int64_t sys_membarrier(int32_t command, uint32_t flags, int32_t cpu)
{
    struct process *process = process_current();
    uint32_t bit = (uint32_t)command;

    if (flags)
        return -EINVAL;
    if (command == MEMBARRIER_CMD_QUERY)
        return barriers_supported();
    if (!is_power_of_two(bit) || !(barriers_supported() & command))
        return -EINVAL;
    if (bit & (barrier_registered << 1)) {
        process->membarrier |= bit >> 1;
        return 0;
    }
    if (bit & barrier_registered) {
        if (!(process->membarrier & bit))
            return -EPERM;
        /* Interrupts every CPU that runs this space, and waits: a barrier there, and a return from
         * an interrupt. */
        mmu_flush(&process->space->mmu);
    }
    atomic_thread_fence(memory_order_seq_cst);
    return 0;
}
