/*
 * 9P messages as bytes: little-endian numbers, strings with a length of two bytes, and the message
 * types of 9P2000.L (Plan 9's manual section 5; github.com/chaos/diod, protocol.md). Pure: no lock,
 * no memory of its own.
 *
 * A message that overflows its buffer, or ends too early, turns `bad` on; further puts do nothing
 * and gets return 0, so that callers check once.
 */
#ifndef FS_P9_MESSAGE_H
#define FS_P9_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests; the reply's type is one more. */
enum p9_type {
    P9_LERROR = 6, /* only as the reply, 7 */
    P9_STATFS = 8,
    P9_LOPEN = 12,
    P9_SYMLINK = 16,
    P9_MKNOD = 18,
    P9_READLINK = 22,
    P9_GETATTR = 24,
    P9_SETATTR = 26,
    P9_XATTRWALK = 30,
    P9_XATTRCREATE = 32,
    P9_READDIR = 40,
    P9_FSYNC = 50,
    P9_LINK = 70,
    P9_MKDIR = 72,
    P9_RENAMEAT = 74,
    P9_UNLINKAT = 76,
    P9_VERSION = 100,
    P9_ATTACH = 104,
    P9_FLUSH = 108,
    P9_WALK = 110,
    P9_READ = 116,
    P9_WRITE = 118,
    P9_CLUNK = 120,
};

enum {
    P9_HEADER_SIZE = 7,       /* size[4] type[1] tag[2] */
    P9_READ_HEADER_SIZE = 11, /* and count[4] */
    P9_WRITE_HEADER_SIZE = 23,
    P9_NOTAG = 0xffff,
};
#define P9_NOFID UINT32_MAX

struct p9_message {
    uint8_t *bytes;
    uint32_t size; /* writing: room; reading: bytes of the message */
    uint32_t at;   /* where the next field goes or comes from */
    bool bad;
};

/* What the server says a file is: type is 0x80 for directories, 0x02 for symbolic links; path is
 * its identity. */
struct p9_qid {
    uint8_t type;
    uint32_t version;
    uint64_t path;
};

void p9_put_number(struct p9_message *message, uint64_t value, unsigned size);
void p9_put_text(struct p9_message *message, const char *text, size_t length);
uint64_t p9_get_number(struct p9_message *message, unsigned size);
/* A string in place: its length; *text points into the message. */
uint32_t p9_get_text(struct p9_message *message, const char **text);
struct p9_qid p9_get_qid(struct p9_message *message);

static inline void p9_put_u8(struct p9_message *message, uint8_t value)
{
    p9_put_number(message, value, 1);
}
static inline void p9_put_u16(struct p9_message *message, uint16_t value)
{
    p9_put_number(message, value, 2);
}
static inline void p9_put_u32(struct p9_message *message, uint32_t value)
{
    p9_put_number(message, value, 4);
}
static inline void p9_put_u64(struct p9_message *message, uint64_t value)
{
    p9_put_number(message, value, 8);
}
static inline uint8_t p9_get_u8(struct p9_message *message)
{
    return p9_get_number(message, 1);
}
static inline uint16_t p9_get_u16(struct p9_message *message)
{
    return p9_get_number(message, 2);
}
static inline uint32_t p9_get_u32(struct p9_message *message)
{
    return p9_get_number(message, 4);
}
static inline uint64_t p9_get_u64(struct p9_message *message)
{
    return p9_get_number(message, 8);
}

#endif
