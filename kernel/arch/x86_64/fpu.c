/*
 * The floating point state's visible form: the image in a signal frame, which is the XSAVE area
 * with Linux's magic numbers, so that debuggers and C libraries know its size (asm/sigcontext.h,
 * struct _fpx_sw_bytes).
 *
 * An image from user memory is not trusted: it is copied into the thread's area while the area is
 * detached (a thread switch then leaves it alone), cleaned of everything that would make XRSTOR
 * fault, and only then loaded.
 */
#include "fpu.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/user.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "processor.h"
#include "sched/thread.h"
#include <asm/sigcontext.h>

enum { SOFTWARE_OFFSET = 464 }; /* of struct _fpx_sw_bytes in the image */

static uint32_t mxcsr_mask(void)
{
    static uint32_t mask;

    if (mask == 0) {
        struct fpu_area area;

        __asm__ volatile("fxsave %0" : "=m"(area));
        mask = area.mxcsr_mask != 0 ? area.mxcsr_mask : 0xffbf;
    }
    return mask;
}

void fpu_area_reset(struct fpu_area *area)
{
    memset(area, 0, sizeof(*area));
    area->control = FPU_CONTROL_DEFAULT;
    area->mxcsr = FPU_MXCSR_DEFAULT;
}

void fpu_save_switch(struct fpu_area *area)
{
    if (processor_features.xsaveopt)
        fpu_save_changes(area, processor_features.xsave_mask);
    else
        fpu_save(area, processor_features.xsave_mask);
}

void fpu_copy_live(struct fpu_area *area)
{
    area->compaction = 0;
    memset(area->reserved1, 0, sizeof(area->reserved1));
    fpu_save(area, processor_features.xsave_mask);
}

void fpu_image_reset(void)
{
    struct fpu_area *area = thread_current()->arch.fpu;

    if (area == NULL)
        return;
    fpu_area_reset(area);
    fpu_load(area, processor_features.xsave_mask);
}

size_t fpu_image_size(void)
{
    return processor_features.xsave_size + FP_XSTATE_MAGIC2_SIZE;
}

int fpu_image_store(struct uaddr image)
{
    struct fpu_area *area = thread_current()->arch.fpu;
    uint32_t size = processor_features.xsave_size, magic2 = FP_XSTATE_MAGIC2;
    struct _fpx_sw_bytes software = {
        .magic1 = FP_XSTATE_MAGIC1,
        .extended_size = size + FP_XSTATE_MAGIC2_SIZE,
        .xfeatures = processor_features.xsave_mask,
        .xstate_size = size,
    };

    fpu_save(area, processor_features.xsave_mask);
    if (user_copy_out(image, area, size) != 0 ||
        user_copy_out(uaddr_add(image, SOFTWARE_OFFSET), &software, sizeof(software)) != 0 ||
        user_copy_out(uaddr_add(image, size), &magic2, sizeof(magic2)) != 0)
        return -EFAULT;
    return 0;
}

/* How many bytes of the image count: all of an XSAVE image as this kernel makes them, else only the
 * legacy part. */
static int image_extent(struct uaddr image, uint32_t *size, uint64_t *components)
{
    struct _fpx_sw_bytes software;
    uint32_t magic2;

    *size = FPU_LEGACY_SIZE;
    *components = FPU_X87 | FPU_SSE;
    if (user_copy_in(&software, uaddr_add(image, SOFTWARE_OFFSET), sizeof(software)) != 0)
        return -EFAULT;
    if (software.magic1 != FP_XSTATE_MAGIC1 ||
        software.xstate_size < FPU_LEGACY_SIZE + FPU_HEADER_SIZE ||
        software.xstate_size > processor_features.xsave_size ||
        software.xstate_size > software.extended_size)
        return 0;
    if (user_copy_in(&magic2, uaddr_add(image, software.xstate_size), sizeof(magic2)) != 0)
        return -EFAULT;
    if (magic2 != FP_XSTATE_MAGIC2)
        return 0;
    *size = software.xstate_size;
    *components = software.xfeatures & processor_features.xsave_mask;
    return 0;
}

static int image_read(struct fpu_area *area, struct uaddr image)
{
    uint32_t size;
    uint64_t components;
    int error = image_extent(image, &size, &components);

    if (error != 0)
        return error;
    if (user_copy_in(area, image, size) != 0)
        return -EFAULT;
    if (size == FPU_LEGACY_SIZE)
        area->components = components;
    if (area->compaction != 0 || (area->components & ~components) != 0)
        return -EINVAL;
    for (unsigned i = 0; i < 6; i++) {
        if (area->reserved1[i] != 0)
            return -EINVAL;
    }
    area->mxcsr &= mxcsr_mask();
    return 0;
}

int fpu_image_load(struct uaddr image)
{
    struct thread *thread = thread_current();
    struct fpu_area *area = thread->arch.fpu;
    uint64_t saved;
    int error;

    thread->arch.fpu_detached = true;
    fpu_area_reset(area);
    error = image_read(area, image);
    if (error != 0)
        fpu_area_reset(area);
    saved = irq_save();
    fpu_load(area, processor_features.xsave_mask);
    thread->arch.fpu_detached = false;
    irq_restore(saved);
    return error;
}
