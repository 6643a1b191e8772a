/*
 * The entries of a memory directory: two red-black trees over the same objects. Find, add and drop
 * are O(log n).
 */
#include "fs/memory.h"
#include "lib/string.h"
#include "mem/slab.h"

static int compare_names(const struct memory_entry *a, const struct memory_entry *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return memcmp(a->text, b->text, a->length);
}

static int compare_cookies(const struct memory_entry *a, const struct memory_entry *b)
{
    return a->cookie < b->cookie ? -1 : a->cookie > b->cookie;
}

RB_GENERATE_INTERNAL(memory_names, memory_entry, name_link, compare_names,
                     static __attribute__((unused)))
RB_GENERATE_INTERNAL(memory_cookies, memory_entry, cookie_link, compare_cookies,
                     static __attribute__((unused)))

static int compare_with_name(const struct memory_entry *entry, const struct name *name)
{
    if (name->hash != entry->hash)
        return name->hash < entry->hash ? -1 : 1;
    if (name->length != entry->length)
        return name->length < entry->length ? -1 : 1;
    return memcmp(name->text, entry->text, name->length);
}

struct memory_entry *memory_entry_find(struct memory_inode *directory, const struct name *name)
{
    struct memory_entry *entry = RB_ROOT(&directory->directory.names);

    while (entry) {
        int order = compare_with_name(entry, name);

        if (!order)
            return entry;
        entry = order < 0 ? RB_LEFT(entry, name_link) : RB_RIGHT(entry, name_link);
    }
    return NULL;
}

struct memory_entry *memory_entry_from(struct memory_inode *directory, uint64_t cookie)
{
    struct memory_entry key = {.cookie = cookie};

    return RB_NFIND(memory_cookies, &directory->directory.cookies, &key);
}

struct memory_entry *memory_entry_add(struct memory_inode *directory, const struct name *name)
{
    struct memory_entry *entry = heap_alloc(sizeof *entry + name->length + 1);

    if (!entry)
        return NULL;
    entry->inode = NULL;
    entry->cookie = directory->directory.next_cookie++;
    entry->hash = name->hash;
    entry->length = name->length;
    memcpy(entry->text, name->text, name->length);
    entry->text[name->length] = '\0';
    RB_INSERT(memory_names, &directory->directory.names, entry);
    RB_INSERT(memory_cookies, &directory->directory.cookies, entry);
    return entry;
}

void memory_entry_drop(struct memory_inode *directory, struct memory_entry *entry)
{
    RB_REMOVE(memory_names, &directory->directory.names, entry);
    RB_REMOVE(memory_cookies, &directory->directory.cookies, entry);
    heap_free(entry);
}

struct memory_entry *memory_entry_any(struct memory_inode *directory)
{
    return RB_ROOT(&directory->directory.names);
}
