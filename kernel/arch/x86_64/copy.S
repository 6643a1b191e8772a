/*
 * Copies that follow user addresses (arch/user.h). Each instruction that may fault stands in the fixup table: a fault that
 * page_fault() cannot mend continues at the fixup, which works out how much is missing. A fault in an eight-byte step is tried
 * again byte by byte, so that everything before the bad page is copied, as on Linux.
 */
    .text

.macro user_access_begin
9:  stac
    .pushsection .smap_table, "a"
    .quad 9b
    .popsection
.endm

.macro user_access_end
9:  clac
    .pushsection .smap_table, "a"
    .quad 9b
    .popsection
.endm

/* An instruction that may fault, and where to go on. */
.macro follows target, instruction:vararg
8:  \instruction
    .pushsection .fixup_table, "a"
    .quad 8b, \target
    .popsection
.endm

/* size_t user_copy_in(void *to, struct uaddr from, size_t count); user_copy_out(struct uaddr to, const void *from, …) */
    .balign 16
    .globl user_copy_in, user_copy_out
user_copy_in:
user_copy_out:
    user_access_begin
    cmp $8, %rdx
    jne 1f
    follows user_copy_bytes, mov (%rsi), %rax
    follows user_copy_bytes, mov %rax, (%rdi)
    user_access_end
    xor %eax, %eax
    ret
1:  cmp $4, %rdx
    jne 2f
    follows user_copy_bytes, mov (%rsi), %eax
    follows user_copy_bytes, mov %eax, (%rdi)
    user_access_end
    xor %eax, %eax
    ret
2:  mov %rdx, %rcx
    shr $3, %rcx
    follows user_copy_words_failed, rep movsq
    mov %edx, %ecx
    and $7, %ecx
    follows user_copy_bytes_failed, rep movsb
    user_access_end
    xor %eax, %eax
    ret
user_copy_words_failed:
    shl $3, %rcx
    and $7, %edx
    add %rcx, %rdx
user_copy_bytes:
    mov %rdx, %rcx
    follows user_copy_bytes_failed, rep movsb
user_copy_bytes_failed:
    user_access_end
    mov %rcx, %rax
    ret

/* size_t user_clear(struct uaddr to, size_t count) */
    .balign 16
    .globl user_clear
user_clear:
    user_access_begin
    xor %eax, %eax
    mov %rsi, %rcx
    shr $3, %rcx
    follows user_clear_words_failed, rep stosq
    mov %esi, %ecx
    and $7, %ecx
    follows user_clear_failed, rep stosb
user_clear_failed:
    user_access_end
    mov %rcx, %rax
    ret
user_clear_words_failed:
    shl $3, %rcx
    and $7, %esi
    add %rsi, %rcx
    follows user_clear_failed, rep stosb
    jmp user_clear_failed

/*
 * int64_t user_copy_string(char *to, struct uaddr from, size_t size). Eight bytes at a time while the source is aligned, so that
 * no step crosses a page that the string does not reach; a word holds a zero byte if ((w - 01…) & ~w & 80…) is not 0.
 */
    .balign 16
    .globl user_copy_string
user_copy_string:
    user_access_begin
    mov %rdi, %r8
    mov $0x0101010101010101, %r9
    mov $0x8080808080808080, %r10
1:  test $7, %sil
    jz 3f
2:  test %rdx, %rdx
    jz 5f
    follows user_copy_string_failed, movzbl (%rsi), %eax
    mov %al, (%rdi)
    test %al, %al
    jz 5f
    inc %rsi
    inc %rdi
    dec %rdx
    jmp 1b
3:  cmp $8, %rdx
    jb 2b
    follows user_copy_string_failed, mov (%rsi), %rax
    mov %rax, %rcx
    sub %r9, %rcx
    mov %rax, %r11
    not %r11
    and %r11, %rcx
    test %r10, %rcx
    jnz 4f
    mov %rax, (%rdi)
    add $8, %rsi
    add $8, %rdi
    sub $8, %rdx
    jmp 3b
4:  mov %al, (%rdi)
    test %al, %al
    jz 5f
    shr $8, %rax
    inc %rdi
    jmp 4b
5:  user_access_end
    mov %rdi, %rax
    sub %r8, %rax
    ret
user_copy_string_failed:
    user_access_end
    mov $-14, %rax               /* -EFAULT */
    ret

/* int user_exchange32(struct uaddr word, uint32_t expected, uint32_t desired, uint32_t *old) */
    .balign 16
    .globl user_exchange32
user_exchange32:
    user_access_begin
    mov %esi, %eax
    follows user_exchange_failed, lock cmpxchg %edx, (%rdi)
    user_access_end
    mov %eax, (%rcx)
    xor %eax, %eax
    ret
user_exchange_failed:
    user_access_end
    mov $-14, %eax
    ret

    .section .note.GNU-stack, "", @progbits
