# Makes the kernel's symbol table for backtraces from `nm -n`: assembler with the functions' offsets from the image's base in
# ascending order, and their names. With no input an empty table, for the first link.
#
#   nm -n kernel | awk -f tools/symbols.awk > symbols.S

BEGIN { count = 0; position = 0 }

$2 ~ /^[tT]$/ && $3 !~ /^(text_start|text_end|image_start)$/ && $1 != last {
    last = $1
    offsets[count] = substr($1, 9)
    names[count] = $3
    count++
}

END {
    print "    .section .symbols, \"a\""
    print "    .globl symbol_count, symbol_offsets, symbol_names, symbol_text"
    print "    .balign 4"
    print "symbol_count: .long " count
    print "symbol_offsets:"
    for (i = 0; i < count; i++)
        print "    .long 0x" offsets[i] " - 0x80000000"
    print "symbol_names:"
    for (i = 0; i < count; i++) {
        print "    .long " position
        position += length(names[i]) + 1
    }
    print "symbol_text:"
    for (i = 0; i < count; i++)
        print "    .asciz \"" names[i] "\""
    print "    .section .note.GNU-stack, \"\", @progbits"
}
