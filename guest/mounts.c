/*
 * See mounts.h. The order in the normal mode: 9p on /host, overlay on /root, the kernel's own file
 * systems over whatever the host has at /proc, /dev and /sys, the shares in the order of the
 * command line, then the move.
 */
#include "mounts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct mount_point {
    const char *type;
    const char *path;
    const char *options;
    unsigned long flags;
};

static const struct mount_point kernel_mounts[] = {
    {"proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
    {"devtmpfs", "/dev", NULL, MS_NOSUID},
    {"devpts", "/dev/pts", "mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC},
    {"tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV},
};

enum { KERNEL_MOUNTS = sizeof(kernel_mounts) / sizeof(kernel_mounts[0]) };

/* Makes a directory and those above it; what is there already stays as it is. */
static void directory_make(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    mkdir(path, 0755);
}

static int mount_at(const char *root, const struct mount_point *point)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s%s", root, point->path) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    directory_make(path);
    if (mount(point->type, path, point->type, point->flags, point->options) == 0)
        return 0;
    return -errno;
}

int mounts_begin(void)
{
    int error = 0;
    for (int i = 0; i < 2 && error == 0; i++) {
        error = mount_at("", &kernel_mounts[i]);
        if (error == -EBUSY)
            error = 0;
    }
    return error;
}

static int mount_kernel(const char *root, int first, char *what, size_t size)
{
    for (int i = first; i < KERNEL_MOUNTS; i++) {
        int error = mount_at(root, &kernel_mounts[i]);
        if (error) {
            snprintf(what, size, "%s on %s", kernel_mounts[i].type, kernel_mounts[i].path);
            return error;
        }
    }
    return 0;
}

/* A kernel without sysfs gets an empty /sys: what the host's would say is not true of the guest. */
static void mount_sys(const char *root)
{
    const struct mount_point sysfs = {"sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC};
    const struct mount_point empty = {"tmpfs", "/sys", "mode=555", MS_RDONLY | MS_NOSUID};
    if (mount_at(root, &sysfs) != 0)
        mount_at(root, &empty);
}

static int mount_share(const char *root, const struct config_share *share, char *what, size_t size)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s%s", root, share->path) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    directory_make(path);
    unsigned long flags = share->writable ? 0 : MS_RDONLY;
    if (mount(share->tag, path, "9p", flags, "trans=virtio,version=9p2000.L") == 0)
        return 0;
    int error = -errno;
    snprintf(what, size, "the share at %s", share->path);
    return error;
}

static int root_enter(const char *root)
{
    if (chdir(root) < 0)
        return -errno;
    if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
        return -errno;
    if (chroot(".") < 0 || chdir("/") < 0)
        return -errno;
    return 0;
}

static int mount_host_root(char *what, size_t size)
{
    mkdir("/host", 0755);
    mkdir("/root", 0755);
    snprintf(what, size, "the host's files (9p)");
    if (mount("host", "/host", "9p", MS_RDONLY, "trans=virtio,version=9p2000.L,cache=loose") < 0)
        return -errno;
    snprintf(what, size, "the layer in memory over the host's files (overlay)");
    if (mount("overlay", "/root", "overlay", 0, "lowerdir=/host") < 0)
        return -errno;
    return 0;
}

static int mounts_finish_host(const struct config *config, char *what, size_t size)
{
    int error = mount_host_root(what, size);
    if (error == 0)
        error = mount_kernel("/root", 0, what, size);
    for (size_t i = 0; i < config->share_count && error == 0; i++)
        error = mount_share("/root", &config->shares[i], what, size);
    if (error)
        return error;
    mount_sys("/root");
    snprintf(what, size, "the new root");
    return root_enter("/root");
}

static int mounts_finish_bare(char *what, size_t size)
{
    int error = mount_kernel("", 2, what, size);
    if (error == 0)
        mount_sys("");
    unlink("/init");
    unlink("/furca/config");
    rmdir("/furca");
    return error;
}

int mounts_finish(const struct config *config, char *what, size_t size)
{
    return config->host_root ? mounts_finish_host(config, what, size)
                             : mounts_finish_bare(what, size);
}
