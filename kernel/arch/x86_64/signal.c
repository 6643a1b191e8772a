/*
 * The signal frame (arch/signal.h): struct rt_sigframe of Linux on x86_64, which C libraries and
 * debuggers know.
 *
 * From low to high addresses: the restorer's address, struct ucontext, siginfo, and above them, on
 * a border of 64 bytes, the XSAVE image that uc_mcontext.fpstate points to. The 128 bytes below the
 * interrupted stack pointer are the program's (System V ABI, 3.2.2). At the handler's first
 * instruction the stack is aligned as after a call.
 *
 * What comes back is not trusted: the segments are those of user mode whatever the frame says, only
 * harmless flags are taken, and an instruction pointer that does not exist faults on the way out
 * (entry.S).
 */
#include "arch/signal.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/user.h"
#include "instructions.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/signal.h>

enum {
    RED_ZONE = 128,
    FPU_ALIGN = 64,
    FLAGS_CHANGEABLE = RFLAGS_AC | RFLAGS_OF | RFLAGS_DF | RFLAGS_TF | RFLAGS_SF | RFLAGS_ZF |
                       RFLAGS_AF | RFLAGS_PF | RFLAGS_CF | RFLAGS_RF,
};

struct signal_frame {
    uint64_t restorer;
    struct ucontext context;
    siginfo_t info;
};

static bool user_range(uint64_t start, uint64_t size)
{
    return start < MMU_USER_END && size <= MMU_USER_END - start;
}

static void registers_to_frame(struct sigcontext *to, const struct trap_frame *from)
{
    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r10 = from->r10;
    to->r11 = from->r11;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->rdi = from->rdi;
    to->rsi = from->rsi;
    to->rbp = from->rbp;
    to->rbx = from->rbx;
    to->rdx = from->rdx;
    to->rax = from->rax;
    to->rcx = from->rcx;
    to->rsp = from->rsp;
    to->rip = from->rip;
    to->eflags = from->rflags;
    to->cs = (uint16_t)from->cs;
    to->ss = (uint16_t)from->ss;
}

static void registers_from_frame(struct trap_frame *to, const struct sigcontext *from)
{
    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r10 = from->r10;
    to->r11 = from->r11;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->rdi = from->rdi;
    to->rsi = from->rsi;
    to->rbp = from->rbp;
    to->rbx = from->rbx;
    to->rdx = from->rdx;
    to->rax = from->rax;
    to->rcx = from->rcx;
    to->rsp = from->rsp;
    to->rip = from->rip;
    to->rflags = (to->rflags & ~(uint64_t)FLAGS_CHANGEABLE) | (from->eflags & FLAGS_CHANGEABLE);
    to->cs = SELECTOR_USER_CODE;
    to->ss = SELECTOR_USER_DATA;
    to->orig_rax =
        -1; /* no system call any more; and RCX and R11 count, so that SYSRET will not do */
}

/* Where the frame goes and where its FPU image. False: the alternate stack would overflow. */
static bool frame_place(const struct trap_frame *frame, const struct signal_delivery *delivery,
                        uint64_t *at, uint64_t *image)
{
    uint64_t low = (uint64_t)delivery->alternate.ss_sp, size = delivery->alternate.ss_size;
    bool on_alternate = delivery->stack_top != 0 || frame->rsp - low - 1 < size;
    uint64_t top = delivery->stack_top != 0 ? delivery->stack_top : frame->rsp - RED_ZONE;

    *image = align_down(top - fpu_image_size(), FPU_ALIGN);
    *at = align_down(*image - sizeof(struct signal_frame), 16) - 8;
    return !on_alternate || size == 0 || (delivery->alternate.ss_flags & SS_DISABLE) != 0 ||
           *at - low - 1 < size;
}

static void context_fill(struct ucontext *context, const struct trap_frame *frame,
                         const struct signal_delivery *delivery, uint64_t image)
{
    memset(context, 0, sizeof(*context));
    context->uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    context->uc_stack = delivery->alternate;
    registers_to_frame(&context->uc_mcontext, frame);
    context->uc_mcontext.err = delivery->error_code;
    context->uc_mcontext.trapno = delivery->trap_number;
    context->uc_mcontext.oldmask = delivery->mask;
    context->uc_mcontext.cr2 = delivery->fault_address;
    context->uc_mcontext.fpstate = (struct _fpstate *)image;
    context->uc_sigmask = delivery->mask;
}

static int frame_write(uint64_t at, uint64_t image, const struct trap_frame *frame,
                       const struct signal_delivery *delivery)
{
    struct uaddr base = {at};
    struct ucontext context;

    if (!user_range(at, image - at + fpu_image_size()))
        return -EFAULT;
    context_fill(&context, frame, delivery, image);
    if (fpu_image_store((struct uaddr){image}) != 0 ||
        user_copy_out(base, &delivery->restorer.value, sizeof(uint64_t)) != 0 ||
        user_copy_out(uaddr_add(base, offsetof(struct signal_frame, context)), &context,
                      sizeof(context)) != 0 ||
        user_copy_out(uaddr_add(base, offsetof(struct signal_frame, info)), delivery->info,
                      sizeof(siginfo_t)) != 0)
        return -EFAULT;
    return 0;
}

int signal_frame_push(struct trap_frame *frame, const struct signal_delivery *delivery)
{
    uint64_t at, image;

    /* Linux too has no way to return from a handler without the caller's restorer on x86_64. */
    if ((delivery->action_flags & SA_RESTORER) == 0)
        return -EFAULT;
    if (!frame_place(frame, delivery, &at, &image) || frame_write(at, image, frame, delivery) != 0)
        return -EFAULT;
    frame->rdi = (uint64_t)delivery->number;
    frame->rsi = at + offsetof(struct signal_frame, info);
    frame->rdx = at + offsetof(struct signal_frame, context);
    frame->rax = 0;
    frame->rip = delivery->handler.value;
    frame->rsp = at;
    frame->rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
    frame->cs = SELECTOR_USER_CODE;
    frame->ss = SELECTOR_USER_DATA;
    frame->orig_rax = -1;
    fpu_image_reset();
    return 0;
}

/* The FPU state of a frame; without a pointer, the state of a new program. */
static int image_restore(uint64_t image)
{
    if (image == 0) {
        fpu_image_reset();
        return 0;
    }
    if (!user_range(image, fpu_image_size()))
        return -EFAULT;
    return fpu_image_load((struct uaddr){image}) == 0 ? 0 : -EFAULT;
}

int signal_frame_pop(struct trap_frame *frame, uint64_t *mask, stack_t *alternate)
{
    uint64_t at =
        frame->rsp - sizeof(uint64_t); /* the handler's return took the restorer's address off */
    struct ucontext context;

    if (!user_range(at, sizeof(struct signal_frame)))
        return -EFAULT;
    if (user_copy_in(&context, (struct uaddr){at + offsetof(struct signal_frame, context)},
                     sizeof(context)) != 0)
        return -EFAULT;
    *mask = context.uc_sigmask;
    *alternate = context.uc_stack;
    registers_from_frame(frame, &context.uc_mcontext);
    return image_restore((uint64_t)context.uc_mcontext.fpstate);
}
