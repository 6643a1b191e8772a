/*
 * Reading directories: file_ops.read_directory calls directory_add() for each entry from
 * file->position on.
 */
#ifndef FS_DIRECTORY_H
#define FS_DIRECTORY_H

#include <linux/stat.h>
#include <stdbool.h>
#include <stdint.h>

struct file;
struct inode;

struct directory_reader {
    /* Takes one entry. False: it is full, and this entry must come again. type: S_IFMT bits of the
       mode, 0: unknown. next: what the description's position is after this entry. */
    bool (*add)(struct directory_reader *reader, const char *name, uint32_t length, uint64_t number,
                uint32_t type, uint64_t next);
};

/* Adds an entry and moves file->position to `next` if it was taken. */
bool directory_add(struct directory_reader *reader, struct file *file, const char *name,
                   uint32_t length, uint64_t number, uint32_t type, uint64_t next);
/* Adds "." and ".." at positions 0 and 1, if file->position is there. False: full. */
bool directory_add_dots(struct directory_reader *reader, struct file *file);
/* Reads on from file->position with all that getdents(2) checks; position_lock held. 0 or -errno.
 */
int directory_read(struct file *file, struct directory_reader *reader);

/* lseek for directories whose positions are numbers that the file system chose; position_lock held.
 */
int64_t directory_seek(struct file *file, int64_t offset, int whence);

#endif
