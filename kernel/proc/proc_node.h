/*
 * Between the files that make up what /proc knows about processes (proc_*.c; names as in proc(5)).
 *
 * A node's object is the counted process; its key is the number of the task that it is about (for
 * a process's own directory the number that it was looked up by), or a descriptor's number.
 * What a process has may vanish at any time, so that each function here takes its own count under
 * the process's signal_lock, or copies.
 */
#ifndef PROC_PROC_NODE_H
#define PROC_PROC_NODE_H

#include "fs/procfs.h"
#include "proc/access.h"
#include "proc/process.h"
#include "proc/rusage.h"

struct fs_places;

enum { PROC_PAGE_KIB = 4, PROC_TICK = 10000000 /* nanoseconds, USER_HZ is 100 */ };

static inline struct process *node_process(const struct proc_node *node)
{
    return node->object;
}

/* Reads or says a decimal number as a name: -1 for other texts. */
int64_t proc_number_read(const struct name *name);

/* The open of files that only who may look into the process opens. -EACCES. */
int proc_open_looking(const struct proc_node *node, struct file *file);

/* What the process has, with a count, or NULL when it has it no more. */
struct file *process_executable(struct process *process);
struct fs_places *process_places(struct process *process);
/* The first descriptor >= from with its file, counted; -1: none. cloexec may be NULL. */
int process_file_next(struct process *process, int from, struct file **file, bool *cloexec);

/* Calls use(task) with tree_lock held if the node's task still exists; false otherwise. */
bool proc_task_use(const struct proc_node *node, void (*use)(struct task *task, void *argument),
                   void *argument);

/* Everything that stat and status show and that is not memory. */
struct task_view {
    char name[16];
    char state;
    int32_t tid, pid, parent, group, session;
    uint32_t tty;
    int32_t foreground;
    uint32_t threads;
    bool executed, no_new_privileges, permitted;
    struct usage usage, children; /* the process's; with whole false the task's */
    uint64_t pending, shared_pending, blocked, ignored, caught;
    const struct cred *cred; /* counted */
    int policy, nice, priority;
    unsigned cpu;
    uint64_t affinity;
    uint64_t start_time; /* nanoseconds since boot */
    int32_t exit_status, exit_signal;
    uint64_t resident_limit, signal_limit;
};

/* Fills the view; proc_view_put() afterwards. whole: times of the process, not of the task.
 * -ESRCH. */
int proc_view_get(const struct proc_node *node, bool whole, struct task_view *view);
void proc_view_put(struct task_view *view);

/* Reads a counter file's text as a number in [low, high]; -EINVAL. */
int proc_value_read(const char *text, int64_t low, int64_t high, int64_t *value);

/* Classes: whose files are shown as whose. A directory of a process is its user's in any case. */
extern const struct proc_class process_class, process_directory_class, task_directory_class;
extern const struct proc_class descriptor_class, descriptor_directory_class;

/* The tables of the files, each in the file named after it. */
int stat_show(const struct proc_node *node, struct text_buffer *text);
int task_stat_show(const struct proc_node *node, struct text_buffer *text);
int statm_show(const struct proc_node *node, struct text_buffer *text);
int status_show(const struct proc_node *node, struct text_buffer *text);
int sched_show(const struct proc_node *node, struct text_buffer *text);
int schedstat_show(const struct proc_node *node, struct text_buffer *text);
int maps_show(const struct proc_node *node, struct text_buffer *text);
int smaps_show(const struct proc_node *node, struct text_buffer *text);
int smaps_rollup_show(const struct proc_node *node, struct text_buffer *text);
int command_line_show(const struct proc_node *node, struct text_buffer *text);
int environment_show(const struct proc_node *node, struct text_buffer *text);
int auxv_show(const struct proc_node *node, struct text_buffer *text);
int fork_work_show(const struct proc_node *node, struct text_buffer *text);
int limits_show(const struct proc_node *node, struct text_buffer *text);
int mounts_show(const struct proc_node *node, struct text_buffer *text);
int mountinfo_show(const struct proc_node *node, struct text_buffer *text);
int mountstats_show(const struct proc_node *node, struct text_buffer *text);
int comm_show(const struct proc_node *node, struct text_buffer *text);
int64_t comm_write(const struct proc_node *node, const char *text, size_t size);
int oom_score_show(const struct proc_node *node, struct text_buffer *text);
int oom_score_adj_show(const struct proc_node *node, struct text_buffer *text);
int64_t oom_score_adj_write(const struct proc_node *node, const char *text, size_t size);
int oom_adj_show(const struct proc_node *node, struct text_buffer *text);
int64_t oom_adj_write(const struct proc_node *node, const char *text, size_t size);
int personality_show(const struct proc_node *node, struct text_buffer *text);
int syscall_show(const struct proc_node *node, struct text_buffer *text);
int io_show(const struct proc_node *node, struct text_buffer *text);
int timer_slack_show(const struct proc_node *node, struct text_buffer *text);
int children_show(const struct proc_node *node, struct text_buffer *text);
int executable_read_link(const struct proc_node *node, struct text_buffer *text);
int executable_follow(const struct proc_node *node, struct path *path);
int place_read_link(const struct proc_node *node, struct text_buffer *text);
int place_follow(const struct proc_node *node, struct path *path);
int descriptor_lookup(const struct proc_node *directory, const struct name *name,
                      struct proc_node *child);
bool descriptor_next(const struct proc_node *directory, uint64_t *cursor, struct proc_name *name);
extern const struct file_ops memory_ops, page_map_ops, fail_nth_ops;

#endif
