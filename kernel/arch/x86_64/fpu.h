/*
 * The floating point and vector state of a thread: an XSAVE area in the standard format (Intel SDM
 * volume 1, chapter 13).
 */
#ifndef X86_64_FPU_H
#define X86_64_FPU_H

#include <stddef.h>
#include <stdint.h>

enum {
    FPU_X87 = 1 << 0,
    FPU_SSE = 1 << 1,
    FPU_AVX = 1 << 2,
    FPU_AVX512 = 7 << 5,
};

enum {
    FPU_MXCSR_DEFAULT = 0x1f80,
    FPU_CONTROL_DEFAULT = 0x37f,
    FPU_LEGACY_SIZE = 512,
    FPU_HEADER_SIZE = 64,
};

/* The legacy region as FXSAVE lays it out, then the XSAVE header; the components that follow are
 * the hardware's business. */
struct fpu_area {
    uint16_t control, status;
    uint8_t tag, reserved0;
    uint16_t opcode;
    uint64_t instruction, operand;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t registers[384];
    uint8_t software[96]; /* bytes 416 to 511; the last 48 carry struct _fpx_sw_bytes in a signal
                             frame */
    uint64_t components, compaction;
    uint64_t reserved1[6];
} __attribute__((aligned(64)));

static inline void fpu_save(struct fpu_area *area, uint64_t mask)
{
    __asm__ volatile("xsave64 %0"
                     : "+m"(*area)
                     : "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32))
                     : "memory");
}

/* Writes only what changed since the last fpu_load from the same area. */
static inline void fpu_save_changes(struct fpu_area *area, uint64_t mask)
{
    __asm__ volatile("xsaveopt64 %0"
                     : "+m"(*area)
                     : "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32))
                     : "memory");
}

static inline void fpu_load(const struct fpu_area *area, uint64_t mask)
{
    __asm__ volatile("xrstor64 %0" ::"m"(*area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32))
                     : "memory");
}

/* Makes the area the state that a program starts with. */
void fpu_area_reset(struct fpu_area *area);
/* Saves the live state of the thread that leaves the CPU. */
void fpu_save_switch(struct fpu_area *area);
/* Saves the live state into another thread's area, whatever was there. */
void fpu_copy_live(struct fpu_area *area);

#endif
