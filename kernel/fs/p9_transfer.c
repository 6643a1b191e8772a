/*
 * The requests of 9P2000.L that move data; see p9_calls.h. The data is never copied here: the
 * server reads from and writes to the caller's memory, which lies beside the message's fields in
 * the exchange.
 */
#include "fs/p9_calls.h"

#include "arch/address.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"

enum { COUNT_SIZE = 4 };

uint32_t p9_transfer_max(const struct p9_client *client)
{
    return page_floor(client->msize - P9_WRITE_HEADER_SIZE);
}

/* Reads `size` bytes into the data pieces that the request has got. Consumes the request. */
static int64_t request_read(struct p9_request *request, uint64_t offset, uint32_t size)
{
    p9_put_u64(&request->out, offset);
    p9_put_u32(&request->out, size);
    int64_t result = p9_request_run(request, P9_KILLABLE);
    if (!result) {
        result = p9_get_u32(&request->in);
        if (request->in.bad || result > size)
            result = -EIO;
    }
    p9_request_free(request);
    return result;
}

static struct p9_request *read_begin(struct p9_client *client, enum p9_type type, uint32_t fid)
{
    struct p9_request *request = p9_request_create(client, type, 16, COUNT_SIZE);
    if (request)
        p9_put_u32(&request->out, fid);
    return request;
}

static int64_t read_contiguous(struct p9_client *client, enum p9_type type, uint32_t fid,
                               uint64_t offset, void *memory, uint32_t size)
{
    struct p9_request *request = read_begin(client, type, fid);
    if (!request)
        return -ENOMEM;
    p9_request_data(request, false, memory, size);
    return request_read(request, offset, size);
}

int64_t p9_read(struct p9_client *client, uint32_t fid, uint64_t offset, void *memory,
                uint32_t size)
{
    return read_contiguous(client, P9_READ, fid, offset, memory, size);
}

int64_t p9_readdir(struct p9_client *client, uint32_t fid, uint64_t cookie, void *memory,
                   uint32_t size)
{
    return read_contiguous(client, P9_READDIR, fid, cookie, memory, size);
}

int64_t p9_read_pages(struct p9_client *client, uint32_t fid, uint64_t offset, void *const *pages,
                      unsigned count)
{
    struct p9_request *request = read_begin(client, P9_READ, fid);
    if (!request)
        return -ENOMEM;
    for (unsigned i = 0; i < count; i++)
        p9_request_data(request, false, pages[i], PAGE_SIZE);
    return request_read(request, offset, count * PAGE_SIZE);
}

int64_t p9_write(struct p9_client *client, uint32_t fid, uint64_t offset, const void *memory,
                 uint32_t size)
{
    struct p9_request *request = p9_request_create(client, P9_WRITE, 16, COUNT_SIZE);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, fid);
    p9_put_u64(&request->out, offset);
    p9_put_u32(&request->out, size);
    p9_request_data(request, true, memory, size);
    int64_t result = p9_request_run(request, P9_KILLABLE);
    if (!result) {
        result = p9_get_u32(&request->in);
        if (request->in.bad || result > size)
            result = -EIO;
    }
    p9_request_free(request);
    return result;
}

int64_t p9_xattrwalk(struct p9_client *client, uint32_t fid, uint32_t new_fid, const char *name)
{
    uint32_t length = strlen(name);
    struct p9_request *request = p9_request_create(client, P9_XATTRWALK, 10 + length, 8);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, fid);
    p9_put_u32(&request->out, new_fid);
    p9_put_text(&request->out, name, length);
    int64_t result = p9_request_run(request, P9_KILLABLE);
    if (!result)
        result = p9_get_u64(&request->in);
    p9_request_free(request);
    return result;
}

int p9_xattrcreate(struct p9_client *client, uint32_t fid, const char *name, uint64_t size,
                   uint32_t flags)
{
    uint32_t length = strlen(name);
    struct p9_request *request = p9_request_create(client, P9_XATTRCREATE, 18 + length, 0);
    if (!request)
        return -ENOMEM;
    p9_put_u32(&request->out, fid);
    p9_put_text(&request->out, name, length);
    p9_put_u64(&request->out, size);
    p9_put_u32(&request->out, flags);
    int error = p9_request_run(request, P9_KILLABLE);
    p9_request_free(request);
    return error;
}
