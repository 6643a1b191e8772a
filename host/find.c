/*
 * See find.h. The search is that of a shell: a name with a slash is a path, another one is looked
 * for in each folder of PATH, where a file that is not executable is passed over but remembered.
 */
#include "find.h"

#include "elf.h"
#include "fail.h"
#include "tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char default_search[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Whether there is a file with an x bit; `exists` is set when there is something at all. */
static bool is_program(const char *root, const char *path, bool *exists)
{
    char *real = tree_resolve(root, path, NULL, NULL);
    if (real == NULL)
        return false;
    char *host = tree_host_path(root, real);
    struct stat stat_buffer;
    bool found = stat(host, &stat_buffer) == 0;
    *exists |= found;
    free(host);
    free(real);
    return found && S_ISREG(stat_buffer.st_mode) && (stat_buffer.st_mode & 0111);
}

static char *make_absolute(const struct find *find, const char *path)
{
    if (path[0] == '/')
        return must_copy(path);
    return must_format("%s/%s", strcmp(find->directory, "/") == 0 ? "" : find->directory, path);
}

static char *search_path(const struct find *find, const char *name, bool *exists)
{
    const char *entry = find->search != NULL ? find->search : default_search;
    while (entry != NULL) {
        size_t length = strcspn(entry, ":");
        char *relative = must_format("%.*s%s%s", (int)length, entry, length ? "/" : "", name);
        char *path = make_absolute(find, relative);
        free(relative);
        if (is_program(find->root, path, exists))
            return path;
        free(path);
        entry = entry[length] == ':' ? entry + length + 1 : NULL;
    }
    return NULL;
}

static char *find_path(const struct find *find, const char *name, bool *exists)
{
    if (name[0] == '\0')
        return NULL;
    if (strchr(name, '/') == NULL)
        return search_path(find, name, exists);
    char *path = make_absolute(find, name);
    if (is_program(find->root, path, exists))
        return path;
    free(path);
    return NULL;
}

char *find_quietly(const struct find *find, const char *name)
{
    bool exists = false;
    return find_path(find, name, &exists);
}

static _Noreturn void fail_missing(const struct find *find, const char *name, bool exists)
{
    if (strchr(name, '/') == NULL && !exists)
        fail(EXIT_NOT_FOUND,
             "%s: no such program in PATH; give its path, or set PATH with -e PATH=...", name);
    char *path = make_absolute(find, name);
    char *real = tree_resolve(find->root, path, NULL, NULL);
    if (!exists)
        fail(EXIT_NOT_FOUND, "%s: no such program%s%s", name,
             real == NULL && errno != ENOENT ? ": " : "",
             real == NULL && errno != ENOENT ? strerror(errno) : "");
    struct stat stat_buffer;
    if (real != NULL && stat(tree_host_path(find->root, real), &stat_buffer) == 0 &&
        S_ISDIR(stat_buffer.st_mode))
        fail(EXIT_NOT_EXECUTABLE, "%s: is a directory, not a program", name);
    fail(EXIT_NOT_EXECUTABLE, "%s: permission denied; is it executable (chmod +x)?", name);
}

static void check_kind(const struct find *find, const char *name, const char *path)
{
    char *real = tree_resolve(find->root, path, NULL, NULL);
    char *host = tree_host_path(find->root, real);
    struct elf elf;
    if (elf_read(&elf, host) == 0) {
        if (elf.kind == PROGRAM_FOREIGN && elf.machine == 62)
            fail(EXIT_NOT_EXECUTABLE, "%s: is an x32 program; furca runs 64-bit x86-64 programs",
                 name);
        if (elf.kind == PROGRAM_FOREIGN)
            fail(EXIT_NOT_EXECUTABLE,
                 "%s: is a %d-bit program for %s; furca runs 64-bit x86-64 programs", name,
                 elf.bits, elf_machine_name(elf.machine));
        if (elf.kind == PROGRAM_OTHER)
            fail(EXIT_NOT_EXECUTABLE, "%s: not an ELF file, and no script with a #! line either",
                 name);
    }
    elf_drop(&elf);
    free(host);
    free(real);
}

char *find_program(const struct find *find, const char *name)
{
    bool exists = false;
    char *path = find_path(find, name, &exists);
    if (path == NULL)
        fail_missing(find, name, exists);
    check_kind(find, name, path);
    return path;
}
