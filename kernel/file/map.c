/*
 * What mappings of an open file description refer to: the description itself, through the
 * map_source that it embeds.
 */
#include "file/file.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include <linux/mman.h>

static void source_get(struct map_source *source)
{
    file_get(container_of(source, struct file, source));
}

static void source_put(struct map_source *source)
{
    file_put(container_of(source, struct file, source));
}

struct file *file_of_source(struct map_source *source)
{
    return source && source->get == source_get ? container_of(source, struct file, source) : NULL;
}

static int check_modes(const struct file *file, uint64_t prot, uint64_t flags)
{
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

    if ((file->mode & FILE_PATH))
        return -EBADF;
    if (!(file->mode & FILE_READ))
        return -EACCES;
    if (shared && (prot & PROT_WRITE) && !(file->mode & FILE_WRITE))
        return -EACCES;
    return file->ops->map ? 0 : -ENODEV;
}

/* The first map operation settles which backing the description stands for; its count lasts as long
 * as the description. */
static bool source_settle(struct file *file, struct backing *backing)
{
    struct backing *none = NULL;

    file->source.get = source_get;
    file->source.put = source_put;
    if (__atomic_compare_exchange_n(&file->source.backing, &none, backing, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return true;
    if (none != backing)
        return false;
    backing_put(backing);
    return true;
}

int file_map_source(struct file *file, uint64_t prot, uint64_t flags, struct map_source **source)
{
    struct backing *backing;
    int error = check_modes(file, prot, flags);

    if (!error)
        error = file->ops->map(file, prot, flags, &backing);
    if (error)
        return error;
    if (!backing->anonymous && source_settle(file, backing)) {
        file_get(file);
        *source = &file->source;
        return 0;
    }
    *source = map_source_create(backing);
    if (!*source)
        backing_put(backing);
    return *source ? 0 : -ENOMEM;
}

void file_source_drop(struct file *file)
{
    if (!file->source.backing)
        return;
    if (file->denies_write)
        backing_allow_write(file->source.backing);
    backing_put(file->source.backing);
}
