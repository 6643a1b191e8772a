/*
 * File tables: descriptors as a share tree.
 *
 * Fork copies the root pointer and counts it. A change owns the path to its slot (lib/slot_tree.h),
 * so the first open or close after fork copies one node of 64 descriptors per level, and never the
 * table.
 *
 * Finding. Every call with a descriptor comes by here, so a table with one user is read without its
 * lock: changes come from that same thread. Readers of another process (/proc/PID/fd) take the lock
 * and change nothing. A shared table is read under the lock, held for a dozen instructions, since a
 * close on another CPU could free the node and the description between look-up and count.
 *
 * Closing. It may have to copy a shared node, and must not fail for want of memory. NODE_RESERVE
 * nodes are set aside for that: a node comes from there when the slab has none and the change is a
 * removal, and freed nodes fill the reserve up before they go back to the slab. If even the reserve
 * is empty, closing waits for memory: nodes and frames return when any process exits. A caller that
 * is being killed stops waiting; its exit drops the whole table, which needs no memory at all.
 *
 * Locks: table->lock; below it only the slab's and the reserve's. Descriptions are put without
 * locks, since release may sleep.
 */
#include "file/file_table.h"

#include "arch/time.h"
#include "file/caller.h"
#include "file/file.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "sched/thread.h"
#include <linux/resource.h>

enum {
    NODE_RESERVE = 64,
    DROP_BUDGET = 256,
    MEMORY_RETRY = 10000000, /* nanoseconds between tries for memory */
};

static struct slab_cache table_cache = SLAB_CACHE("file_table", sizeof(struct file_table));
static struct slab_cache node_cache = SLAB_CACHE("file_table_node", sizeof(struct slot_node));

static struct {
    struct spinlock lock;
    unsigned count;
    void *nodes[NODE_RESERVE];
} reserve;

static void *reserve_take(void)
{
    void *node = NULL;

    spin_lock(&reserve.lock);
    if (reserve.count)
        node = reserve.nodes[--reserve.count];
    spin_unlock(&reserve.lock);
    return node;
}

static bool reserve_fill(void *node)
{
    bool taken = false;

    if (reserve.count == NODE_RESERVE)
        return false;
    spin_lock(&reserve.lock);
    if (reserve.count < NODE_RESERVE) {
        reserve.nodes[reserve.count++] = node;
        taken = true;
    }
    spin_unlock(&reserve.lock);
    return taken;
}

static void *node_alloc(void)
{
    return slab_alloc(&node_cache);
}

static void *node_alloc_to_close(void)
{
    void *node = slab_alloc(&node_cache);

    return node ? node : reserve_take();
}

static void node_free(void *node)
{
    if (!reserve_fill(node))
        slab_free(&node_cache, node);
}

static void item_get(void *item)
{
    file_get(item);
}

static void item_put(void *item)
{
    file_put(item);
}

static const struct slot_tree_ops tree_ops = {
    .node_alloc = node_alloc,
    .node_free = node_free,
    .item_get = item_get,
    .item_put = item_put,
};

/* For changes that only take away. */
static const struct slot_tree_ops close_ops = {
    .node_alloc = node_alloc_to_close,
    .node_free = node_free,
    .item_get = item_get,
    .item_put = item_put,
};

/* --- life --- */

/* The first table fills the reserve, so that later it is full but while memory is short. */
static void reserve_start(void)
{
    static atomic_flag started = ATOMIC_FLAG_INIT;
    void *node;

    if (atomic_flag_test_and_set(&started))
        return;
    while ((node = slab_alloc(&node_cache)) && reserve_fill(node))
        ;
    if (node)
        slab_free(&node_cache, node);
}

struct file_table *file_table_create(void)
{
    struct file_table *table = slab_alloc_zero(&table_cache);

    reserve_start();
    if (table)
        atomic_init(&table->refs, 1);
    return table;
}

struct file_table *file_table_fork(struct file_table *parent)
{
    struct file_table *table = file_table_create();

    if (!table)
        return NULL;
    spin_lock(&parent->lock);
    slot_tree_fork(&table->tree, &parent->tree);
    spin_unlock(&parent->lock);
    return table;
}

