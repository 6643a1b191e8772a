/*
 * The list of types and the life of instances. Types are registered at boot and never go away, so
 * the list is read without a lock; type_lock serialises the first instance of a FILESYSTEM_SINGLE
 * type (taken in mount.c through filesystem_make).
 */
#include "fs/filesystem.h"
#include "fs/dentry.h"
#include "fs/filesystem_internal.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"

STAILQ_HEAD(type_list, filesystem_type);

static struct type_list types = STAILQ_HEAD_INITIALIZER(types);
static struct mutex type_lock;
static _Atomic uint32_t next_device = 1;
static struct slab_cache filesystem_cache = SLAB_CACHE("filesystem", sizeof(struct filesystem));

void filesystem_register(struct filesystem_type *type)
{
    STAILQ_INSERT_TAIL(&types, type, link);
}

struct filesystem_type *filesystem_find(const char *name)
{
    struct filesystem_type *type;

    STAILQ_FOREACH(type, &types, link)
    if (!strcmp(type->name, name))
        return type;
    return NULL;
}

void filesystem_visit(void (*visit)(const struct filesystem_type *type, void *argument),
                      void *argument)
{
    struct filesystem_type *type;

    STAILQ_FOREACH(type, &types, link)
    visit(type, argument);
}

struct filesystem *filesystem_create(struct filesystem_type *type)
{
    struct filesystem *filesystem = slab_alloc_zero(&filesystem_cache);

    if (!filesystem)
        return NULL;
    filesystem->refs = 1;
    filesystem->type = type;
    filesystem->ops = type->ops;
    filesystem->device = atomic_fetch_add(&next_device, 1);
    filesystem->next_number = 1;
    return filesystem;
}

struct filesystem *filesystem_get(struct filesystem *filesystem)
{
    atomic_fetch_add_explicit(&filesystem->refs, 1, memory_order_relaxed);
    return filesystem;
}

void filesystem_put(struct filesystem *filesystem)
{
    if (atomic_fetch_sub_explicit(&filesystem->refs, 1, memory_order_acq_rel) != 1)
        return;
    dentry_cache_drop(filesystem);
    dentry_put(filesystem->root);
    if (filesystem->ops && filesystem->ops->release)
        filesystem->ops->release(filesystem);
    slab_free(&filesystem_cache, filesystem);
}

static int filesystem_make_single(struct filesystem_type *type, const char *source,
                                  const char *options, struct filesystem **filesystem)
{
    int error = 0;

    mutex_lock(&type_lock);
    if (!type->single)
        error = type->make(type, source, options, &type->single);
    if (!error)
        *filesystem = filesystem_get(type->single);
    mutex_unlock(&type_lock);
    return error;
}

int filesystem_make(const char *name, const char *source, const char *options,
                    struct filesystem **filesystem)
{
    struct filesystem_type *type = filesystem_find(name);

    if (!type)
        return -ENODEV;
    if (type->flags & FILESYSTEM_SINGLE)
        return filesystem_make_single(type, source, options, filesystem);
    return type->make(type, source, options, filesystem);
}

bool filesystem_option(char **options, char **key, char **value)
{
    char *text = *options, *end, *equals;

    while (*text == ',')
        text++;
    if (!*text)
        return false;
    end = strchr(text, ',');
    *options = end ? end + 1 : text + strlen(text);
    if (end)
        *end = '\0';
    equals = strchr(text, '=');
    if (equals)
        *equals = '\0';
    *key = text;
    *value = equals ? equals + 1 : NULL;
    return true;
}
