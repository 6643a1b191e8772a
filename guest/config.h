/*
 * What the furca command tells init about the program to run: a file of records KEY=VALUE, each
 * ended by a NUL byte, so that every value that exec(2) can pass is possible. A key that may come
 * several times (arg, env, share) keeps its order.
 *
 *   arg       one argument; the first is the program as it was typed
 *   env       NAME=VALUE
 *   path      the program's file when the host has looked it up already (bare mode)
 *   cwd       the working directory; cwd-else-root the same, but "/" will do when it is not there
 *   user      uid:gid:group,group,...
 *   umask     octal
 *   ignored   hexadecimal mask of the signals that start ignored (bit N-1 for signal N)
 *   limit     NUMBER:SOFT:HARD of setrlimit(2)
 *   stdio     three letters for descriptors 0, 1, 2: p pipe, t terminal, n /dev/null, c closed,
 *             o (only 2) the same as 1
 *   job       1: the program's process group is to be able to stop (its parent is in its session)
 *   window    rows:columns:width:height of the terminal
 *   termios   iflag:oflag:cflag:lflag in hexadecimal, then :cc as hexadecimal bytes
 *   root      9p: the host's tree under a layer in memory is the root; absent: the initramfs is
 *   share     TAG:r|w:PATH, a 9p share, mounted in this order
 *   hostname  the name of the machine
 *   clock     SECONDS.NANOSECONDS: what the host's clock said when the machine was started; the
 *             machine's own clock chip knows only whole seconds
 *   trace     1: relay /dev/strace
 *   missing   1: send the list of missing calls at the end
 */
#ifndef GUEST_CONFIG_H
#define GUEST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <termios.h>
#include <time.h>

enum { CONFIG_GROUPS_MAX = 256, CONFIG_LIMITS_MAX = 16, CONFIG_SHARES_MAX = 32 };

struct config_share {
    const char *tag;
    bool writable;
    const char *path; /* absolute, in the guest's final root */
};

struct config_limit {
    int resource;
    struct rlimit value;
};

struct config {
    char *text; /* the records; every string below points into it */
    char **argv;
    char **envp;
    size_t argc;
    size_t envc;
    const char *path;
    const char *cwd;
    bool cwd_optional;
    bool user_given;
    uid_t uid;
    gid_t gid;
    gid_t groups[CONFIG_GROUPS_MAX];
    size_t group_count;
    mode_t umask;
    uint64_t ignored;
    struct config_limit limits[CONFIG_LIMITS_MAX];
    size_t limit_count;
    char stdio[4];
    bool job;
    struct winsize window;
    bool termios_given;
    struct termios termios;
    bool host_root;
    struct config_share shares[CONFIG_SHARES_MAX];
    size_t share_count;
    const char *hostname;
    struct timespec clock; /* tv_sec 0: not given */
    bool trace;
    bool missing;
};

/*
 * Reads the records of a file. Returns 0, or a negative errno: -EINVAL for a record that is not as
 * above or a missing `arg`, -ENOMEM, or what open(2) and read(2) say. config_drop() takes what
 * there is apart in every case.
 */
int config_read(struct config *config, const char *file);
void config_drop(struct config *config);

/* The value of an environment variable of the program, or NULL. */
const char *config_environment(const struct config *config, const char *name);

#endif
