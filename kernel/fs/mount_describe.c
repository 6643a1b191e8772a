/*
 * Mounts as text: /proc/mounts and /proc/PID/mountinfo (proc(5)). Spaces, tabs, newlines and
 * backslashes in names are written in octal.
 */
#include "fs/filesystem.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/limits.h>

struct mount_flag_name {
    uint32_t flag;
    const char *name;
};

static const struct mount_flag_name flag_names[] = {
    {MS_NOSUID, ",nosuid"},           {MS_NODEV, ",nodev"},
    {MS_NOEXEC, ",noexec"},           {MS_NOATIME, ",noatime"},
    {MS_NODIRATIME, ",nodiratime"},   {MS_RELATIME, ",relatime"},
    {MS_NOSYMFOLLOW, ",nosymfollow"}, {0, NULL},
};

/* Text that grows in a buffer, its length counted on when it no longer fits. */
struct text {
    char *buffer;
    size_t size, length;
};

static void text_char(struct text *text, char c)
{
    if (text->length + 1 < text->size) {
        text->buffer[text->length] = c;
        text->buffer[text->length + 1] = '\0';
    }
    text->length++;
}

static void text_add(struct text *text, const char *more)
{
    while (*more)
        text_char(text, *more++);
}

static void text_escaped(struct text *text, const char *more)
{
    for (; *more; more++) {
        if (!strchr(" \t\n\\", *more)) {
            text_char(text, *more);
            continue;
        }
        text_char(text, '\\');
        text_char(text, (char)('0' + (*more >> 6 & 3)));
        text_char(text, (char)('0' + (*more >> 3 & 7)));
        text_char(text, (char)('0' + (*more & 7)));
    }
}

static void text_options(struct text *text, struct mount *mount)
{
    text_add(text, (mount->flags & MS_RDONLY) ? "ro" : "rw");
    for (const struct mount_flag_name *name = flag_names; name->name; name++)
        if (mount->flags & name->flag)
            text_add(text, name->name);
}

static void text_filesystem_options(struct text *text, struct mount *mount)
{
    const struct filesystem_ops *ops = mount->filesystem->ops;
    size_t done = text->length < text->size ? text->length : text->size;

    if (ops && ops->options)
        text->length +=
            (size_t)ops->options(mount->filesystem, text->buffer + done, text->size - done);
}

static void text_information(struct text *text, struct mount *mount, const char *place)
{
    char numbers[64], *root, *buffer = heap_alloc(PATH_MAX);
    struct path inside = {mount, mount->root}, top = {mount, mount->filesystem->root};
    int error = 0;

    root = buffer ? path_to_text(&inside, &top, buffer, PATH_MAX, &error, NULL) : NULL;
    format_text(numbers, sizeof numbers, "%u %u 0:%u ", mount->id,
                mount->parent ? mount->parent->id : 0, mount->filesystem->device);
    text_add(text, numbers);
    text_escaped(text, root ? root : "/");
    text_char(text, ' ');
    text_escaped(text, place);
    text_char(text, ' ');
    text_options(text, mount);
    text_add(text, " - ");
    text_add(text, mount->filesystem->type->name);
    text_char(text, ' ');
    text_escaped(text, mount->source);
    text_add(text, mount->filesystem->read_only ? " ro" : " rw");
    text_filesystem_options(text, mount);
    text_char(text, '\n');
    heap_free(buffer);
}

static void text_mounts(struct text *text, struct mount *mount, const char *place)
{
    text_escaped(text, mount->source);
    text_char(text, ' ');
    text_escaped(text, place);
    text_char(text, ' ');
    text_add(text, mount->filesystem->type->name);
    text_char(text, ' ');
    text_options(text, mount);
    text_filesystem_options(text, mount);
    text_add(text, " 0 0\n");
}

int mount_describe(struct mount *mount, const struct path *root, bool information, char *buffer,
                   size_t size)
{
    struct text text = {buffer, size, 0};
    struct path path = {mount, mount->root};
    bool unreachable = false;
    char *place_buffer = heap_alloc(PATH_MAX), *place;
    int error = 0;

    if (!place_buffer)
        return 0;
    place = path_to_text(&path, root, place_buffer, PATH_MAX, &error, &unreachable);
    if (place && !unreachable && information)
        text_information(&text, mount, place);
    else if (place && !unreachable)
        text_mounts(&text, mount, place);
    heap_free(place_buffer);
    return (int)text.length;
}
