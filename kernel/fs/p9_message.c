/*
 * See p9_message.h. Fields are moved byte by byte: they are not aligned, and messages are short.
 */
#include "fs/p9_message.h"

#include "lib/string.h"

static bool message_has(struct p9_message *message, size_t size)
{
    if (message->bad || message->size - message->at < size)
        message->bad = true;
    return !message->bad;
}

void p9_put_number(struct p9_message *message, uint64_t value, unsigned size)
{
    if (!message_has(message, size))
        return;
    for (unsigned i = 0; i < size; i++)
        message->bytes[message->at++] = value >> (8 * i);
}

void p9_put_text(struct p9_message *message, const char *text, size_t length)
{
    if (length > UINT16_MAX || !message_has(message, 2 + length)) {
        message->bad = true;
        return;
    }
    p9_put_u16(message, length);
    memcpy(message->bytes + message->at, text, length);
    message->at += length;
}

uint64_t p9_get_number(struct p9_message *message, unsigned size)
{
    uint64_t value = 0;
    if (!message_has(message, size))
        return 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | message->bytes[message->at + i];
    message->at += size;
    return value;
}

uint32_t p9_get_text(struct p9_message *message, const char **text)
{
    uint32_t length = p9_get_u16(message);
    *text = (const char *)message->bytes + message->at;
    if (!message_has(message, length))
        return 0;
    message->at += length;
    return length;
}

struct p9_qid p9_get_qid(struct p9_message *message)
{
    struct p9_qid qid;
    qid.type = p9_get_u8(message);
    qid.version = p9_get_u32(message);
    qid.path = p9_get_u64(message);
    return qid;
}
