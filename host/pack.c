/*
 * See pack.h. A program pulls in its loader and libraries, a script its interpreter; each of those
 * is a program again. A file is packed at the path under which it was asked for, with every
 * symbolic link on the way, so that it is found the same way in the guest.
 */
#include "pack.h"

#include "elf.h"
#include "fail.h"
#include "find.h"
#include "image.h"
#include "libraries.h"
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct packer {
    const struct pack *pack;
    struct image image;
    struct library_search libraries;
    struct list seen; /* paths inside the tree, without links, that have been looked into */
    const char *what; /* the name that the person gave */
    bool lenient;     /* inside a folder of -f: what is missing is only worth a note */
};

static void pack_program(struct packer *packer, const char *path);

static void visit_component(void *context, const char *path, const struct stat *stat,
                            const char *link)
{
    struct packer *packer = context;
    char *host = tree_host_path(packer->pack->options->root, path);
    image_add_host(&packer->image, path, host, stat, link);
    free(host);
}

/* Packs a path of the tree. Returns it without links, or NULL when it is not there. */
static char *pack_path(struct packer *packer, const char *path)
{
    return tree_resolve(packer->pack->options->root, path, visit_component, packer);
}

static bool seen_before(struct packer *packer, const char *path)
{
    for (size_t i = 0; i < packer->seen.count; i++) {
        if (strcmp(packer->seen.items[i], path) == 0)
            return true;
    }
    list_add(&packer->seen, must_copy(path));
    return false;
}

static void missing(const struct packer *packer, const char *user, const char *kind,
                    const char *name)
{
    if (!packer->lenient)
        fail(EXIT_NOT_FOUND,
             "%s: %s needs the %s %s, which is not there; install it, or name its folder in "
             "LD_LIBRARY_PATH",
             packer->what, user, kind, name);
    if (packer->pack->options->verbose)
        note("%s: %s needs the %s %s, which is not there", packer->what, user, kind, name);
}

static void pack_libraries(struct packer *packer, const char *path, const struct elf *elf)
{
    for (size_t i = 0; i < elf->needed.count; i++) {
        const char *name = elf->needed.items[i];
        char *library = library_find(&packer->libraries, path, elf, name);
        if (library != NULL)
            pack_program(packer, library);
        else
            missing(packer, path, "library", name);
        free(library);
    }
}

/* "#!/usr/bin/env NAME" needs NAME as well. */
static void pack_interpreter(struct packer *packer, const char *path, const struct elf *elf)
{
    struct find find = {packer->pack->options->root, packer->pack->directory, packer->pack->search};
    char *interpreter = find_quietly(&find, elf->interpreter);
    if (interpreter == NULL) {
        missing(packer, path, elf->kind == PROGRAM_ELF ? "loader" : "interpreter",
                elf->interpreter);
        return;
    }
    pack_program(packer, interpreter);
    free(interpreter);
    const char *base = strrchr(elf->interpreter, '/');
    if (elf->kind != PROGRAM_SCRIPT || elf->argument == NULL || base == NULL ||
        strcmp(base, "/env") != 0)
        return;
    const char *name = strncmp(elf->argument, "-S", 2) == 0 ? elf->argument + 2 : elf->argument;
    char *command = find_quietly(&find, name);
    if (command != NULL)
        pack_program(packer, command);
    free(command);
}

static void pack_needs(struct packer *packer, const char *path)
{
    char *host = tree_host_path(packer->pack->options->root, path);
    struct elf elf;
    int error = elf_read(&elf, host);
    if (error && !packer->lenient)
        fail(EXIT_FURCA, "cannot read %s: %s", host, strerror(-error));
    bool top = packer->libraries.main == NULL;
    if (top) {
        packer->libraries.main = &elf;
        packer->libraries.main_path = path;
        packer->libraries.musl =
            elf.interpreter != NULL && strstr(elf.interpreter, "/ld-musl-") != NULL;
    }
    if (elf.interpreter != NULL)
        pack_interpreter(packer, path, &elf);
    pack_libraries(packer, path, &elf);
    if (top)
        packer->libraries.main = NULL;
    elf_drop(&elf);
    free(host);
}

/* A program, script or library at a path of the tree, with all that it needs. */
static void pack_program(struct packer *packer, const char *path)
{
    char *real = pack_path(packer, path);
    if (real == NULL)
        fail(EXIT_FURCA, "cannot pack %s: %s", path, strerror(errno));
    if (!seen_before(packer, real))
        pack_needs(packer, real);
    free(real);
}

/* What a packed file of -f needs; its path on the host serves for $ORIGIN. Files that are no
 * programs need nothing. */
static void pack_file_needs(struct packer *packer, const char *host, const struct stat *stat)
{
    if (S_ISREG(stat->st_mode) && !seen_before(packer, host)) {
        struct elf elf;
        bool program = elf_read(&elf, host) == 0 &&
                       (elf.kind == PROGRAM_ELF || elf.kind == PROGRAM_SCRIPT) &&
                       (elf.kind == PROGRAM_ELF || (stat->st_mode & 0111));
        if (program && elf.interpreter != NULL)
            pack_interpreter(packer, host, &elf);
        if (program)
            pack_libraries(packer, host, &elf);
        elf_drop(&elf);
    }
}

static void pack_host(struct packer *packer, const char *host, const char *guest);

