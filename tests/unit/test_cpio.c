/*
 * The cpio reader against archives written here member by member, cut at every byte, and damaged at
 * random. Each archive lies in an allocation of exactly its size, so that a read outside it is
 * seen.
 */
#include "unit.h"

#include "lib/cpio.h"
#include "lib/errno.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS = 6, ARCHIVE_LIMIT = 8192 };

struct member {
    char name[40];
    uint8_t data[100];
    uint32_t size, mode, ino;
};

struct archive {
    uint8_t *bytes;
    size_t size;
};

static void append(struct archive *archive, const void *bytes, size_t size)
{
    memcpy(archive->bytes + archive->size, bytes, size);
    archive->size += size;
}

static void pad(struct archive *archive, size_t align)
{
    while (archive->size % align != 0)
        archive->bytes[archive->size++] = 0;
}

static void append_member(struct archive *archive, const struct member *member)
{
    char header[111];

    sprintf(header, "070701%08X%08x%08X%08x%08X%08x%08X%08x%08X%08x%08X%08x%08X", member->ino,
            member->mode, 1000u, 100u, 2u, 0x5f000000u, member->size, 8u, 1u, 5u, 3u,
            (unsigned int)strlen(member->name) + 1, 0u);
    append(archive, header, 110);
    append(archive, member->name, strlen(member->name) + 1);
    pad(archive, 4);
    append(archive, member->data, member->size);
    pad(archive, 4);
}

static void member_random(struct member *member)
{
    size_t length = 1 + unit_random(sizeof(member->name) - 1);

    memset(member, 0, sizeof(*member));
    for (size_t i = 0; i < length; i++)
        member->name[i] = (char)('a' + unit_random(26));
    member->size = (uint32_t)unit_random(sizeof(member->data) + 1);
    for (size_t i = 0; i < member->size; i++)
        member->data[i] = (uint8_t)unit_random(256);
    member->mode = 0100644;
    member->ino = (uint32_t)unit_random(UINT32_MAX);
}

/* An archive of random members, sometimes of two archives one after the other. */
static struct archive archive_make(struct member members[MEMBERS])
{
    static const struct member end = {.name = "TRAILER!!!"};
    struct archive archive = {.bytes = malloc(ARCHIVE_LIMIT)};

    for (size_t i = 0; i < MEMBERS; i++) {
        member_random(&members[i]);
        append_member(&archive, &members[i]);
        if (unit_chance(4)) {
            append_member(&archive, &end);
            pad(&archive, 512);
        }
    }
    if (unit_chance(2))
        append_member(&archive, &end);
    if (unit_chance(2))
        pad(&archive, 512);
    archive.bytes = realloc(archive.bytes, archive.size);
    return archive;
}

static void entry_is(const struct cpio_entry *entry, const struct member *member)
{
    assert_string_equal(entry->name, member->name);
    assert_int_equal(entry->name_size, strlen(member->name));
    assert_int_equal(entry->size, member->size);
    assert_memory_equal(entry->data, member->data, member->size);
    assert_int_equal(entry->mode, member->mode);
    assert_int_equal(entry->ino, member->ino);
    assert_int_equal(entry->uid, 1000);
    assert_int_equal(entry->gid, 100);
    assert_int_equal(entry->links, 2);
    assert_int_equal(entry->mtime, 0x5f000000);
    assert_int_equal(entry->device_major, 8);
    assert_int_equal(entry->device_minor, 1);
    assert_int_equal(entry->node_major, 5);
    assert_int_equal(entry->node_minor, 3);
}

static void test_sound(void **state)
{
    (void)state;
    for (uint64_t n = unit_rounds(3000); n > 0; n--) {
        struct member members[MEMBERS];
        struct archive archive = archive_make(members);
        struct cpio_reader reader;
        struct cpio_entry entry;

        cpio_open(&reader, archive.bytes, archive.size);
        for (size_t i = 0; i < MEMBERS; i++) {
            assert_int_equal(cpio_next(&reader, &entry), 1);
            entry_is(&entry, &members[i]);
        }
        assert_int_equal(cpio_next(&reader, &entry), 0);
        assert_int_equal(cpio_next(&reader, &entry), 0);
        free(archive.bytes);
    }
}

/* Reads to the end or the first error; everything found lies inside. */
static int read_all(const uint8_t *bytes, size_t size, size_t *members)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    int result;

    cpio_open(&reader, bytes, size);
    for (*members = 0; (result = cpio_next(&reader, &entry)) == 1; ++*members) {
        const uint8_t *name = (const uint8_t *)entry.name;

        assert_true(name > bytes && name + entry.name_size < bytes + size);
        assert_int_equal(strlen(entry.name), entry.name_size);
        assert_true(entry.data >= bytes && entry.size <= size);
        assert_true(entry.data + entry.size <= bytes + size);
        assert_true(*members <= size);
    }
    if (result < 0)
        assert_int_equal(cpio_next(&reader, &entry), result);
    return result;
}

static void test_cut(void **state)
{
    struct member members[MEMBERS];
    struct archive archive = archive_make(members);
    size_t found;

    (void)state;
    for (size_t size = 0; size <= archive.size; size++) {
        uint8_t *cut = malloc(size);
        int result;

        memcpy(cut, archive.bytes, size);
        result = read_all(cut, size, &found);
        assert_true(result == 0 || result == -EINVAL);
        assert_true(found <= MEMBERS && (size < archive.size || found == MEMBERS));
        free(cut);
    }
    free(archive.bytes);
}

static void test_damage(void **state)
{
    (void)state;
    for (uint64_t n = unit_rounds(20000); n > 0; n--) {
        struct member members[MEMBERS];
        struct archive archive = archive_make(members);
        size_t found;

        for (uint64_t i = 1 + unit_random(4); i > 0; i--)
            archive.bytes[unit_random(archive.size)] = (uint8_t) "0f\0F7x"[unit_random(6)];
        (void)read_all(archive.bytes, archive.size, &found);
        free(archive.bytes);
    }
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        /* another magic, a sign among the digits, an empty name, a name without end, too much data
         */
        "070707",
        "070701 0000000",
        "x",
    };
    struct member member = {.name = "n"};
    struct archive archive = {.bytes = malloc(ARCHIVE_LIMIT)};
    size_t found;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_all((const uint8_t *)bad[i], strlen(bad[i]), &found), -EINVAL);
    append_member(&archive, &member);
    memcpy(archive.bytes + 94, "00000001", 8);
    assert_int_equal(read_all(archive.bytes, archive.size, &found), -EINVAL);
    memcpy(archive.bytes + 94, "FFFFFFFF", 8);
    assert_int_equal(read_all(archive.bytes, archive.size, &found), -EINVAL);
    memcpy(archive.bytes + 94, "00000002", 8);
    assert_int_equal(read_all(archive.bytes, archive.size, &found), 0);
    assert_int_equal(found, 1);
    memcpy(archive.bytes + 54, "FFFFFFFF", 8);
    assert_int_equal(read_all(archive.bytes, archive.size, &found), -EINVAL);
    free(archive.bytes);
    assert_int_equal(read_all(NULL, 0, &found), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_refused),
    };

    unit_begin("cpio");
    return cmocka_run_group_tests_name("cpio", tests, NULL, NULL);
}
