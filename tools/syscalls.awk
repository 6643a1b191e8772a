# Makes C from kernel/abi/syscalls.tbl.   awk -v arch=x86_64 -v make=prototypes|table -v header=unistd_64.h -f tools/syscalls.awk syscalls.tbl
#
# prototypes: the declaration of each handler, sys_NAME(types): the names of the table are what strace shows, not what the code says.
# table:      SYSCALL_NAMES, Linux's names by number (from the exported header); for each call a wrapper from the registers to typed arguments, and SYSCALL_ENTRIES, rows for an array by number.

function c_type(type) {
    if (type ~ /^(int|fd|dirfd|pid|signal|clock)$/) return "int32_t"
    if (type ~ /^(uint|mode|open_flags|at_flags)$/) return "uint32_t"
    if (type ~ /^(long|off)$/) return "int64_t"
    if (type ~ /^(ulong|size|prot|map_flags|clone_flags)$/) return "uint64_t"
    if (type ~ /^(str|buf|ptr)$/) return "struct uaddr"
    print FILENAME ":" FNR ": unknown type " type > "/dev/stderr"
    failed = 1
    exit 1
}

BEGIN {
    print "/* Made from kernel/abi/syscalls.tbl by tools/syscalls.awk. */"
    if (make == "prototypes")
        print "#ifndef SYSCALL_PROTOTYPES_H\n#define SYSCALL_PROTOTYPES_H\n\n#include \"arch/address.h\"\n"
}

/^[[:space:]]*(#|$)/ { next }

$2 != "all" && $2 != arch { next }

{
    name = $1
    count = 0
    result = "long"
    for (i = 3; i <= NF; i++) {
        if ($i == "->") { result = $(i + 1); break }
        split($i, part, ":")
        c_type(part[2])
        names[count] = part[1]
        types[count++] = part[2]
    }
    parameters = ""
    arguments = ""
    for (i = 0; i < count; i++) {
        type = c_type(types[i])
        parameters = parameters (i ? ", " : "") type
        register_ = "trap_syscall_argument(frame, " i ")"
        arguments = arguments (i ? ", " : "") (type == "struct uaddr" ? "(struct uaddr){" register_ "}" : "(" type ")" register_)
    }
    if (make == "prototypes") {
        print "int64_t sys_" name "(" (count ? parameters : "void") ");"
        next
    }
    print "static int64_t call_" name "(const struct trap_frame *frame)\n{"
    if (!count) print "    (void)frame;"
    print "    return sys_" name "(" arguments ");\n}\n"
    row = "    [__NR_" name "] = {\"" name "\", call_" name ", " count ", {"
    for (i = 0; i < count; i++)
        row = row (i ? ", " : "") "{\"" names[i] "\", ARGUMENT_" toupper(types[i]) "}"
    rows = rows row "}, ARGUMENT_" toupper(result) "}, \\\n"
}

END {
    if (failed) exit 1
    if (make == "table") {
        print "#define SYSCALL_NAMES \\"
        while ((getline line < header) > 0)
            if (split(line, word, /[ \t]+/) >= 3 && word[1] == "#define" && word[2] ~ /^__NR_[a-z0-9_]+$/)
                print "    [" word[2] "] = \"" substr(word[2], 6) "\", \\"
        print "    /* end */\n"
    }
    if (make == "prototypes") print "\n#endif"
    else print "#define SYSCALL_ENTRIES \\\n" rows "    /* end */"
}
