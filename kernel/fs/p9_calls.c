/*
 * See p9_calls.h. Each call makes a request, puts its fields, runs it and gets the reply's fields;
 * the sizes given to request_begin are upper bounds of both.
 */
#include "fs/p9_calls.h"

#include "file/caller.h"
#include "file/cred.h"
#include "fs/filesystem.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

static const char dialect[] = "9P2000.L";

enum {
    QID_SIZE = 13,
    ATTRIBUTES_SIZE = 160,
    USAGE_SIZE = 60,
    GETATTR_ALL = 0x3fff,
    /* valid bits of Tsetattr that inode_change.mask lacks or spells otherwise */
    SETATTR_CTIME = 0x40,
    SETATTR_ATIME_SET = 0x80,
    SETATTR_MTIME_SET = 0x100,
};

static struct p9_request *request_begin(struct p9_client *client, enum p9_type type, uint32_t fid,
                                        uint32_t out_size, uint32_t in_size)
{
    struct p9_request *request = p9_request_create(client, type, 4 + out_size, in_size);
    if (request)
        p9_put_u32(&request->out, fid);
    return request;
}

static void put_name(struct p9_request *request, const struct name *name)
{
    p9_put_text(&request->out, name->text, name->length);
}

static void put_text(struct p9_request *request, const char *text)
{
    p9_put_text(&request->out, text, strlen(text));
}

/* Runs a request whose reply has nothing of interest, and frees it. */
static int request_finish(struct p9_request *request)
{
    int error = p9_request_run(request, P9_KILLABLE);
    p9_request_free(request);
    return error;
}

int p9_version(struct p9_client *client, uint32_t msize)
{
    struct p9_request *request = request_begin(client, P9_VERSION, msize, 16, 32);
    const char *text;
    if (!request)
        return -ENOMEM;
    put_text(request, dialect);
    int error = p9_request_run(request, P9_KILLABLE);
    uint32_t agreed = p9_get_u32(&request->in), length = p9_get_text(&request->in, &text);
    if (!error && (length != strlen(dialect) || memcmp(text, dialect, length) != 0))
        error = -EPROTO;
    if (!error && (agreed < P9_MSIZE_MIN || agreed > msize))
        error = -EPROTO;
    if (!error)
        client->msize = agreed;
    p9_request_free(request);
    return error;
}

/* Without a user number the server acts as itself, which is who started the machine. */
int p9_attach(struct p9_client *client, uint32_t fid, const char *user, const char *tree)
{
    uint32_t size = 12 + strlen(user) + strlen(tree);
    struct p9_request *request = request_begin(client, P9_ATTACH, fid, size, QID_SIZE);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, P9_NOFID);
    put_text(request, user);
    put_text(request, tree);
    p9_put_u32(&request->out, UINT32_MAX);
    return request_finish(request);
}

int p9_walk(struct p9_client *client, uint32_t fid, uint32_t new_fid, const struct name *name,
            struct p9_qid *qid)
{
    uint32_t length = name ? 2 + name->length : 0;
    struct p9_request *request = request_begin(client, P9_WALK, fid, 6 + length, 2 + QID_SIZE);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, new_fid);
    p9_put_u16(&request->out, name ? 1 : 0);
    if (name)
        put_name(request, name);
    int error = p9_request_run(request, P9_KILLABLE);
    if (!error && p9_get_u16(&request->in) != (name ? 1 : 0))
        error = -ENOENT;
    if (!error && qid)
        *qid = p9_get_qid(&request->in);
    p9_request_free(request);
    return error;
}

static int64_t get_time(struct p9_message *in)
{
    int64_t seconds = p9_get_u64(in);
    return seconds * 1000000000 + (int64_t)p9_get_u64(in);
}

