/*
 * See image.h. libarchive writes the archive; the set is a red-black tree by path, so that a folder
 * comes before what is in it.
 */
#define _GNU_SOURCE
#include "image.h"

#include "fail.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { IMAGE_LINKS_MAX = 40 };

static int entry_compare(struct image_entry *left, struct image_entry *right)
{
    return strcmp(left->path, right->path);
}

RB_GENERATE(image_tree, image_entry, links, entry_compare)

static struct image_entry *entry_find(const struct image *image, const char *path)
{
    struct image_entry key = {.path = (char *)path};
    return RB_FIND(image_tree, (struct image_tree *)&image->entries, &key);
}

static struct image_entry *entry_add(struct image *image, const char *path, mode_t mode)
{
    if (strcmp(path, "/") == 0 || entry_find(image, path) != NULL)
        return NULL;
    struct image_entry *entry = must_allocate(sizeof(*entry));
    *entry = (struct image_entry){.path = must_copy(path), .mode = mode};
    RB_INSERT(image_tree, &image->entries, entry);
    return entry;
}

void image_add_directory(struct image *image, const char *path, mode_t mode)
{
    char *parent = must_copy(path);
    *strrchr(parent, '/') = '\0';
    char *place = image_place(image, parent);
    char *full = must_format("%s%s", strcmp(place, "/") == 0 ? "" : place, strrchr(path, '/'));
    entry_add(image, full, S_IFDIR | mode);
    free(full);
    free(place);
    free(parent);
}

void image_add_contents(struct image *image, const char *path, mode_t mode, const void *contents,
                        size_t size)
{
    struct image_entry *entry = entry_add(image, path, S_IFREG | mode);
    if (entry == NULL)
        return;
    entry->contents = memcpy(must_allocate(size), contents, size);
    entry->size = size;
    image->total += size;
}

void image_add_host(struct image *image, const char *path, const char *host_path,
                    const struct stat *stat, const char *link)
{
    if (S_ISSOCK(stat->st_mode))
        return;
    struct image_entry *entry = entry_add(image, path, stat->st_mode);
    if (entry == NULL)
        return;
    entry->uid = stat->st_uid;
    entry->gid = stat->st_gid;
    entry->device = stat->st_rdev;
    entry->mtime = image->fixed_times || S_ISDIR(stat->st_mode) ? 0 : stat->st_mtim.tv_sec;
    entry->target = link != NULL ? must_copy(link) : NULL;
    if (!S_ISREG(stat->st_mode))
        return;
    entry->source = must_copy(host_path);
    entry->size = (uint64_t)stat->st_size;
    image->total += entry->size;
}

/* Moves the first component of *rest to the end of the path; an image link replaces both. Returns
 * false at the end. */
static bool place_step(struct image *image, char *path, char **rest, int *links)
{
    char *name = *rest + strspn(*rest, "/");
    size_t length = strcspn(name, "/");
    size_t used = strlen(path);
    if (length == 0 || used + length + 2 > PATH_MAX)
        return false;
    path[used] = '/';
    memcpy(path + used + 1, name, length);
    path[used + 1 + length] = '\0';
    struct image_entry *entry = entry_find(image, path);
    const char *target = "";
    if (entry != NULL && entry->target != NULL && ++*links < IMAGE_LINKS_MAX) {
        target = entry->target;
        path[target[0] == '/' ? 0 : used] = '\0';
    } else if (entry == NULL) {
        entry_add(image, path, S_IFDIR | 0755);
    }
    char *next = must_format("%s%s", target, name + length);
    free(*rest);
    *rest = next;
    return true;
}

char *image_place(struct image *image, const char *path)
{
    char place[PATH_MAX] = "";
    char *rest = must_copy(path);
    int links = 0;
    while (place_step(image, place, &rest, &links))
        continue;
    free(rest);
    return must_copy(place[0] ? place : "/");
}

static void archive_check(struct archive *archive, int result)
{
    if (result < ARCHIVE_WARN)
        fail(EXIT_FURCA, "cannot pack the image: %s", archive_error_string(archive));
}

static void archive_put(struct archive *archive, const void *data, size_t size)
{
    if (archive_write_data(archive, data, size) != (ssize_t)size)
        fail(EXIT_FURCA, "cannot pack the image: %s", archive_error_string(archive));
}

static void archive_copy_file(struct archive *archive, const struct image_entry *entry)
{
    static char block[1 << 17];
    int fd = open(entry->source, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail(EXIT_FURCA, "cannot pack %s: %s", entry->source, strerror(errno));
    uint64_t left = entry->size;
    while (left > 0) {
        ssize_t count = read(fd, block, left < sizeof(block) ? left : sizeof(block));
        if (count <= 0)
            fail(EXIT_FURCA, "cannot pack %s: %s", entry->source,
                 count < 0 ? strerror(errno) : "it became shorter");
        archive_put(archive, block, (size_t)count);
        left -= (uint64_t)count;
    }
    close(fd);
}

static void archive_add(struct archive *archive, const struct image_entry *entry, int64_t number)
{
    struct archive_entry *header = archive_entry_new();
    archive_entry_set_pathname(header, entry->path + 1);
    archive_entry_set_mode(header, entry->mode);
    archive_entry_set_uid(header, entry->uid);
    archive_entry_set_gid(header, entry->gid);
    archive_entry_set_ino64(header, number);
    archive_entry_set_nlink(header, 1);
    archive_entry_set_mtime(header, entry->mtime, 0);
    archive_entry_set_rdev(header, entry->device);
    archive_entry_set_size(header, (int64_t)entry->size);
    if (entry->target != NULL)
        archive_entry_set_symlink(header, entry->target);
    archive_check(archive, archive_write_header(archive, header));
    if (entry->contents != NULL)
        archive_put(archive, entry->contents, entry->size);
    else if (entry->source != NULL)
        archive_copy_file(archive, entry);
    archive_entry_free(header);
}

int image_write(const struct image *image)
{
    int fd = memfd_create("furca-initramfs", MFD_CLOEXEC);
    struct archive *archive = archive_write_new();
    if (fd < 0 || archive == NULL)
        fail(EXIT_FURCA, "no memory for the image: %s", strerror(errno));
    archive_check(archive, archive_write_set_format_cpio_newc(archive));
    archive_check(archive, archive_write_set_bytes_in_last_block(archive, 1));
    archive_check(archive, archive_write_open_fd(archive, fd));
    int64_t number = 1;
    struct image_entry *entry;
    RB_FOREACH (entry, image_tree, (struct image_tree *)&image->entries)
        archive_add(archive, entry, number++);
    archive_check(archive, archive_write_close(archive));
    archive_write_free(archive);
    return fd;
}
