/*
 * How an open description lets go of file systems: declared in file/file.h, since the file layer
 * stands below.
 */
#include "file/file.h"
#include "fs/inode.h"
#include "fs/lock.h"
#include "fs/open.h"
#include "fs/path.h"

void file_place_put(struct file *file)
{
    if (file->mode & FILE_WRITER)
        file_write_end(file->path.mount, file->inode);
    path_put(&file->path);
    inode_put(file->inode);
}

void file_locks_release(struct file *file)
{
    lock_drop_file(file);
}

void file_locks_close(struct file *file, struct file_table *table)
{
    if (file->inode)
        lock_drop_table(table, file->inode);
}
