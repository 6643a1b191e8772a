/*
 * arch_prctl(2): the bases of FS and GS. Both must be user addresses, else -EPERM as Linux says.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/user.h"
#include "instructions.h"
#include "lib/errno.h"
#include "syscall_prototypes.h"
#include <asm/prctl.h>

static int64_t report(struct uaddr to, uint64_t value)
{
    if (to.value > MMU_USER_END - sizeof value)
        return -EFAULT;
    return user_copy_out(to, &value, sizeof value) ? -EFAULT : 0;
}

int64_t sys_arch_prctl(int32_t code, uint64_t address)
{
    uint64_t saved, value;

    switch (code) {
    case ARCH_SET_FS:
        if (address >= MMU_USER_END)
            return -EPERM;
        context_set_tls(thread_current(), address);
        return 0;
    case ARCH_GET_FS:
        return report((struct uaddr){address}, context_tls(thread_current()));
    case ARCH_SET_GS:
        if (address >= MMU_USER_END)
            return -EPERM;
        saved = irq_save();
        user_gs_base_write(address);
        irq_restore(saved);
        return 0;
    case ARCH_GET_GS:
        saved = irq_save();
        value = user_gs_base_read();
        irq_restore(saved);
        return report((struct uaddr){address}, value);
    default:
        return -EINVAL;
    }
}
