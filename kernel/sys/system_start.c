/*
 * Start-up of the system call layer: /proc/furca/missing, one line "count name" for each call that
 * programs made and that is not there, and --strace.
 */
#include "sys/system.h"

#include "fs/procfs.h"
#include "sys/strace.h"
#include "sys/table.h"

static int missing_show(const struct proc_node *node, struct text_buffer *text)
{
    (void)node;
    for (uint64_t number = 0; number < syscall_limit(); number++) {
        uint64_t count = syscall_missing_count(number);
        const char *name = syscall_name(number);
        if (count && name)
            text_put(text, "%llu %s\n", (unsigned long long)count, name);
    }
    return 0;
}

static const struct proc_entry missing_entry = {
    .name = "missing",
    .mode = S_IFREG | 0444,
    .show = missing_show,
};

void system_start(void)
{
    procfs_register(&procfs_tree, "furca", &missing_entry);
    strace_start();
}
