/*
 * /proc/PID and /proc/PID/task/TID: the tables of their names, and the look-up of numbers.
 */
#include "proc/proc_node.h"

#include "file/caller.h"
#include "fs/inode.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "proc/proc_process.h"

static void process_hold(void *object)
{
    process_get(object);
}

static void process_release(void *object)
{
    process_put(object);
}

static bool process_alive(const struct proc_node *node)
{
    return __atomic_load_n(&node_process(node)->state, __ATOMIC_RELAXED) != PROCESS_DEAD;
}

static void owner_set(const struct proc_node *node, struct inode *inode)
{
    const struct cred *cred = process_cred(node_process(node));

    inode->uid = cred ? cred->euid : 0;
    inode->gid = cred ? cred->egid : 0;
    if (cred)
        cred_put(cred);
}

/* The files of a process that hides its memory, or has none any more, are root's. */
static void process_attributes(const struct proc_node *node, struct inode *inode)
{
    struct process *process = node_process(node);

    inode->uid = inode->gid = 0;
    if (process->dumpable && __atomic_load_n(&process->space, __ATOMIC_RELAXED))
        owner_set(node, inode);
}

static void task_nothing(struct task *task, void *argument)
{
}

static bool task_alive(const struct proc_node *node)
{
    struct process *process = node_process(node);

    if ((int32_t)node->key == process->pid->number)
        return process_alive(node);
    return proc_task_use(node, task_nothing, NULL);
}

const struct proc_class process_class = {
    .hold = process_hold,
    .drop = process_release,
    .alive = process_alive,
    .attributes = process_attributes,
};

const struct proc_class process_directory_class = {
    .hold = process_hold,
    .drop = process_release,
    .alive = process_alive,
    .gone = -ENOENT,
    .attributes = owner_set,
};

const struct proc_class task_directory_class = {
    .hold = process_hold,
    .drop = process_release,
    .alive = task_alive,
    .gone = -ENOENT,
    .attributes = owner_set,
};

static const struct proc_class task_class = {
    .hold = process_hold,
    .drop = process_release,
    .alive = task_alive,
    .attributes = process_attributes,
};

/* --- texts that are the same for all --- */

static int data_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%s", (const char *)node->entry->data);
    return 0;
}

#define SHOWN(file_name, permissions, file_class, file_show)                         \
    {                                                                                \
        .name = (file_name), .mode = S_IFREG | (permissions), .class = (file_class), \
        .show = (file_show)                                                          \
    }
#define LOOKED(file_name, permissions, file_class, file_show)                        \
    {                                                                                \
        .name = (file_name), .mode = S_IFREG | (permissions), .class = (file_class), \
        .open = proc_open_looking, .show = (file_show)                               \
    }
#define FIXED(file_name, permissions, file_class, text)                              \
    {                                                                                \
        .name = (file_name), .mode = S_IFREG | (permissions), .class = (file_class), \
        .show = data_show, .data = (text)                                            \
    }
#define WRITTEN(file_name, file_class, file_show, file_write)                                    \
    {                                                                                            \
        .name = (file_name), .mode = S_IFREG | 0644, .class = (file_class), .show = (file_show), \
        .write = (file_write)                                                                    \
    }

/* What a process and each of its tasks have in common. */
#define COMMON_FILES(c)                                                                           \
    SHOWN("status", 0444, c, status_show), SHOWN("statm", 0444, c, statm_show),                   \
        LOOKED("maps", 0444, c, maps_show), LOOKED("smaps", 0444, c, smaps_show),                 \
        LOOKED("smaps_rollup", 0444, c, smaps_rollup_show),                                       \
        SHOWN("cmdline", 0444, c, command_line_show), WRITTEN("comm", c, comm_show, comm_write),  \
        LOOKED("environ", 0400, c, environment_show), LOOKED("auxv", 0400, c, auxv_show),         \
        SHOWN("limits", 0444, c, limits_show), SHOWN("mounts", 0444, c, mounts_show),             \
        SHOWN("mountinfo", 0444, c, mountinfo_show), SHOWN("oom_score", 0444, c, oom_score_show), \
        WRITTEN("oom_adj", c, oom_adj_show, oom_adj_write),                                       \
        WRITTEN("oom_score_adj", c, oom_score_adj_show, oom_score_adj_write),                     \
        FIXED("wchan", 0444, c, "0"), LOOKED("io", 0400, c, io_show),                             \
        FIXED("loginuid", 0444, c, "4294967295"), FIXED("sessionid", 0444, c, "4294967295"),      \
        FIXED("cgroup", 0444, c, "0::/\n"), FIXED("cpuset", 0444, c, "/\n"),                      \
        LOOKED("personality", 0400, c, personality_show), FIXED("stack", 0400, c, ""),            \
        LOOKED("syscall", 0400, c, syscall_show), SHOWN("schedstat", 0444, c, schedstat_show),    \
        SHOWN("sched", 0444, c, sched_show), FIXED("setgroups", 0444, c, "allow\n"),              \
        FIXED("uid_map", 0444, c, identity_map), FIXED("gid_map", 0444, c, identity_map),         \
        FIXED("projid_map", 0444, c, identity_map), SHOWN("fork", 0444, c, fork_work_show),       \
        {.name = "mem",                                                                           \
         .mode = S_IFREG | 0600,                                                                  \
         .class = (c),                                                                            \
         .open = proc_open_looking,                                                               \
         .file_ops = &memory_ops},                                                                \
        {.name = "pagemap",                                                                       \
         .mode = S_IFREG | 0400,                                                                  \
         .class = (c),                                                                            \
         .open = proc_open_looking,                                                               \
         .file_ops = &page_map_ops},                                                              \
        {.name = "fail-nth", .mode = S_IFREG | 0644, .class = (c), .file_ops = &fail_nth_ops},    \
        {.name = "exe",                                                                           \
         .mode = S_IFLNK | 0777,                                                                  \
         .class = (c),                                                                            \
         .read_link = executable_read_link,                                                       \
         .follow = executable_follow},                                                            \
        {.name = "cwd",                                                                           \
         .mode = S_IFLNK | 0777,                                                                  \
         .class = (c),                                                                            \
         .data = "cwd",                                                                           \
         .read_link = place_read_link,                                                            \
         .follow = place_follow},                                                                 \
        {.name = "root",                                                                          \
         .mode = S_IFLNK | 0777,                                                                  \
         .class = (c),                                                                            \
         .read_link = place_read_link,                                                            \
         .follow = place_follow},                                                                 \
        {.name = "fd",                                                                            \
         .mode = S_IFDIR | 0500,                                                                  \
         .class = &descriptor_directory_class,                                                    \
         .lookup = descriptor_lookup,                                                             \
         .next = descriptor_next},                                                                \
    {                                                                                             \
        .name = "fdinfo", .mode = S_IFDIR | 0555, .class = &descriptor_directory_class,           \
        .data = "fdinfo", .lookup = descriptor_lookup, .next = descriptor_next                    \
    }

