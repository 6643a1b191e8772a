/*
 * Pipes and FIFOs: see pipe.c for the theory. fs calls the FIFO part with the slot that its inode
 * keeps for it.
 */
#ifndef FILE_PIPE_H
#define FILE_PIPE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct file;
struct pipe;

/* pipe2(2): both ends, each an opened description with one reference. flags: O_NONBLOCK, O_DIRECT.
 * 0 or -ENOMEM, -ENFILE. */
int pipe_make(uint32_t flags, struct file **reader, struct file **writer);

/*
 * Opens a FIFO whose pipe lives in *slot (NULL: none yet; it is made with the first open and goes
 * with the last close). `file` has its mode and flags; its ops and private are set. Blocks by
 * fifo(7): 0, -ERESTARTSYS, -ENXIO (writing, O_NONBLOCK, no reader), -ENOMEM. The slot must outlive
 * the description.
 */
int pipe_open_fifo(_Atomic(void *) *slot, struct file *file);

/* The pipe behind a description, or NULL if it is no pipe. */
struct pipe *pipe_of_file(struct file *file);

/* fcntl(2): the capacity in bytes; setting it rounds up to a power of two pages and returns the new
   capacity, -EBUSY, -EPERM, -EINVAL, -ENOMEM. */
int64_t pipe_capacity(struct pipe *pipe);
int64_t pipe_set_capacity(struct pipe *pipe, uint64_t bytes);

/* tee(2): copies up to `count` bytes from one pipe to another without taking them. Bytes, 0 (no
   writer), -EAGAIN, -EINVAL (the same pipe), -EPIPE, -ERESTARTSYS. */
int64_t pipe_tee(struct file *from, struct file *to, uint64_t count, bool nonblocking);
/* splice(2) between pipes: the same, but takes the bytes. */
int64_t pipe_move(struct file *from, struct file *to, uint64_t count, bool nonblocking);
/* splice(2) from a pipe to another kind of file, at *position (NULL: its own): takes what the file
   takes, holding the pipe meanwhile. Bytes, 0 (no writer), -errno. */
int64_t pipe_send(struct file *from, struct file *to, uint64_t *position, uint64_t count,
                  bool nonblocking);
/* Waits until a write of a page would not: 0, -EAGAIN, -EPIPE (with SIGPIPE), -ERESTARTSYS. */
int pipe_wait_room(struct file *file, bool nonblocking);

#endif
