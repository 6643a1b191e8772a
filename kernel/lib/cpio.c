/*
 * Reading newc cpio archives.
 */
#include "lib/cpio.h"

#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"

static const char magic[] = "070701";
static const char end_marker[] = "TRAILER!!!";

enum {
    MAGIC_SIZE = 6,
    FIELD_SIZE = 8,
    FIELDS = 13,
    HEADER_SIZE = MAGIC_SIZE + FIELDS * FIELD_SIZE
};

/* The fields in the order of the header. */
enum field {
    FIELD_INO,
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_LINKS,
    FIELD_MTIME,
    FIELD_FILE_SIZE,
    FIELD_DEVICE_MAJOR,
    FIELD_DEVICE_MINOR,
    FIELD_NODE_MAJOR,
    FIELD_NODE_MINOR,
    FIELD_NAME_SIZE,
    FIELD_CHECK,
};

static bool read_field(const uint8_t *digits, uint32_t *value)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < FIELD_SIZE; i++) {
        uint32_t digit;

        if (digits[i] >= '0' && digits[i] <= '9')
            digit = digits[i] - (uint32_t)'0';
        else if (digits[i] >= 'a' && digits[i] <= 'f')
            digit = digits[i] - (uint32_t)'a' + 10;
        else if (digits[i] >= 'A' && digits[i] <= 'F')
            digit = digits[i] - (uint32_t)'A' + 10;
        else
            return false;
        sum = sum << 4 | digit;
    }
    *value = sum;
    return true;
}

static bool read_header(const uint8_t *header, uint32_t fields[FIELDS])
{
    if (memcmp(header, magic, MAGIC_SIZE) != 0)
        return false;
    for (size_t i = 0; i < FIELDS; i++) {
        if (!read_field(header + MAGIC_SIZE + i * FIELD_SIZE, &fields[i]))
            return false;
    }
    return true;
}

static void fill_entry(struct cpio_entry *entry, const uint32_t fields[FIELDS])
{
    *entry = (struct cpio_entry){
        .name_size = fields[FIELD_NAME_SIZE] - 1,
        .size = fields[FIELD_FILE_SIZE],
        .ino = fields[FIELD_INO],
        .mode = fields[FIELD_MODE],
        .uid = fields[FIELD_UID],
        .gid = fields[FIELD_GID],
        .links = fields[FIELD_LINKS],
        .mtime = fields[FIELD_MTIME],
        .device_major = fields[FIELD_DEVICE_MAJOR],
        .device_minor = fields[FIELD_DEVICE_MINOR],
        .node_major = fields[FIELD_NODE_MAJOR],
        .node_minor = fields[FIELD_NODE_MINOR],
    };
}

/* Reads the member at reader->at and moves on. 1, or -EINVAL with the reader where it was. */
static int read_member(struct cpio_reader *reader, struct cpio_entry *entry)
{
    const uint8_t *header = reader->bytes + reader->at;
    size_t left = reader->size - reader->at;
    uint32_t fields[FIELDS];
    size_t name_size, data, next;

    if (left < HEADER_SIZE || !read_header(header, fields))
        return -EINVAL;
    name_size = fields[FIELD_NAME_SIZE];
    data = align_up(HEADER_SIZE + name_size, 4);
    if (name_size < 2 || data > left || fields[FIELD_FILE_SIZE] > left - data)
        return -EINVAL;
    if (memchr(header + HEADER_SIZE, '\0', name_size) != header + HEADER_SIZE + name_size - 1)
        return -EINVAL;
    fill_entry(entry, fields);
    entry->name = (const char *)header + HEADER_SIZE;
    entry->data = header + data;
    next = align_up(data + fields[FIELD_FILE_SIZE], 4);
    reader->at += min_size(next, left);
    return 1;
}

void cpio_open(struct cpio_reader *reader, const void *bytes, size_t size)
{
    *reader = (struct cpio_reader){.bytes = bytes, .size = size};
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry)
{
    int result;

    do {
        while (reader->at < reader->size && reader->bytes[reader->at] == 0)
            reader->at++;
        if (reader->at == reader->size)
            return 0;
        if (!is_aligned(reader->at, 4))
            return -EINVAL;
        result = read_member(reader, entry);
    } while (result == 1 && strcmp(entry->name, end_marker) == 0);
    return result;
}