struct file_table *file_table_get(struct file_table *table)
{
    file_table_share(table);
    atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
    return table;
}

void file_table_share(struct file_table *table)
{
    atomic_store_explicit(&table->shared, true, memory_order_seq_cst);
}

/* What closing a descriptor means for the description, before its reference goes. */
static void file_closed(struct file_table *table, struct file *file)
{
    if (table->record_locks)
        file_locks_close(file, table);
    if (file->ops->flush)
        file->ops->flush(file);
    file_put(file);
}

/* Record locks belong to the table and end with it, though descriptions may live on in forked
 * tables. */
static void record_locks_end(struct file_table *table)
{
    uint64_t index = 0;
    struct file *file;

    while ((file = slot_tree_next(&table->tree, &index))) {
        file_locks_close(file, table);
        index++;
    }
}

void file_table_put(struct file_table *table)
{
    if (atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (table->record_locks)
        record_locks_end(table);
    while (!slot_tree_drop_some(&tree_ops, &table->tree, DROP_BUDGET))
        sched_point();
    slab_free(&table_cache, table);
}

/* --- finding --- */

struct file *file_table_find(struct file_table *table, int fd)
{
    struct file *file;

    if (fd < 0)
        return NULL;
    if (!atomic_load_explicit(&table->shared, memory_order_relaxed)) {
        file = slot_tree_get(&table->tree, (uint64_t)fd);
        return file ? file_get(file) : NULL;
    }
    spin_lock(&table->lock);
    file = slot_tree_get(&table->tree, (uint64_t)fd);
    if (file)
        file_get(file);
    spin_unlock(&table->lock);
    return file;
}

int file_table_next(struct file_table *table, int from, struct file **file)
{
    uint64_t index = (uint64_t)from;

    if (from < 0)
        return -1;
    spin_lock(&table->lock);
    *file = slot_tree_next(&table->tree, &index);
    if (*file)
        file_get(*file);
    spin_unlock(&table->lock);
    return *file ? (int)index : -1;
}

uint64_t file_table_count(struct file_table *table)
{
    uint64_t count;

    spin_lock(&table->lock);
    count = slot_tree_count(&table->tree);
    spin_unlock(&table->lock);
    return count;
}

void file_table_check(struct file_table *table)
{
    spin_lock(&table->lock);
    slot_tree_check(&table->tree);
    spin_unlock(&table->lock);
}

/* --- changing --- */

int file_table_add(struct file_table *table, struct file *file, int from, bool cloexec,
                   uint64_t limit)
{
    uint64_t fd;
    int error = -EMFILE;

    spin_lock(&table->lock);
    fd = slot_tree_lowest_free(&table->tree, (uint64_t)from);
    if (fd < min_u64(limit, INT32_MAX))
        error = slot_tree_set(&tree_ops, &table->tree, fd, file, cloexec);
    spin_unlock(&table->lock);
    return error < 0 ? error : (int)fd;
}

int file_table_replace(struct file_table *table, int fd, struct file *file, bool cloexec)
{
    void *old = NULL;
    int error;

    spin_lock(&table->lock);
    error = slot_tree_replace(&tree_ops, &table->tree, (uint64_t)fd, file, cloexec, &old);
    spin_unlock(&table->lock);
    if (error < 0)
        return error;
    if (old)
        file_closed(table, old);
    return fd;
}

/* Waits a little for memory; false when the caller is being killed. */
static bool memory_wait(void)
{
    struct wait_queue nothing = {0};
    struct waiter self;
    int error;

    waiter_init(&self);
    wait_enter(&nothing, &self);
    error = wait_sleep(WAIT_KILLABLE, clock_monotonic() + MEMORY_RETRY);
    wait_leave(&nothing, &self);
    return error != -EINTR;
}

/* Takes the slot's description out. -EBADF; -ENOMEM only for a caller that is being killed. */
static int slot_take(struct file_table *table, uint64_t fd, struct file **file)
{
    void *old = NULL;
    int error;

    for (;;) {
        spin_lock(&table->lock);
        error = slot_tree_clear(&close_ops, &table->tree, fd, &old);
        spin_unlock(&table->lock);
        if (error != -ENOMEM || !memory_wait())
            break;
    }
    *file = old;
    return error == -ENOENT ? -EBADF : error;
}

int file_table_close(struct file_table *table, int fd)
{
    struct file *file;
    int error;

    if (fd < 0)
        return -EBADF;
    error = slot_take(table, (uint64_t)fd, &file);
    if (error < 0)
        return error == -ENOMEM ? -EINTR : error;
    file_closed(table, file);
    return 0;
}

/* Calls change for each used descriptor in the range until one fails. */
static int range_visit(struct file_table *table, unsigned first, unsigned last,
                       int (*change)(struct file_table *table, int fd))
{
    uint64_t index = first;

    while (index <= last) {
        void *found;
        int error;

        spin_lock(&table->lock);
        found = slot_tree_next(&table->tree, &index);
        spin_unlock(&table->lock);
        if (!found || index > last)
            break;
        error = change(table, (int)index);
        if (error < 0 && error != -EBADF)
            return error;
        index++;
    }
    return 0;
}

static int cloexec_mark(struct file_table *table, int fd)
{
    return file_table_cloexec_set(table, fd, true);
}

int file_table_close_range(struct file_table *table, unsigned first, unsigned last,
                           bool only_mark_cloexec)
{
    return range_visit(table, first, last, only_mark_cloexec ? cloexec_mark : file_table_close);
}

int file_table_cloexec_get(struct file_table *table, int fd)
{
    int result = -EBADF;

    spin_lock(&table->lock);
    if (fd >= 0 && slot_tree_get(&table->tree, (uint64_t)fd))
        result = slot_tree_marked(&table->tree, (uint64_t)fd);
    spin_unlock(&table->lock);
    return result;
}

int file_table_cloexec_set(struct file_table *table, int fd, bool cloexec)
{
    int error;

    if (fd < 0)
        return -EBADF;
    spin_lock(&table->lock);
    error = cloexec ? slot_tree_mark(&tree_ops, &table->tree, (uint64_t)fd)
                    : slot_tree_unmark(&tree_ops, &table->tree, (uint64_t)fd);
    spin_unlock(&table->lock);
    return error == -ENOENT ? -EBADF : error;
}

int file_table_own_all(struct file_table *table)
{
    int error;

    spin_lock(&table->lock);
    error = slot_tree_own_all(&tree_ops, &table->tree);
    spin_unlock(&table->lock);
    return error;
}

/* Owns the path to every marked slot, so that emptying them cannot fail. */
static int marked_own(struct file_table *table)
{
    uint64_t index = 0;
    int error = 0;

    spin_lock(&table->lock);
    while (!error && slot_tree_next_marked(&table->tree, &index)) {
        error = slot_tree_reserve(&tree_ops, &table->tree, index);
        index++;
    }
    spin_unlock(&table->lock);
    return error;
}

int file_table_exec(struct file_table *table)
{
    int error = marked_own(table);

    if (error < 0)
        return error;
    for (uint64_t index = 0;; index++) {
        struct file *file = NULL;
        void *found;

        spin_lock(&table->lock);
        found = slot_tree_next_marked(&table->tree, &index);
        spin_unlock(&table->lock);
        if (!found)
            return 0;
        if (slot_take(table, index, &file) == 0)
            file_closed(table, file);
    }
}

/* --- the caller's own table --- */

struct file *caller_file(int fd)
{
    return file_table_find(caller_files(), fd);
}

struct file *caller_file_usable(int fd)
{
    struct file *file = caller_file(fd);

    if (file && (file->mode & FILE_PATH)) {
        file_put(file);
        return NULL;
    }
    return file;
}

int caller_file_install(struct file *file, bool cloexec)
{
    int fd;

    if (!file)
        return -ENOMEM;
    fd = file_table_add(caller_files(), file, 0, cloexec, caller_limit(RLIMIT_NOFILE));
    if (fd < 0)
        file_put(file);
    return fd;
}
