/*
 * Pages by index: page caches and shared memory. Contract and locks in backing.h.
 */
#include "mem/backing.h"
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/reclaim.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "mem/uio.h"

/* frame.flags of a page in a backing */
enum { PAGE_LOOKED_AT = 1 }; /* since backing_reclaim was here; written with the lock held */

static struct slab_cache node_cache = SLAB_CACHE("page-node", sizeof(struct slot_node));
static _Atomic uint64_t shared_total, cached_total;

static void *node_alloc(void)
{
    return slab_alloc(&node_cache);
}

static void node_free(void *node)
{
    slab_free(&node_cache, node);
}

static const struct slot_tree_ops page_ops = {.node_alloc = node_alloc, .node_free = node_free};

/* Holes are read from somewhere; otherwise they are zeros. */
static bool has_source(const struct backing *backing)
{
    return backing->ops && (backing->ops->fill || backing->ops->fill_range);
}

static _Atomic uint64_t *total_of(const struct backing *backing)
{
    return has_source(backing) ? &cached_total : &shared_total;
}

void backing_totals(uint64_t *shared_pages, uint64_t *cached_pages)
{
    *shared_pages = atomic_load(&shared_total);
    *cached_pages = atomic_load(&cached_total);
}

void backing_init(struct backing *backing, const struct backing_ops *ops)
{
    *backing = (struct backing){.ops = ops};
    atomic_store(&backing->refs, 1);
}

/* Takes the page at `index` out of the tree. Lock held, or the last holder. */
static void page_remove(struct backing *backing, uint64_t index)
{
    void *item;
    int error = slot_tree_clear(&page_ops, &backing->pages, index, &item);

    kernel_assert(!error); /* the tree is never shared, so clearing needs no memory */
    struct frame *frame = item;
    frame->cache.backing = NULL;
    backing->resident--;
    atomic_fetch_sub(total_of(backing), 1);
    frame_put(frame);
}

static void pages_remove(struct backing *backing, uint64_t first, uint64_t end)
{
    for (uint64_t index = first; slot_tree_next(&backing->pages, &index) && index < end; index++)
        page_remove(backing, index);
}

void backing_destroy(struct backing *backing)
{
    if (backing->listed)
        reclaim_delist(backing);
    pages_remove(backing, 0, UINT64_MAX);
}

void backing_get(struct backing *backing)
{
    atomic_fetch_add_explicit(&backing->refs, 1, memory_order_relaxed);
}

void backing_put(struct backing *backing)
{
    if (atomic_fetch_sub_explicit(&backing->refs, 1, memory_order_acq_rel) == 1)
        backing->ops->release(backing);
}

int backing_deny_write(struct backing *backing)
{
    mutex_lock(&backing->lock);
    int error = backing->writers ? -ETXTBSY : 0;
    if (!error)
        backing->deny_write++;
    mutex_unlock(&backing->lock);
    return error;
}

void backing_allow_write(struct backing *backing)
{
    mutex_lock(&backing->lock);
    backing->deny_write--;
    mutex_unlock(&backing->lock);
}

/* --- pages --- */

int backing_insert(struct backing *backing, uint64_t index, struct frame *frame)
{
    int error = slot_tree_set(&page_ops, &backing->pages, index, frame, false);

    if (error)
        return error;
    frame->cache.backing = backing;
    frame->cache.index = index;
    frame->flags = PAGE_LOOKED_AT;
    if (!backing->listed && has_source(backing))
        reclaim_enlist(backing);
    backing->resident++;
    atomic_fetch_add(total_of(backing), 1);
    return 0;
}

/* Frees the pages from `first` on that were taken and not used. */
static void frames_return(struct frame **frames, unsigned first, unsigned count)
{
    for (unsigned i = first; i < count; i++)
        frame_put(frames[i]);
}

/* Fresh pages for a run of holes from `index` on, not beyond the end of the source. */
static unsigned run_take(struct backing *backing, uint64_t index, struct frame **frames)
{
    uint64_t limit = max_u64(divide_up(backing->size, PAGE_SIZE), index + 1);
    unsigned count = 0;

    while (count < BACKING_RANGE_MAX && index + count < limit &&
           !slot_tree_get(&backing->pages, index + count)) {
        frames[count] = frame_alloc(FRAME_CACHE, 0, FRAME_ZERO);
        if (!frames[count])
            break;
        count++;
    }
    return count;
}