static void pack_members(struct packer *packer, const char *host, const char *guest)
{
    DIR *directory = opendir(host);
    if (directory == NULL)
        fail(EXIT_FURCA, "-f %s: cannot read %s: %s", packer->what, host, strerror(errno));
    packer->lenient = true;
    struct dirent *member;
    while ((member = readdir(directory)) != NULL) {
        if (strcmp(member->d_name, ".") == 0 || strcmp(member->d_name, "..") == 0)
            continue;
        char *from = must_format("%s/%s", host, member->d_name);
        char *to = must_format("%s/%s", guest, member->d_name);
        pack_host(packer, from, to);
        free(from);
        free(to);
    }
    closedir(directory);
}

/* A host path and what is below it, at a path whose folder is in the image. Links are kept as they
 * are. */
static void pack_host(struct packer *packer, const char *host, const char *guest)
{
    struct stat stat;
    char target[4096];
    ssize_t length = 0;
    if (lstat(host, &stat) < 0)
        fail(EXIT_FURCA, "-f %s: %s: %s", packer->what, host, strerror(errno));
    if (S_ISLNK(stat.st_mode))
        length = readlink(host, target, sizeof(target) - 1);
    target[length > 0 ? length : 0] = '\0';
    image_add_host(&packer->image, guest, host, &stat, S_ISLNK(stat.st_mode) ? target : NULL);
    pack_file_needs(packer, host, &stat);
    if (S_ISDIR(stat.st_mode))
        pack_members(packer, host, guest);
}

/* -f PATH: the same place in the guest. A link at its end brings what it leads to. */
static void pack_in_place(struct packer *packer, const char *path)
{
    char *real = pack_path(packer, path);
    if (real == NULL)
        fail(EXIT_FURCA, "-f %s: %s", path, strerror(errno));
    char *host = tree_host_path(packer->pack->options->root, real);
    pack_host(packer, host, real);
    free(host);
    free(real);
}

/* -f HOST:GUEST: a link named by the person stands for the file that it leads to. */
static void pack_elsewhere(struct packer *packer, const struct packed_file *file)
{
    char *host = realpath(file->host, NULL);
    if (host == NULL)
        fail(EXIT_FURCA, "-f %s: %s", file->host, strerror(errno));
    char *parent = must_copy(file->guest);
    size_t length = strlen(parent);
    while (length > 1 && parent[length - 1] == '/')
        parent[--length] = '\0';
    char *name = must_copy(strrchr(parent, '/'));
    *strrchr(parent, '/') = '\0';
    char *place = image_place(&packer->image, parent);
    char *guest = must_format("%s%s", strcmp(place, "/") == 0 ? "" : place, name);
    pack_host(packer, host, strcmp(guest, "/") == 0 ? "" : guest);
    free(guest);
    free(place);
    free(name);
    free(parent);
    free(host);
}

static void pack_files(struct packer *packer)
{
    const struct options *options = packer->pack->options;
    for (size_t i = 0; i < options->file_count; i++) {
        packer->what = options->files[i].host;
        packer->lenient = false;
        if (options->files[i].guest == NULL && strcmp(options->root, "/") == 0)
            pack_in_place(packer, options->files[i].host);
        else
            pack_elsewhere(packer, &(struct packed_file){options->files[i].host,
                                                         options->files[i].guest != NULL
                                                             ? options->files[i].guest
                                                             : options->files[i].host});
    }
}

/* The folders that every guest has, and links such as /lib, whose targets later files are to share.
 */
static void pack_skeleton(struct packer *packer)
{
    static const char *const links[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
    static const char *const folders[] = {"/dev", "/proc", "/sys", "/run", "/root", "/furca"};
    bool bare = packer->pack->options->bare;
    for (size_t i = 0; bare && i < sizeof(links) / sizeof(links[0]); i++)
        free(pack_path(packer, links[i]));
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        image_add_directory(&packer->image, folders[i], 0755);
    image_add_directory(&packer->image, bare ? "/tmp" : "/host", bare ? 01777 : 0755);
}

static void pack_init(struct packer *packer)
{
    struct stat stat_buffer;
    if (stat(packer->pack->init, &stat_buffer) < 0)
        fail(EXIT_FURCA, "cannot find init at %s: %s", packer->pack->init, strerror(errno));
    stat_buffer.st_uid = stat_buffer.st_gid = 0;
    stat_buffer.st_mode = S_IFREG | 0755;
    stat_buffer.st_mtim.tv_sec = 0;
    image_add_host(&packer->image, "/init", packer->pack->init, &stat_buffer, NULL);
    image_add_contents(&packer->image, "/furca/config", 0600, packer->pack->config,
                       packer->pack->config_size);
}

static void pack_bare(struct packer *packer)
{
    const struct pack *pack = packer->pack;
    pack_files(packer);
    packer->lenient = false;
    packer->what = pack->options->program[0];
    pack_program(packer, pack->program);
    char *directory = pack_path(packer, pack->directory);
    if (directory == NULL)
        image_add_directory(&packer->image, pack->directory, 0755);
    free(directory);
    if (packer->libraries.used_cache)
        free(pack_path(packer, "/etc/ld.so.cache"));
}

int pack_build(const struct pack *pack, uint64_t *size)
{
    struct packer packer = {.pack = pack};
    packer.image.fixed_times = pack->options->icount;
    packer.libraries.root = pack->options->root;
    packer.libraries.environment = pack->libraries;
    pack_skeleton(&packer);
    pack_init(&packer);
    if (pack->options->bare)
        pack_bare(&packer);
    *size = packer.image.total;
    return image_write(&packer.image);
}
