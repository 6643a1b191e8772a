/*
 * memcpy, memmove, memset and memcmp by string instructions, eight bytes at a time: one iteration counts as one instruction on
 * the deterministic machine, so that a page is copied in about 520. Byte loops (REP MOVSB) are left to the last seven bytes.
 */
    .text

/* void *memcpy(void *to, const void *from, size_t size) */
    .balign 16
    .globl memcpy
memcpy:
    mov %rdi, %rax
    mov %rdx, %rcx
    shr $3, %rcx
    rep movsq
    and $7, %edx
    jz 1f
    mov %edx, %ecx
    rep movsb
1:  ret

/* void *memmove(void *to, const void *from, size_t size) */
    .balign 16
    .globl memmove
memmove:
    mov %rdi, %rax
    sub %rsi, %rax
    cmp %rdx, %rax
    jae memcpy                   /* `to` is below `from` or past its end: upwards is right */
    mov %rdi, %rax
    lea -1(%rdi, %rdx), %rdi
    lea -1(%rsi, %rdx), %rsi
    mov %rdx, %rcx
    and $7, %ecx
    std
    rep movsb
    sub $7, %rdi
    sub $7, %rsi
    mov %rdx, %rcx
    shr $3, %rcx
    rep movsq
    cld
    ret

/* void *memset(void *to, int byte, size_t size) */
    .balign 16
    .globl memset
memset:
    mov %rdi, %r8
    movzbl %sil, %eax
    test %eax, %eax
    jz 1f
    mov $0x0101010101010101, %rcx
    imul %rcx, %rax
1:  mov %rdx, %rcx
    shr $3, %rcx
    rep stosq
    and $7, %edx
    jz 2f
    mov %edx, %ecx
    rep stosb
2:  mov %r8, %rax
    ret

/* int memcmp(const void *a, const void *b, size_t size) */
    .balign 16
    .globl memcmp
memcmp:
    mov %rdx, %rcx
    shr $3, %rcx                 /* sets ZF for the case of no iteration */
    repe cmpsq
    je 1f
    mov -8(%rdi), %rax           /* the first difference is in this word; big-endian order finds it */
    mov -8(%rsi), %rdx
    bswap %rax
    bswap %rdx
    cmp %rax, %rdx
    jmp 2f
1:  mov %edx, %ecx
    and $7, %ecx                 /* ZF set and ECX 0: equal */
    repe cmpsb
2:  setb %al                     /* the flags are of b - a */
    seta %dl
    movzbl %al, %eax
    movzbl %dl, %edx
    sub %edx, %eax
    ret

    .section .note.GNU-stack, "", @progbits
