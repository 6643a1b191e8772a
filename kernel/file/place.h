/*
 * What an open description holds in file systems (its path, its inode, locks, write counts), and how the file layer lets go of
 * it. Declared here, implemented by fs (fs/place.c), which stands above.
 */
#ifndef FILE_PLACE_H
#define FILE_PLACE_H

struct file;
struct file_table;

/* The last reference is gone and ops->release was called: releases flock and open-file-description locks, the count of
   writers, file->path and file->inode. All of them may be empty. May sleep. */
void file_place_drop(struct file *file);
/* A descriptor of `table` that led to file was closed: POSIX record locks that were set through this table on its inode are gone.
   Called when table->record_locks is set. */
void file_place_closed(struct file_table *table, struct file *file);

#endif
