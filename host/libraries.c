/*
 * See libraries.h. The order: DT_RPATH (unless there is a DT_RUNPATH), the environment, DT_RUNPATH,
 * the loader's folders, and /etc/ld.so.cache. The loader asks the cache before its folders; here it
 * comes last, so that the cache is packed only for libraries that cannot be found without it.
 */
#include "libraries.h"

#include "fail.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The layout of /etc/ld.so.cache, "glibc-ld.so.cache1.1"; see ldconfig(8) and glibc's dl-cache.h.
 */
struct cache_header {
    char magic[20];
    uint32_t count;
    uint32_t strings_size;
    uint32_t unused[5];
};

struct cache_entry {
    int32_t flags;
    uint32_t name;
    uint32_t path;
    uint32_t os_version;
    uint64_t capabilities;
};

enum { CACHE_X86_64 = 0x0303 };

static const char glibc_folders[] =
    "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:/lib:/usr/lib";
static const char musl_folders[] =
    "/lib:/usr/local/lib:/usr/lib:/lib/x86_64-linux-musl:/usr/lib/x86_64-linux-musl";

static bool is_library(const char *root, const char *path)
{
    char *real = tree_resolve(root, path, NULL, NULL);
    if (real == NULL)
        return false;
    char *host = tree_host_path(root, real);
    struct elf elf;
    bool found = elf_read(&elf, host) == 0 && elf.kind == PROGRAM_ELF;
    elf_drop(&elf);
    free(host);
    free(real);
    return found;
}

/* One folder of a search path with $ORIGIN, $LIB and $PLATFORM replaced; the caller frees it. */
static char *folder_expand(const char *folder, size_t length, const char *user)
{
    static const struct {
        const char *name;
        const char *value;
    } tokens[] = {{"$ORIGIN", NULL},
                  {"${ORIGIN}", NULL},
                  {"$LIB", "lib/x86_64-linux-gnu"},
                  {"${LIB}", "lib/x86_64-linux-gnu"},
                  {"$PLATFORM", "x86_64"},
                  {"${PLATFORM}", "x86_64"}};
    char *result = must_copy("");
    int origin = (int)(strrchr(user, '/') - user);
    for (size_t at = 0; at < length;) {
        size_t i = 0;
        while (i < 6 && strncmp(folder + at, tokens[i].name, strlen(tokens[i].name)) != 0)
            i++;
        char *next;
        if (i == 6)
            next = must_format("%s%c", result, folder[at]);
        else if (tokens[i].value == NULL)
            next = must_format("%s%.*s", result, origin, user);
        else
            next = must_format("%s%s", result, tokens[i].value);
        at += i == 6 ? 1 : strlen(tokens[i].name);
        free(result);
        result = next;
    }
    return result;
}

static char *find_in_folders(const struct library_search *search, const char *folders,
                             const char *user, const char *name)
{
    while (folders != NULL && *folders != '\0') {
        size_t length = strcspn(folders, ":;");
        char *folder = folder_expand(folders, length, user);
        char *path = must_format("%s/%s", folder, name);
        bool found = folder[0] == '/' && is_library(search->root, path);
        free(folder);
        if (found)
            return path;
        free(path);
        folders += length + (folders[length] != '\0');
    }
    return NULL;
}

static const char *cache_string(const uint8_t *cache, size_t size, uint32_t offset)
{
    if (offset >= size || memchr(cache + offset, '\0', size - offset) == NULL)
        return NULL;
    return (const char *)cache + offset;
}

static const char *cache_lookup(const uint8_t *cache, size_t size, const char *name)
{
    const struct cache_header *header = (const struct cache_header *)cache;
    const struct cache_entry *entries = (const struct cache_entry *)(header + 1);
    if (size < sizeof(*header) ||
        memcmp(header->magic, "glibc-ld.so.cache1.1", sizeof(header->magic)) != 0 ||
        header->count > (size - sizeof(*header)) / sizeof(*entries))
        return NULL;
    for (uint32_t i = 0; i < header->count; i++) {
        const char *key = cache_string(cache, size, entries[i].name);
        if (entries[i].flags == CACHE_X86_64 && entries[i].capabilities == 0 && key != NULL &&
            strcmp(key, name) == 0)
            return cache_string(cache, size, entries[i].path);
    }
    return NULL;
}

static char *find_in_cache(struct library_search *search, const char *name)
{
    char *host = tree_host_path(search->root, "/etc/ld.so.cache");
    int fd = open(host, O_RDONLY | O_CLOEXEC);
    free(host);
    struct stat stat;
    char *found = NULL;
    if (fd >= 0 && fstat(fd, &stat) == 0 && stat.st_size > 0) {
        void *cache = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (cache != MAP_FAILED) {
            const char *path = cache_lookup(cache, (size_t)stat.st_size, name);
            found = path != NULL && is_library(search->root, path) ? must_copy(path) : NULL;
            munmap(cache, (size_t)stat.st_size);
        }
    }
    if (fd >= 0)
        close(fd);
    search->used_cache |= found != NULL;
    return found;
}

static char *find_rpath(const struct library_search *search, const char *user,
                        const struct elf *elf, const char *name)
{
    if (elf->runpath != NULL)
        return NULL;
    char *found = find_in_folders(search, elf->rpath, user, name);
    if (found == NULL && search->main != NULL && search->main->runpath == NULL)
        found = find_in_folders(search, search->main->rpath, search->main_path, name);
    return found;
}

char *library_find(struct library_search *search, const char *user, const struct elf *elf,
                   const char *name)
{
    if (strchr(name, '/') != NULL)
        return is_library(search->root, name) ? must_copy(name) : NULL;
    char *found = find_rpath(search, user, elf, name);
    if (found == NULL)
        found = find_in_folders(search, search->environment, user, name);
    if (found == NULL)
        found = find_in_folders(search, elf->runpath, user, name);
    if (found == NULL)
        found = find_in_folders(search, search->musl ? musl_folders : glibc_folders, user, name);
    if (found == NULL && !search->musl)
        found = find_in_cache(search, name);
    return found;
}