/* Reads a run of pages with one request; only the first one has to succeed. */
static int run_make(struct backing *backing, uint64_t index, struct frame **frame)
{
    struct frame *frames[BACKING_RANGE_MAX];
    unsigned count = run_take(backing, index, frames), done = 0;
    int filled = count ? backing->ops->fill_range(backing, index, count, frames) : -ENOMEM;
    int error = filled < 0 ? filled : 0;

    while (!error && done < (unsigned)filled) {
        error = backing_insert(backing, index + done, frames[done]);
        done += !error;
    }
    frames_return(frames, done, count);
    if (!done)
        return error ? error : -EIO;
    *frame = frames[0];
    return 0;
}

/* Makes the page at `index`; with `fill` from the source. Lock held; the tree has the only count.
 */
static int page_make(struct backing *backing, uint64_t index, bool fill, struct frame **frame)
{
    fill = fill && backing->ops;
    if (fill && backing->ops->fill_range)
        return run_make(backing, index, frame);
    *frame = frame_alloc(FRAME_CACHE, 0, FRAME_ZERO);
    if (!*frame)
        return -ENOMEM;
    int error = fill && backing->ops->fill ? backing->ops->fill(backing, index, *frame) : 0;
    if (!error)
        error = backing_insert(backing, index, *frame);
    if (error)
        frame_put(*frame);
    return error;
}

static int page_for_write(struct backing *backing, uint64_t index)
{
    int error = backing->ops && backing->ops->make_writable
                    ? backing->ops->make_writable(backing, index)
                    : 0;

    return error ? error : slot_tree_mark(&page_ops, &backing->pages, index);
}

static int page_get(struct backing *backing, uint64_t index, bool for_write, bool fill,
                    struct frame **result)
{
    struct frame *frame = slot_tree_get(&backing->pages, index);
    int error = frame ? 0 : page_make(backing, index, fill, &frame);

    if (!error && for_write)
        error = page_for_write(backing, index);
    if (error)
        return error;
    frame->flags = PAGE_LOOKED_AT;
    frame_get(frame);
    *result = frame;
    return 0;
}

int backing_page(struct backing *backing, uint64_t index, bool for_write, struct frame **frame)
{
    int error;

    do {
        mutex_lock(&backing->lock);
        error = page_get(backing, index, for_write, true, frame);
        mutex_unlock(&backing->lock);
    } while (error == -ENOMEM && reclaim_wait());
    return error;
}

int backing_page_mapped(struct backing *backing, uint64_t index, bool for_write,
                        struct frame **frame)
{
    mutex_lock(&backing->lock);
    int error = index >= divide_up(backing->size, PAGE_SIZE)
                    ? -ENXIO
                    : page_get(backing, index, for_write, true, frame);
    mutex_unlock(&backing->lock);
    return error;
}

struct frame *backing_peek(struct backing *backing, uint64_t index)
{
    struct frame *frame = NULL;

    mutex_lock(&backing->lock);
    if (index < divide_up(backing->size, PAGE_SIZE))
        frame = slot_tree_get(&backing->pages, index);
    if (frame) {
        frame->flags = PAGE_LOOKED_AT;
        frame_get(frame);
    }
    mutex_unlock(&backing->lock);
    return frame;
}

/* The count of the tree is the only one: no mapping, nobody reading. Lock held. */
static bool page_idle(struct backing *backing, uint64_t index, struct frame *frame)
{
    bool looked_at = frame->flags & PAGE_LOOKED_AT;

    frame->flags = 0;
    return !looked_at && frame_refs(frame) == 1 && !slot_tree_marked(&backing->pages, index);
}

uint64_t backing_reclaim(struct backing *backing, bool *busy)
{
    struct frame *frame;
    uint64_t freed = 0;

    if (!mutex_trylock(&backing->lock)) {
        *busy = true;
        return 0;
    }
    for (uint64_t index = 0; (frame = slot_tree_next(&backing->pages, &index)); index++) {
        if (!page_idle(backing, index, frame))
            continue;
        page_remove(backing, index);
        freed++;
    }
    mutex_unlock(&backing->lock);
    return freed;
}

struct frame *backing_next_dirty(struct backing *backing, uint64_t *index)
{
    mutex_lock(&backing->lock);
    struct frame *frame = slot_tree_next_marked(&backing->pages, index);
    if (frame) {
        frame_get(frame);
        slot_tree_unmark(&page_ops, &backing->pages, *index);
    }
    mutex_unlock(&backing->lock);
    return frame;
}

/* --- size --- */

void backing_zap(struct backing *backing, uint64_t first, uint64_t end, bool even_private)
{
    mutex_lock(&backing->lock);
    pages_remove(backing, first, end);
    mutex_unlock(&backing->lock);
    /* a fault between the two would find the page gone, or make a fresh one: both are what the file
     * is now */
    space_zap_backing(backing, first, end, even_private);
}