static const char identity_map[] = "         0          0 4294967295\n";

static const struct proc_entry task_files[] = {
    COMMON_FILES(&task_class),
    SHOWN("stat", 0444, &task_class, task_stat_show),
    SHOWN("children", 0444, &task_class, children_show),
};

static const struct proc_entry task_entry = {
    .name = "",
    .mode = S_IFDIR | 0555,
    .class = &task_directory_class,
    .children = task_files,
    .child_count = array_size(task_files),
};

/* --- the directory of tasks --- */

static int task_lookup(const struct proc_node *directory, const struct name *name,
                       struct proc_node *child)
{
    int64_t number = proc_number_read(name);

    *child = (struct proc_node){&task_entry, directory->object, (uint64_t)number};
    if (number <= 0 || !task_alive(child))
        return -ENOENT;
    process_get(child->object);
    return 0;
}

static bool task_next(const struct proc_node *directory, uint64_t *cursor, struct proc_name *name)
{
    struct process *process = node_process(directory);
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    int64_t found = -1, leader = process->pid->number;
    struct task *task;

    TAILQ_FOREACH (task, &process->tasks, link) {
        int64_t number = task->thread.tid;
        if (number >= (int64_t)*cursor && (found < 0 || number < found))
            found = number;
    }
    if (leader >= (int64_t)*cursor && (found < 0 || leader < found))
        found = leader;
    spin_unlock_irq(&process->signal_lock, saved);
    if (found < 0)
        return false;
    *cursor = (uint64_t)found;
    format_text(name->text, sizeof(name->text), "%lld", (long long)found);
    name->type = S_IFDIR;
    return true;
}

static const struct proc_entry process_files[] = {
    COMMON_FILES(&process_class),
    SHOWN("stat", 0444, &process_class, stat_show),
    LOOKED("mountstats", 0400, &process_class, mountstats_show),
    FIXED("timers", 0444, &process_class, ""),
    SHOWN("timerslack_ns", 0444, &process_class, timer_slack_show),
    {.name = "task",
     .mode = S_IFDIR | 0555,
     .class = &process_directory_class,
     .lookup = task_lookup,
     .next = task_next},
};

static const struct proc_entry process_entry = {
    .name = "",
    .mode = S_IFDIR | 0555,
    .class = &process_directory_class,
    .children = process_files,
    .child_count = array_size(process_files),
};

/* --- the root --- */

/* A task's number leads to its process too, although only processes are listed. */
int proc_process_lookup(const struct proc_node *directory, const struct name *name,
                        struct proc_node *child)
{
    int64_t number = proc_number_read(name);
    struct process *process = number > 0 ? process_find_task((int32_t)number) : NULL;

    if (!process)
        return -ENOENT;
    *child = (struct proc_node){&process_entry, process, (uint64_t)number};
    return 0;
}

bool proc_process_next(const struct proc_node *directory, uint64_t *cursor, struct proc_name *name)
{
    struct process *process = *cursor > INT32_MAX ? NULL : process_next((int32_t)*cursor);

    if (!process)
        return false;
    *cursor = (uint64_t)process->pid->number;
    format_text(name->text, sizeof(name->text), "%d", process->pid->number);
    name->type = S_IFDIR;
    process_put(process);
    return true;
}
