/*
 * Taking hold of what a process has, for /proc: whose it is, who may look, and counts on its parts.
 */
#include "proc/proc_node.h"

#include "file/caller.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "lib/errno.h"
#include "lib/parse.h"
#include "lib/string.h"

enum { NUMBER_DIGITS = 10 };

int64_t proc_number_read(const struct name *name)
{
    int64_t number = 0;

    if (name->length == 0 || name->length > NUMBER_DIGITS ||
        (name->length > 1 && name->text[0] == '0'))
        return -1;
    for (uint32_t i = 0; i < name->length; i++) {
        if (name->text[i] < '0' || name->text[i] > '9')
            return -1;
        number = number * 10 + (name->text[i] - '0');
    }
    return number <= INT32_MAX ? number : -1;
}

int proc_value_read(const char *text, int64_t low, int64_t high, int64_t *value)
{
    char number[24];
    size_t length;

    text += strspn(text, " \t\n");
    length = strcspn(text, " \t\n");
    if (length >= sizeof(number) || text[length + strspn(text + length, " \t\n")])
        return -EINVAL;
    memcpy(number, text, length);
    number[length] = '\0';
    if (parse_i64(number, value) || *value < low || *value > high)
        return -EINVAL;
    return 0;
}

/* --- who may look --- */

int proc_open_looking(const struct proc_node *node, struct file *file)
{
    return process_may_look(node_process(node)) ? 0 : -EACCES;
}

/* --- parts --- */

struct file *process_executable(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct file *file = process->executable ? file_get(process->executable) : NULL;

    spin_unlock_irq(&process->signal_lock, saved);
    return file;
}

struct fs_places *process_places(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct fs_context *context = process->fs ? fs_context_get(process->fs) : NULL;
    struct fs_places *places;

    spin_unlock_irq(&process->signal_lock, saved);
    if (!context)
        return NULL;
    places = fs_places_get(context);
    fs_context_drop(context);
    return places;
}

/* signal_lock keeps the table: no count is taken, since a second holder would make its owner's
   look-ups dearer for good. */
int process_file_next(struct process *process, int from, struct file **file, bool *cloexec)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    int fd = process->files ? file_table_next(process->files, from, file) : -1;

    if (fd >= 0 && cloexec)
        *cloexec = file_table_cloexec_get(process->files, fd) == 1;
    spin_unlock_irq(&process->signal_lock, saved);
    return fd;
}

bool proc_task_use(const struct proc_node *node, void (*use)(struct task *task, void *argument),
                   void *argument)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct task *task = task_find_locked((int32_t)node->key);
    bool found = task && task->process == node_process(node);

    if (found)
        use(task, argument);
    spin_unlock_irq(&tree_lock, saved);
    return found;
}
