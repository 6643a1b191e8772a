/*
 * What all directories share when they are read: the frame around a file system's read_directory,
 * "." and "..", and seeking.
 */
#include "fs/directory.h"
#include "fs/dentry.h"
#include "fs/regular.h"
#include "lib/errno.h"
#include <linux/fs.h>

bool directory_add(struct directory_reader *reader, struct file *file, const char *name,
                   uint32_t length, uint64_t number, uint32_t type, uint64_t next)
{
    if (!reader->add(reader, name, length, number, type, next))
        return false;
    file->position = next;
    return true;
}

bool directory_add_dots(struct directory_reader *reader, struct file *file)
{
    struct dentry *parent;
    uint64_t number;

    if (file->position == 0 &&
        !directory_add(reader, file, ".", 1, file->inode->number, S_IFDIR, 1))
        return false;
    if (file->position != 1)
        return true;
    parent = dentry_parent(file->path.dentry);
    number = dentry_inode(parent)->number;
    dentry_put(parent);
    return directory_add(reader, file, "..", 2, number, S_IFDIR, 2);
}

int directory_read(struct file *file, struct directory_reader *reader)
{
    int error;

    if (!file->ops->read_directory || !file->inode)
        return -ENOTDIR;
    if (!file->inode->links)
        return -ENOENT;
    error = file->ops->read_directory(file, reader);
    file_accessed(file);
    return error;
}

int64_t directory_seek(struct file *file, int64_t offset, int whence)
{
    int64_t result = -EINVAL;

    if (whence == SEEK_CUR)
        offset += (int64_t)file->position;
    if ((whence == SEEK_SET || whence == SEEK_CUR) && offset >= 0) {
        file->position = (uint64_t)offset;
        result = offset;
    }
    return result;
}
