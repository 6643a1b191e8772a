/*
 * Extended attributes of 9p. Reading: a fid is walked to the attribute (or to the list of names),
 * read and given back. Writing: a fid for the file is turned into the attribute, written, and the
 * server's word comes with giving it back.
 */
#include "fs/p9_node.h"

#include "lib/errno.h"
#include "lib/string.h"

/* Reads all of what attribute_fid leads to, `length` bytes, or only tells the length if size is 0.
 */
static int64_t attribute_read(struct p9_client *client, uint32_t fid, int64_t length, void *value,
                              size_t size)
{
    int64_t done = 0;
    if (!size)
        return length;
    if ((uint64_t)length > size)
        return -ERANGE;
    while (done < length) {
        uint32_t count = min_size(length - done, p9_transfer_max(client));
        int64_t got = p9_read(client, fid, done, (char *)value + done, count);
        if (got <= 0)
            return got ? got : -EIO;
        done += got;
    }
    return done;
}

int64_t p9_get_xattr(struct inode *inode, const char *name, void *value, size_t size)
{
    struct p9_client *client = p9_client_of(inode);
    uint32_t fid;
    int64_t result = p9_fid_alloc(client, &fid);
    if (result)
        return result;
    result = p9_xattrwalk(client, p9_node_of(inode)->fid, fid, name);
    if (result < 0) {
        p9_fid_free(client, fid);
        return result;
    }
    result = attribute_read(client, fid, result, value, size);
    p9_clunk(client, fid);
    return result;
}

int64_t p9_list_xattr(struct inode *inode, char *list, size_t size)
{
    return p9_get_xattr(inode, "", list, size);
}

static int64_t attribute_write(struct p9_client *client, uint32_t fid, const void *value,
                               size_t size)
{
    size_t done = 0;
    while (done < size) {
        uint32_t count = min_size(size - done, p9_transfer_max(client));
        int64_t put = p9_write(client, fid, done, (const char *)value + done, count);
        if (put <= 0)
            return put ? put : -EIO;
        done += put;
    }
    return 0;
}

int p9_set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                 unsigned flags)
{
    struct p9_client *client = p9_client_of(inode);
    uint32_t fid;
    int error = p9_fid_alloc(client, &fid);
    if (error)
        return error;
    error = p9_walk(client, p9_node_of(inode)->fid, fid, NULL, NULL);
    if (error) {
        p9_fid_free(client, fid);
        return error;
    }
    error = p9_xattrcreate(client, fid, name, size, flags);
    if (!error)
        error = attribute_write(client, fid, value, size);
    int last = p9_clunk_wait(client, fid);
    return error ? error : last;
}

int p9_remove_xattr(struct inode *inode, const char *name)
{
    return p9_set_xattr(inode, name, NULL, 0, 0);
}
