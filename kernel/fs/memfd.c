/*
 * memfd: regular files of an instance of the memory file system that is mounted nowhere. Seals live
 * in the backing, where every way to change the contents passes.
 */
#include "fs/memfd.h"
#include "file/caller.h"
#include "file/cred.h"
#include "fs/memfd_internal.h"
#include "fs/memory.h"
#include "fs/open.h"
#include "fs/regular.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/space.h"
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/stat.h>

enum {
    SEALS_KNOWN = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE,
};

static struct filesystem *memfd_filesystem;
static struct file_ops memfd_file_ops;

static struct filesystem_type memfd_type = {
    .name = "memfd",
    .flags = FILESYSTEM_NODEV | FILESYSTEM_XATTR_USER,
    .magic = TMPFS_MAGIC,
    .ops = &memory_filesystem_ops,
};

static void memfd_release(struct file *file)
{
    heap_free((char *)(uintptr_t)file->name);
}

int memfd_init(void)
{
    memfd_file_ops = memory_regular_file_ops;
    memfd_file_ops.release = memfd_release;
    return memory_instance(&memfd_type, &memfd_filesystem);
}

/* The description of a fresh inode, whose count it takes. */
static int memfd_open(struct inode *inode, char *name, struct file **file)
{
    *file = file_alloc(&memfd_file_ops, FILE_READ | FILE_WRITE | FILE_SEEKABLE, O_LARGEFILE);
    if (!*file || file_write_begin(NULL, inode)) {
        if (*file)
            file_put(*file);
        heap_free(name);
        inode_put(inode);
        return -ENOMEM;
    }
    (*file)->inode = inode;
    (*file)->name = name;
    (*file)->mode |= FILE_WRITER;
    file_opened(*file);
    return 0;
}

int memfd_create(const char *name, unsigned flags, struct file **file)
{
    const struct cred *cred = caller_cred();
    struct inode_new wanted = {S_IFREG | 0777, cred->fsuid, cred->fsgid, 0, NULL};
    struct memory_inode *node;
    size_t size = strlen(name) + sizeof "/memfd: (deleted)";
    char *shown = heap_alloc(size);
    int error;

    if (!shown)
        return -ENOMEM;
    format_text(shown, size, "/memfd:%s (deleted)", name);
    error = memory_inode_create(memfd_filesystem, &wanted, 0, &node);
    if (error) {
        heap_free(shown);
        return error;
    }
    node->inode.links = 0;
    node->inode.file_ops = &memfd_file_ops;
    node->regular.backing.seals = (flags & MFD_ALLOW_SEALING) ? 0 : F_SEAL_SEAL;
    return memfd_open(&node->inode, shown, file);
}

/* The pages of a file that can carry seals: a memfd, or one in a tmpfs (which is born sealed
 * against seals). */
static struct backing *memfd_backing(struct file *file)
{
    struct inode *inode = file->inode;

    if (!inode || inode->ops != &memory_regular_ops ||
        inode->filesystem->type->magic != TMPFS_MAGIC)
        return NULL;
    return inode->backing;
}

/* The inode's lock held: seals change under it. Looks at all spaces, so without the backing's lock.
 */
static int seals_check(struct backing *backing, unsigned seals)
{
    if (backing->seals & F_SEAL_SEAL)
        return -EPERM;
    if ((seals & F_SEAL_WRITE) && !(backing->seals & F_SEAL_WRITE) &&
        space_backing_written(backing))
        return -EBUSY;
    return 0;
}

int memfd_add_seals(struct file *file, unsigned seals)
{
    struct backing *backing = memfd_backing(file);
    int error;

    if (!(file->mode & FILE_WRITE))
        return -EPERM;
    if (seals & ~(unsigned)SEALS_KNOWN)
        return -EINVAL;
    if (!backing)
        return -EINVAL;
    mutex_lock(&file->inode->lock);
    error = seals_check(backing, seals);
    if (!error) {
        mutex_lock(&backing->lock);
        backing->seals |= seals;
        mutex_unlock(&backing->lock);
    }
    mutex_unlock(&file->inode->lock);
    return error;
}

int memfd_get_seals(struct file *file)
{
    struct backing *backing = memfd_backing(file);

    return backing ? (int)backing->seals : -EINVAL;
}
