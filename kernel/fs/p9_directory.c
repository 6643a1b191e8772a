/*
 * Reading directories of 9p. A listing keeps the last reply and hands its entries out one by one;
 * an entry's position is the server's cookie, 0 at the start ("." and ".." are among the server's
 * entries). A seek elsewhere drops the reply.
 *
 * Locks: position_lock guards the listing.
 */
#include "fs/p9_node.h"

#include "file/file.h"
#include "fs/directory.h"
#include "lib/errno.h"
#include "mem/slab.h"

enum { LISTING_SIZE = 64 * 1024 - 256, TYPE_SHIFT = 12 };

/* file->private is the fid until the first reading, then the listing: so opening allocates nothing.
 */
struct listing {
    uint32_t fid;
    uint64_t cookie;         /* position of the entry at reply.at */
    struct p9_message reply; /* entries not handed out yet */
    uint8_t bytes[LISTING_SIZE];
};

enum { PRIVATE_FID_LIMIT_SHIFT = 32 };

static bool is_listing(const struct file *file)
{
    return (uintptr_t)file->private >> PRIVATE_FID_LIMIT_SHIFT;
}

static struct listing *listing_get(struct file *file)
{
    if (is_listing(file))
        return file->private;
    struct listing *listing = heap_alloc(sizeof(*listing));
    if (!listing)
        return NULL;
    listing->fid = (uintptr_t)file->private;
    listing->reply = (struct p9_message){.bytes = listing->bytes};
    listing->cookie = 0;
    file->private = listing;
    return listing;
}

/* Makes the reply start at `position`: bytes in it, 0 at the end of the directory. */
static int64_t listing_fetch(struct file *file, struct listing *listing, uint64_t position)
{
    struct p9_client *client = p9_client_of(file->inode);
    struct p9_message *reply = &listing->reply;
    if (listing->cookie == position && reply->at < reply->size)
        return reply->size - reply->at;
    uint32_t size = min_size(LISTING_SIZE, p9_transfer_max(client));
    int64_t count = p9_readdir(client, listing->fid, position, listing->bytes, size);
    listing->cookie = position;
    *reply = (struct p9_message){.bytes = listing->bytes, .size = count > 0 ? count : 0};
    return count;
}

/* Hands out the entry at reply->at: 1, 0 (the reader is full), -EIO. */
static int entry_add(struct file *file, struct listing *listing, struct directory_reader *reader)
{
    struct p9_message *reply = &listing->reply;
    uint32_t start = reply->at;
    const char *name;
    struct p9_qid qid = p9_get_qid(reply);
    uint64_t next = p9_get_u64(reply);
    uint32_t type = p9_get_u8(reply);
    uint32_t length = p9_get_text(reply, &name);
    if (reply->bad)
        return -EIO;
    if (!directory_add(reader, file, name, length, qid.path, type << TYPE_SHIFT, next)) {
        reply->at = start;
        return 0;
    }
    listing->cookie = next;
    return 1;
}

static int directory_list(struct file *file, struct directory_reader *reader)
{
    struct listing *listing = listing_get(file);
    if (!listing)
        return -ENOMEM;
    for (;;) {
        int64_t result = listing_fetch(file, listing, file->position);
        if (result <= 0)
            return result;
        result = entry_add(file, listing, reader);
        if (result <= 0)
            return result;
    }
}

static int directory_sync(struct file *file, bool data_only)
{
    uint32_t fid = is_listing(file) ? ((struct listing *)file->private)->fid
                                    : (uint32_t)(uintptr_t)file->private;
    return p9_fsync(p9_client_of(file->inode), fid, data_only);
}

/* A new start must see what is new: the reply is dropped. */
static int64_t directory_seek_fresh(struct file *file, int64_t offset, int whence)
{
    int64_t position = directory_seek(file, offset, whence);
    if (position == 0 && is_listing(file))
        ((struct listing *)file->private)->reply.size = 0;
    return position;
}

static void directory_release(struct file *file)
{
    struct p9_client *client = p9_client_of(file->inode);
    if (!is_listing(file)) {
        p9_clunk(client, (uintptr_t)file->private);
        return;
    }
    struct listing *listing = file->private;
    p9_clunk(client, listing->fid);
    heap_free(listing);
}

const struct file_ops p9_directory_ops = {
    .read_directory = directory_list,
    .seek = directory_seek_fresh,
    .sync = directory_sync,
    .release = directory_release,
};
