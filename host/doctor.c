/*
 * See doctor.h. A thing that is wrong but not needed (KVM) is said, and does not count.
 */
#define _GNU_SOURCE
#include "doctor.h"

#include "accel.h"
#include "fail.h"
#include "parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum health { HEALTH_GOOD, HEALTH_NOTE, HEALTH_BAD };

static int bad_count;

static void verdict(enum health health, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void verdict(enum health health, const char *what, const char *format, ...)
{
    static const char *const words[] = {"ok     ", "note   ", "MISSING"};
    va_list arguments;
    va_start(arguments, format);
    printf("%s  %-9s ", words[health], what);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    bad_count += health == HEALTH_BAD;
}

/* The first line that a command prints and that has `word` in it; empty when there is none. */
static void command_line(const char *command, const char *word, char *line, int size)
{
    FILE *output = popen(command, "r");
    line[0] = '\0';
    bool found = false;
    while (output != NULL && !found && fgets(line, size, output) != NULL)
        found = strstr(line, word) != NULL;
    if (!found)
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (output != NULL)
        pclose(output);
}

static bool look_at_qemu(const struct parts *parts)
{
    char line[256];
    if (parts->qemu == NULL) {
        verdict(HEALTH_BAD, "QEMU",
                "qemu-system-x86_64 is not in PATH; apt-get install qemu-system-x86");
        return false;
    }
    command_line("qemu-system-x86_64 --version 2>/dev/null", "version", line, sizeof(line));
    const char *version = strstr(line, "version ");
    if (version == NULL || atof(version + 8) < 6.0) {
        verdict(HEALTH_BAD, "QEMU",
                "%s: version 6.0 or later is needed; apt-get install qemu-system-x86", parts->qemu);
        return false;
    }
    verdict(HEALTH_GOOD, "QEMU", "%s, %s", parts->qemu, version);
    return true;
}

static void look_at_devices(void)
{
    char line[256];
    command_line("qemu-system-x86_64 -device help 2>/dev/null", "\"virtio-9p-device\"", line,
                 sizeof(line));
    if (line[0] != '\0')
        verdict(HEALTH_GOOD, "9p", "the guest can see this machine's files");
    else
        verdict(
            HEALTH_BAD, "9p",
            "this QEMU has no virtio-9p-device; use --bare, or apt-get install qemu-system-x86");
    command_line("qemu-system-x86_64 -M help 2>/dev/null", "microvm", line, sizeof(line));
    if (line[0] != '\0')
        verdict(HEALTH_GOOD, "microvm", "this QEMU has the machine");
    else
        verdict(HEALTH_BAD, "microvm",
                "this QEMU does not have it; apt-get install qemu-system-x86");
}

static void look_at_file(const char *what, const char *path)
{
    if (access(path, R_OK) == 0)
        verdict(HEALTH_GOOD, what, "%s", path);
    else
        verdict(HEALTH_BAD, what, "%s: %s; build it with make", path, strerror(errno));
}

static void look_at_kvm(const struct parts *parts)
{
    const char *obstacle = accel_obstacle();
    if (obstacle != NULL) {
        verdict(HEALTH_NOTE, "KVM", "%s; TCG is used, which is slower", obstacle);
        return;
    }
    switch (accel_recall(parts)) {
    case ACCEL_WORKS:
        verdict(HEALTH_GOOD, "KVM", "/dev/kvm works");
        break;
    case ACCEL_HANGS:
        verdict(HEALTH_NOTE, "KVM",
                "/dev/kvm opens, but a 64-bit guest hangs in it; TCG is used (--accel kvm tries "
                "again)");
        break;
    default:
        verdict(HEALTH_NOTE, "KVM",
                "/dev/kvm opens; whether a guest runs in it is found out by the first furca run");
    }
}

static void look_at_memory(void)
{
    long long available = (long long)sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE) >> 20;
    if (available >= 512)
        verdict(HEALTH_GOOD, "memory", "%lld MiB are free", available);
    else
        verdict(HEALTH_NOTE, "memory", "only %lld MiB are free; give guests less with -m",
                available);
}

int doctor_command(int argc, char **argv)
{
    if (argc > 1)
        fail(EXIT_FURCA, "%s: furca doctor takes no arguments", argv[1]);
    struct parts parts;
    parts_find(&parts);
    if (look_at_qemu(&parts))
        look_at_devices();
    look_at_file("kernel", parts.kernel);
    look_at_file("init", parts.init);
    look_at_kvm(&parts);
    look_at_memory();
    return bad_count != 0;
}
