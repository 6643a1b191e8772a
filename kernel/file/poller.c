/*
 * Waiting for many files: each file's poll operation enters one entry per queue; any of them ends
 * the sleep. Entries are made in the first round only; later rounds ask with an empty table.
 *
 * Locks: a callback runs with its file's queue locked and takes poller->queue's lock below it.
 */
#include "file/poller.h"

#include "file/file.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"

enum { CHUNK_ENTRIES = 32 };

struct poller_chunk {
    struct poller_chunk *next;
    unsigned count;
    struct poller_entry entries[CHUNK_ENTRIES];
};

static bool entry_wake(struct waiter *waiter, uint32_t events)
{
    struct poller_entry *entry = container_of(waiter, struct poller_entry, waiter);
    struct poller *poller = entry->poller;

    if (events && !(events & entry->events))
        return false;
    atomic_store(&poller->triggered, true);
    return wait_wake_all(&poller->queue) > 0;
}

static struct poller_entry *entry_take(struct poller *poller)
{
    struct poller_chunk *chunk = poller->chunks;

    if (poller->count < POLLER_INLINE)
        return &poller->entries[poller->count++];
    if (!chunk || chunk->count == CHUNK_ENTRIES) {
        chunk = heap_alloc(sizeof(*chunk));
        if (!chunk)
            return NULL;
        chunk->next = poller->chunks;
        chunk->count = 0;
        poller->chunks = chunk;
    }
    return &chunk->entries[chunk->count++];
}

static void entry_add(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
    struct poller *poller = container_of(table, struct poller, table);
    struct poller_entry *entry = entry_take(poller);

    if (!entry) {
        poller->error = -ENOMEM;
        return;
    }
    waiter_init(&entry->waiter);
    entry->waiter.wake = entry_wake;
    entry->poller = poller;
    entry->file = file_get(file);
    entry->events = poller->events;
    wait_add(queue, &entry->waiter);
}

void poller_init(struct poller *poller)
{
    poller->table.add = entry_add;
    poller->queue = (struct wait_queue){0};
    atomic_init(&poller->triggered, false);
    poller->error = 0;
    poller->events = 0;
    poller->count = 0;
    poller->chunks = NULL;
}

int poller_sleep(struct poller *poller, uint64_t deadline)
{
    struct waiter self;
    int error = 0;

    waiter_init(&self);
    for (;;) {
        wait_enter(&poller->queue, &self);
        if (atomic_exchange(&poller->triggered, false))
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, deadline);
        if (error)
            break;
    }
    wait_leave(&poller->queue, &self);
    return error;
}

static void entries_drop(struct poller_entry *entries, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        wait_remove(&entries[i].waiter);
        file_put(entries[i].file);
    }
}

void poller_drop(struct poller *poller)
{
    entries_drop(poller->entries, poller->count);
    while (poller->chunks) {
        struct poller_chunk *chunk = poller->chunks;

        poller->chunks = chunk->next;
        entries_drop(chunk->entries, chunk->count);
        heap_free(chunk);
    }
}
