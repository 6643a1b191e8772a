/*
 * See parts.h.
 */
#define _GNU_SOURCE
#include "parts.h"

#include "fail.h"
#include "find.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *parts_path(const char *name)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL)
        return must_copy(name);
    *slash = '\0';
    char *beside = must_format("%s/%s", self, name);
    char *installed = must_format("%s/../lib/furca/%s", self, name);
    bool is_beside = access(beside, F_OK) == 0 || access(installed, F_OK) != 0;
    free(is_beside ? installed : beside);
    return is_beside ? beside : installed;
}

void parts_find(struct parts *parts)
{
    struct find find = {"/", "/", getenv("PATH")};
    parts->kernel = parts_path("furca.elf");
    parts->init = parts_path("init");
    parts->qemu = find_quietly(&find, "qemu-system-x86_64");
}

void parts_check(const struct parts *parts)
{
    if (parts->qemu == NULL)
        fail(EXIT_FURCA,
             "qemu-system-x86_64 is not in PATH; install it: apt-get install qemu-system-x86");
    if (access(parts->kernel, R_OK) < 0)
        fail(EXIT_FURCA, "the kernel %s: %s; build it with make", parts->kernel, strerror(errno));
    if (access(parts->init, R_OK) < 0)
        fail(EXIT_FURCA, "the guest's init %s: %s; build it with make", parts->init,
             strerror(errno));
}

char *parts_cache(void)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if ((cache == NULL || cache[0] != '/') && (home == NULL || home[0] != '/'))
        return NULL;
    char *base =
        cache != NULL && cache[0] == '/' ? must_copy(cache) : must_format("%s/.cache", home);
    char *folder = must_format("%s/furca", base);
    mkdir(base, 0700);
    free(base);
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return folder;
    free(folder);
    return NULL;
}
