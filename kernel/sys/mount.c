/*
 * mount(2), umount2(2), pivot_root(2). There is one namespace, so the kinds of propagation are
 * accepted and mean nothing.
 */
#include "fs/mount.h"
#include "file/caller.h"
#include "file/cred.h"
#include "fs/context.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>

enum {
    PROPAGATION = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE,
    UMOUNT_FLAGS = 15, /* MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW */
    UMOUNT_EXPIRE = 4,
    UMOUNT_NOFOLLOW = 8,
};

/* The text arguments of mount(2), each "" if it was NULL. */
struct mount_text {
    char *source, *type, *options;
    bool has_type;
};

static int text_optional(struct uaddr from, char **text)
{
    if (from.value)
        return string_argument(from, PATH_MAX, text);
    *text = heap_string("");
    return *text ? 0 : -ENOMEM;
}

static void mount_text_drop(struct mount_text *text)
{
    heap_free(text->source);
    heap_free(text->type);
    heap_free(text->options);
}

static int mount_text_read(struct mount_text *text, struct uaddr source, struct uaddr type,
                           struct uaddr data)
{
    int error;

    *text = (struct mount_text){.has_type = type.value};
    error = text_optional(type, &text->type);
    if (error) {
        text->type = NULL;
        return error;
    }
    error = text_optional(source, &text->source);
    if (error) {
        text->source = NULL;
        return error;
    }
    error = text_optional(data, &text->options);
    if (error)
        text->options = NULL;
    return error;
}

static int mount_from(const struct mount_text *text, const struct path *where, uint32_t flags)
{
    struct path from;
    int error;

    if (!*text->source)
        return -EINVAL;
    error = path_resolve(AT_FDCWD, text->source, PATH_FOLLOW, &from);
    if (error)
        return error;
    if (flags & MS_MOVE)
        error = mount_move(&from, where);
    else
        error = mount_bind(&from, where, flags & MS_REC);
    path_put(&from);
    return error;
}

static int mount_propagation(const struct path *where, uint32_t flags)
{
    uint32_t kind = flags & PROPAGATION;

    if ((flags & ~(uint32_t)(PROPAGATION | MS_REC | MS_SILENT)) || (kind & (kind - 1)))
        return -EINVAL;
    return where->dentry == where->mount->root ? 0 : -EINVAL;
}

static int mount_dispatch(const struct mount_text *text, const struct path *where, uint32_t flags)
{
    uint32_t remembered = flags;

    if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
        remembered |= MS_RELATIME;
    if ((flags & (MS_REMOUNT | MS_BIND)) == (MS_REMOUNT | MS_BIND))
        return mount_remount(where, remembered, "", true);
    if (flags & MS_REMOUNT)
        return mount_remount(where, remembered, text->options, false);
    if (flags & PROPAGATION)
        return mount_propagation(where, flags);
    if (flags & (MS_BIND | MS_MOVE))
        return mount_from(text, where, flags);
    if (!text->has_type)
        return -EINVAL;
    return mount_new(where, text->type, text->source, text->options, remembered);
}

int64_t sys_mount(struct uaddr source, struct uaddr target, struct uaddr type, uint64_t flags,
                  struct uaddr data)
{
    struct mount_text text;
    struct path where;
    int error = mount_text_read(&text, source, type, data);

    if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
        flags &= ~(uint64_t)MS_MGC_MSK;
    error = error ?: path_resolve_user(AT_FDCWD, target, PATH_FOLLOW, &where);
    if (!error) {
        if (!cred_capable(caller_cred(), CAP_SYS_ADMIN))
            error = -EPERM;
        else
            error = mount_dispatch(&text, &where, (uint32_t)flags);
        path_put(&where);
    }
    mount_text_drop(&text);
    return error;
}

int64_t sys_umount2(struct uaddr target, int32_t flags)
{
    struct path where;
    int error;

    if ((flags & ~UMOUNT_FLAGS) || ((flags & UMOUNT_EXPIRE) && (flags & 3)))
        return -EINVAL;
    if (!cred_capable(caller_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    error =
        path_resolve_user(AT_FDCWD, target, (flags & UMOUNT_NOFOLLOW) ? 0 : PATH_FOLLOW, &where);
    if (error)
        return error;
    error = mount_remove(&where, (unsigned)flags);
    path_put(&where);
    return error;
}

/* The caller's own root and working directory follow when they were the old root. */
static int pivot_move_caller(const struct path *new_root, const struct path *old_root)
{
    struct fs_places *places = fs_places_get(caller_fs());
    int error = 0;

    if (places->cwd.dentry == old_root->dentry && places->cwd.mount == old_root->mount)
        error = fs_context_set_cwd(caller_fs(), new_root);
    error = error ?: fs_context_set_root(caller_fs(), new_root);
    fs_places_put(places);
    return error;
}

int64_t sys_pivot_root(struct uaddr new, struct uaddr old)
{
    struct fs_places *places;
    struct path new_root, put_old;
    int error;

    if (!cred_capable(caller_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    error = path_resolve_user(AT_FDCWD, new, PATH_FOLLOW | PATH_DIRECTORY, &new_root);
    if (error)
        return error;
    error = path_resolve_user(AT_FDCWD, old, PATH_FOLLOW | PATH_DIRECTORY, &put_old);
    if (!error) {
        places = fs_places_get(caller_fs());
        error = mount_pivot(&new_root, &put_old, &places->root)
                    ?: pivot_move_caller(&new_root, &places->root);
        fs_places_put(places);
        path_put(&put_old);
    }
    path_put(&new_root);
    return error;
}
