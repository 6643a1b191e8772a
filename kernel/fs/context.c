/*
 * Roots, working directories and umasks. See context.h. Reading costs two atomic operations;
 * forking one small object.
 */
#include "fs/context.h"
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "mem/slab.h"

static struct slab_cache context_cache = SLAB_CACHE("fs_context", sizeof(struct fs_context));
static struct slab_cache places_cache = SLAB_CACHE("fs_places", sizeof(struct fs_places));

/* New places with one count; takes own counts of the paths. NULL: no memory. */
static struct fs_places *places_create(const struct path *root, const struct path *cwd)
{
    struct fs_places *places = slab_alloc(&places_cache);

    if (!places)
        return NULL;
    places->refs = 1;
    places->root = *root;
    places->cwd = *cwd;
    path_get(root);
    path_get(cwd);
    return places;
}

/* Places in the root of all. */
static struct fs_places *places_initial(void)
{
    struct mount *mount = mount_root_get();
    struct path root = {mount, dentry_get(mount->root)};
    struct fs_places *places;

    mount_cross_down(&root);
    places = places_create(&root, &root);
    path_put(&root);
    return places;
}

static struct fs_context *context_create(struct fs_places *places, uint32_t umask)
{
    struct fs_context *context = places ? slab_alloc_zero(&context_cache) : NULL;

    if (!context) {
        fs_places_put(places);
        return NULL;
    }
    context->refs = 1;
    context->umask = umask;
    context->places = places;
    return context;
}

struct fs_context *fs_context_create(void)
{
    return context_create(places_initial(), 022);
}

struct fs_context *fs_context_fork(struct fs_context *parent)
{
    return context_create(fs_places_get(parent), atomic_load(&parent->umask));
}

struct fs_context *fs_context_get(struct fs_context *context)
{
    atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    return context;
}

void fs_context_drop(struct fs_context *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) != 1)
        return;
    fs_places_put(context->places);
    slab_free(&context_cache, context);
}

struct fs_places *fs_places_get(struct fs_context *context)
{
    struct fs_places *places;

    if (!context)
        return places_initial();
    spin_lock(&context->lock);
    places = context->places;
    atomic_fetch_add_explicit(&places->refs, 1, memory_order_relaxed);
    spin_unlock(&context->lock);
    return places;
}

void fs_places_put(struct fs_places *places)
{
    if (!places || atomic_fetch_sub_explicit(&places->refs, 1, memory_order_acq_rel) != 1)
        return;
    path_put(&places->root);
    path_put(&places->cwd);
    slab_free(&places_cache, places);
}

/* Installs a copy in which root or cwd is replaced (NULL: as it was). */
static int context_set(struct fs_context *context, const struct path *root, const struct path *cwd)
{
    struct fs_places *old, *seen, *fresh;

    for (;;) {
        seen = fs_places_get(context);
        fresh = places_create(root ? root : &seen->root, cwd ? cwd : &seen->cwd);
        if (!fresh) {
            fs_places_put(seen);
            return -ENOMEM;
        }
        spin_lock(&context->lock);
        old = context->places;
        if (old == seen)
            context->places = fresh;
        spin_unlock(&context->lock);
        fs_places_put(seen);
        if (old == seen)
            break;
        fs_places_put(fresh);
    }
    fs_places_put(old);
    return 0;
}

int fs_context_set_cwd(struct fs_context *context, const struct path *path)
{
    return context_set(context, NULL, path);
}

int fs_context_set_root(struct fs_context *context, const struct path *path)
{
    return context_set(context, path, NULL);
}

uint32_t fs_context_set_umask(struct fs_context *context, uint32_t umask)
{
    return atomic_exchange(&context->umask, umask & 0777);
}