static void get_attributes(struct p9_message *in, struct p9_attributes *attributes)
{
    p9_get_u64(in); /* which fields are valid: a server that leaves some out sends zeros */
    attributes->qid = p9_get_qid(in);
    attributes->mode = p9_get_u32(in);
    attributes->uid = p9_get_u32(in);
    attributes->gid = p9_get_u32(in);
    attributes->links = p9_get_u64(in);
    attributes->rdev = p9_get_u64(in);
    attributes->size = p9_get_u64(in);
    p9_get_u64(in); /* block size */
    attributes->blocks = p9_get_u64(in);
    attributes->atime = get_time(in);
    attributes->mtime = get_time(in);
    attributes->ctime = get_time(in);
    attributes->btime = get_time(in);
}

int p9_getattr(struct p9_client *client, uint32_t fid, struct p9_attributes *attributes)
{
    struct p9_request *request = request_begin(client, P9_GETATTR, fid, 8, ATTRIBUTES_SIZE);
    if (!request)
        return -ENOMEM;
    p9_put_u64(&request->out, GETATTR_ALL);
    int error = p9_request_run(request, P9_KILLABLE);
    if (!error) {
        get_attributes(&request->in, attributes);
        error = request->in.bad ? -EIO : 0;
    }
    p9_request_free(request);
    return error;
}

static void put_time(struct p9_message *out, int64_t time)
{
    int64_t seconds = time / 1000000000, rest = time % 1000000000;
    p9_put_u64(out, rest < 0 ? seconds - 1 : seconds);
    p9_put_u64(out, rest < 0 ? rest + 1000000000 : rest);
}

/* The first six bits of the mask are those of Tsetattr; the server sets ctime by itself with any
 * other change. */
static uint32_t setattr_valid(uint32_t mask)
{
    uint32_t valid = mask & ~(uint32_t)INODE_CHANGE_CTIME;
    if (valid & INODE_CHANGE_ATIME)
        valid |= SETATTR_ATIME_SET;
    if (valid & INODE_CHANGE_MTIME)
        valid |= SETATTR_MTIME_SET;
    return valid;
}

int p9_setattr(struct p9_client *client, uint32_t fid, const struct inode_change *change)
{
    struct p9_request *request = request_begin(client, P9_SETATTR, fid, 56, 0);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, setattr_valid(change->mask));
    p9_put_u32(&request->out, change->mode);
    p9_put_u32(&request->out, change->uid);
    p9_put_u32(&request->out, change->gid);
    p9_put_u64(&request->out, change->size);
    put_time(&request->out, change->atime);
    put_time(&request->out, change->mtime);
    return request_finish(request);
}

int p9_lopen(struct p9_client *client, uint32_t fid, uint32_t flags)
{
    struct p9_request *request = request_begin(client, P9_LOPEN, fid, 4, QID_SIZE + 4);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, flags);
    return request_finish(request);
}

static enum p9_type make_type(uint32_t mode)
{
    if (S_ISDIR(mode))
        return P9_MKDIR;
    return S_ISLNK(mode) ? P9_SYMLINK : P9_MKNOD;
}

int p9_make(struct p9_client *client, uint32_t directory, const struct name *name,
            const struct inode_new *new_inode)
{
    enum p9_type type = make_type(new_inode->mode);
    uint32_t size = 20 + name->length + (type == P9_SYMLINK ? strlen(new_inode->target) : 0);
    struct p9_request *request = request_begin(client, type, directory, size, QID_SIZE);
    if (!request)
        return -ENOMEM;
    put_name(request, name);
    if (type == P9_SYMLINK)
        put_text(request, new_inode->target);
    else
        p9_put_u32(&request->out, type == P9_MKDIR ? new_inode->mode & 07777 : new_inode->mode);
    if (type == P9_MKNOD) {
        p9_put_u32(&request->out, device_major(new_inode->rdev));
        p9_put_u32(&request->out, device_minor(new_inode->rdev));
    }
    p9_put_u32(&request->out, new_inode->gid);
    return request_finish(request);
}

int p9_link(struct p9_client *client, uint32_t directory, uint32_t fid, const struct name *name)
{
    struct p9_request *request = request_begin(client, P9_LINK, directory, 6 + name->length, 0);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, fid);
    put_name(request, name);
    return request_finish(request);
}