int backing_punch(struct backing *backing, uint64_t first, uint64_t end)
{
    if (has_source(backing) || (backing->ops && backing->ops->device))
        return -EOPNOTSUPP;
    backing_zap(backing, first, end, false);
    return 0;
}

/* Zeroes the bytes of the last page beyond the size. Lock held. */
static void zero_tail(struct backing *backing, uint64_t size)
{
    struct frame *frame = slot_tree_get(&backing->pages, size >> PAGE_SHIFT);
    size_t used = size & (PAGE_SIZE - 1);

    if (frame && used)
        memset((char *)frame_address(frame) + used, 0, PAGE_SIZE - used);
}

void backing_resize(struct backing *backing, uint64_t size)
{
    mutex_lock(&backing->lock);
    bool shrink = size < backing->size;
    backing->size = size;
    if (shrink)
        zero_tail(backing, size);
    mutex_unlock(&backing->lock);
    if (shrink)
        backing_zap(backing, divide_up(size, PAGE_SIZE), UINT64_MAX, true);
}

/* --- read and write --- */

/* The page for a read, or *frame NULL for a hole that reads as zeros. */
static int page_for_read(struct backing *backing, uint64_t index, struct frame **frame)
{
    if (has_source(backing))
        return backing_page(backing, index, false, frame);
    *frame = backing_peek(backing, index);
    return 0;
}

int64_t backing_read(struct backing *backing, uint64_t offset, struct uio *uio)
{
    int64_t done = 0;

    while (uio->left) {
        uint64_t size = __atomic_load_n(&backing->size, __ATOMIC_ACQUIRE);
        size_t inside = offset & (PAGE_SIZE - 1);
        struct frame *frame;
        if (offset >= size)
            break;
        size_t count = min_size(min_size(PAGE_SIZE - inside, uio->left), size - offset);
        int error = page_for_read(backing, offset >> PAGE_SHIFT, &frame);
        if (error)
            return done ? done : error;
        int64_t moved = frame ? uio_move(uio, (char *)frame_address(frame) + inside, count)
                              : uio_zero(uio, count);
        if (frame)
            frame_put(frame);
        if (moved <= 0)
            return done ? done : moved;
        done += moved;
        offset += (uint64_t)moved;
        if ((size_t)moved < count)
            break;
    }
    return done;
}

static bool page_present(struct backing *backing, uint64_t index)
{
    mutex_lock(&backing->lock);
    bool present = slot_tree_get(&backing->pages, index) != NULL;
    mutex_unlock(&backing->lock);
    return present;
}

/* The page for a write: one wholly beyond the end is not read from the source. */
static int page_to_write(struct backing *backing, uint64_t index, struct frame **frame)
{
    int error;

    if (!reclaim_files_may_grow() && !page_present(backing, index))
        return -ENOSPC;
    do {
        mutex_lock(&backing->lock);
        error = page_get(backing, index, true, index << PAGE_SHIFT < backing->size, frame);
        mutex_unlock(&backing->lock);
    } while (error == -ENOMEM && reclaim_wait());
    return error;
}

static void size_reached(struct backing *backing, uint64_t end)
{
    mutex_lock(&backing->lock);
    if (end > backing->size)
        backing->size = end;
    mutex_unlock(&backing->lock);
}

int64_t backing_write(struct backing *backing, uint64_t offset, struct uio *uio)
{
    int64_t done = 0;

    while (uio->left) {
        size_t inside = offset & (PAGE_SIZE - 1), count = min_size(PAGE_SIZE - inside, uio->left);
        struct frame *frame;
        int error = page_to_write(backing, offset >> PAGE_SHIFT, &frame);
        if (error)
            return done ? done : error == -ENOMEM ? -ENOSPC : error;
        int64_t moved = uio_move(uio, (char *)frame_address(frame) + inside, count);
        frame_put(frame);
        if (moved <= 0)
            return done ? done : moved;
        done += moved;
        offset += (uint64_t)moved;
        size_reached(backing, offset);
        if ((size_t)moved < count)
            break;
    }
    return done;
}

/* --- shared anonymous memory --- */

static struct slab_cache anonymous_cache = SLAB_CACHE("anonymous-backing", sizeof(struct backing));

static void anonymous_release(struct backing *backing)
{
    backing_destroy(backing);
    slab_free(&anonymous_cache, backing);
}

static const struct backing_ops anonymous_ops = {.release = anonymous_release};

struct backing *backing_anonymous(uint64_t size)
{
    struct backing *backing = slab_alloc(&anonymous_cache);

    if (!backing)
        return NULL;
    backing_init(backing, &anonymous_ops);
    backing->size = size;
    backing->anonymous = true;
    return backing;
}
