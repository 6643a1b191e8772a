/*
 * See accel.h. The memory is one line of text: the key of everything that matters, and the verdict.
 * When it cannot be kept, each start tries anew, which is slow but right.
 */
#include "accel.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

const char *accel_obstacle(void)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? "/dev/kvm may not be opened; add yourself to the group kvm"
                               : "there is no /dev/kvm";
    int vm = ioctl(fd, KVM_CREATE_VM, 0);
    close(fd);
    if (vm < 0)
        return "/dev/kvm does not make a virtual machine";
    close(vm);
    return NULL;
}

static char *file_key(const char *path)
{
    struct stat stat_buffer;
    if (path == NULL || stat(path, &stat_buffer) < 0)
        return must_copy("-");
    return must_format("%lld.%lld.%09ld", (long long)stat_buffer.st_size,
                       (long long)stat_buffer.st_mtim.tv_sec, stat_buffer.st_mtim.tv_nsec);
}

static char *memory_line(const struct parts *parts, const char *verdict)
{
    struct utsname host;
    uname(&host);
    char *kernel = file_key(parts->kernel);
    char *qemu = file_key(parts->qemu);
    char *line =
        must_format("%s %s %s %s %s\n", kernel, qemu, host.release, host.nodename, verdict);
    free(kernel);
    free(qemu);
    return line;
}

static char *memory_file(void)
{
    char *folder = parts_cache();
    char *file = folder != NULL ? must_format("%s/kvm", folder) : NULL;
    free(folder);
    return file;
}

static bool memory_says(const struct parts *parts, const char *have, const char *verdict)
{
    char *line = memory_line(parts, verdict);
    bool same = strcmp(have, line) == 0;
    free(line);
    return same;
}

enum accel_memory accel_recall(const struct parts *parts)
{
    char have[512] = "";
    char *file = memory_file();
    int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    free(file);
    if (fd < 0)
        return ACCEL_UNKNOWN;
    ssize_t count = read(fd, have, sizeof(have) - 1);
    close(fd);
    if (count <= 0)
        return ACCEL_UNKNOWN;
    if (memory_says(parts, have, "works"))
        return ACCEL_WORKS;
    return memory_says(parts, have, "hangs") ? ACCEL_HANGS : ACCEL_UNKNOWN;
}

void accel_remember(const struct parts *parts, enum accel_memory memory)
{
    char *file = memory_file();
    if (file == NULL)
        return;
    char *line = memory_line(parts, memory == ACCEL_WORKS ? "works" : "hangs");
    char *fresh = must_format("%s.%d", file, getpid());
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        bool written = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
        close(fd);
        if (!written || rename(fresh, file) < 0)
            unlink(fresh);
    }
    free(fresh);
    free(line);
    free(file);
}