int p9_renameat(struct p9_client *client, uint32_t from_directory, const struct name *from,
                uint32_t to_directory, const struct name *to)
{
    uint32_t size = 8 + from->length + to->length;
    struct p9_request *request = request_begin(client, P9_RENAMEAT, from_directory, size, 0);
    if (!request)
        return -ENOMEM;
    put_name(request, from);
    p9_put_u32(&request->out, to_directory);
    put_name(request, to);
    return request_finish(request);
}

int p9_unlinkat(struct p9_client *client, uint32_t directory, const struct name *name,
                bool is_directory)
{
    struct p9_request *request = request_begin(client, P9_UNLINKAT, directory, 6 + name->length, 0);
    if (!request)
        return -ENOMEM;
    put_name(request, name);
    p9_put_u32(&request->out, is_directory ? AT_REMOVEDIR : 0);
    return request_finish(request);
}

int64_t p9_readlink(struct p9_client *client, uint32_t fid, char *buffer, size_t size)
{
    enum { TARGET_MAX = 4096 };
    struct p9_request *request = request_begin(client, P9_READLINK, fid, 0, 2 + TARGET_MAX);
    const char *text;
    if (!request)
        return -ENOMEM;
    int64_t result = p9_request_run(request, P9_KILLABLE);
    if (!result) {
        result = min_size(p9_get_text(&request->in, &text), size);
        memcpy(buffer, text, result);
    }
    p9_request_free(request);
    return result;
}

int p9_fsync(struct p9_client *client, uint32_t fid, bool data_only)
{
    struct p9_request *request = request_begin(client, P9_FSYNC, fid, 4, 0);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, data_only);
    return request_finish(request);
}

int p9_statfs(struct p9_client *client, uint32_t fid, struct filesystem_usage *usage)
{
    struct p9_request *request = request_begin(client, P9_STATFS, fid, 0, USAGE_SIZE);
    if (!request)
        return -ENOMEM;
    int error = p9_request_run(request, P9_KILLABLE);
    if (!error) {
        struct p9_message *in = &request->in;
        p9_get_u32(in); /* type */
        usage->block_size = p9_get_u32(in);
        usage->blocks = p9_get_u64(in);
        usage->blocks_free = p9_get_u64(in);
        usage->blocks_available = p9_get_u64(in);
        usage->files = p9_get_u64(in);
        usage->files_free = p9_get_u64(in);
        p9_get_u64(in); /* fsid */
        usage->name_length = p9_get_u32(in);
        error = in->bad ? -EIO : 0;
    }
    p9_request_free(request);
    return error;
}

static int clunk_wait(struct p9_request *request, struct p9_client *client, uint32_t fid)
{
    int error = p9_request_run(request, P9_PATIENT);
    p9_fid_free(client, fid);
    return error;
}

/* The one spare request serves those for whom there is no memory, one after the other. */
static int clunk_spare(struct p9_client *client, uint32_t fid)
{
    struct p9_request *spare = client->spare;
    mutex_lock(&client->spare_lock);
    spare->out.at = P9_HEADER_SIZE;
    spare->in.size = P9_HEADER_SIZE + 4;
    spare->in.at = 0;
    atomic_store(&spare->ended, false);
    p9_put_u32(&spare->out, fid);
    int error = clunk_wait(spare, client, fid);
    mutex_unlock(&client->spare_lock);
    return error;
}

int p9_clunk_wait(struct p9_client *client, uint32_t fid)
{
    struct p9_request *request = request_begin(client, P9_CLUNK, fid, 0, 0);
    if (!request)
        return clunk_spare(client, fid);
    int error = clunk_wait(request, client, fid);
    p9_request_free(request);
    return error;
}

void p9_clunk(struct p9_client *client, uint32_t fid)
{
    struct p9_request *request = request_begin(client, P9_CLUNK, fid, 0, 0);
    if (request)
        p9_request_detach(request, fid);
    else
        clunk_spare(client, fid);
}
