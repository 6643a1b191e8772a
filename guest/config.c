/*
 * The reader of the records in config.h: one function per key that needs more than a string, in a
 * table. An unknown key is an error, since init and the furca command are always of one version.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int parse_arg(struct config *config, char *value)
{
    config->argv[config->argc++] = value;
    return 0;
}

static int parse_env(struct config *config, char *value)
{
    config->envp[config->envc++] = value;
    return 0;
}

static int parse_path(struct config *config, char *value)
{
    config->path = value;
    return 0;
}

static int parse_cwd(struct config *config, char *value)
{
    config->cwd = value;
    return 0;
}

static int parse_cwd_else_root(struct config *config, char *value)
{
    config->cwd = value;
    config->cwd_optional = true;
    return 0;
}

static int parse_user(struct config *config, char *value)
{
    int used = 0;
    if (sscanf(value, "%u:%u:%n", &config->uid, &config->gid, &used) != 2 || used == 0)
        return -EINVAL;
    config->user_given = true;
    for (char *at = value + used; *at != '\0';) {
        if (config->group_count == CONFIG_GROUPS_MAX)
            return -EINVAL;
        char *end;
        config->groups[config->group_count++] = (gid_t)strtoul(at, &end, 10);
        if (end == at || (*end != ',' && *end != '\0'))
            return -EINVAL;
        at = *end == ',' ? end + 1 : end;
    }
    return 0;
}

static int parse_umask(struct config *config, char *value)
{
    config->umask = (mode_t)strtoul(value, NULL, 8);
    return 0;
}

static int parse_ignored(struct config *config, char *value)
{
    config->ignored = strtoull(value, NULL, 16);
    return 0;
}

static int parse_limit(struct config *config, char *value)
{
    unsigned long long soft, hard;
    if (config->limit_count == CONFIG_LIMITS_MAX)
        return -EINVAL;
    struct config_limit *limit = &config->limits[config->limit_count];
    if (sscanf(value, "%d:%llu:%llu", &limit->resource, &soft, &hard) != 3)
        return -EINVAL;
    limit->value = (struct rlimit){.rlim_cur = soft, .rlim_max = hard};
    config->limit_count++;
    return 0;
}

static int parse_stdio(struct config *config, char *value)
{
    if (strlen(value) != 3 || strspn(value, "ptnco") != 3)
        return -EINVAL;
    memcpy(config->stdio, value, sizeof(config->stdio));
    return 0;
}

static int parse_job(struct config *config, char *value)
{
    config->job = value[0] == '1';
    return 0;
}

static int parse_window(struct config *config, char *value)
{
    struct winsize *window = &config->window;
    int found = sscanf(value, "%hu:%hu:%hu:%hu", &window->ws_row, &window->ws_col,
                       &window->ws_xpixel, &window->ws_ypixel);
    return found == 4 ? 0 : -EINVAL;
}

static int parse_termios(struct config *config, char *value)
{
    struct termios *termios = &config->termios;
    int used = 0;
    if (sscanf(value, "%x:%x:%x:%x:%n", &termios->c_iflag, &termios->c_oflag, &termios->c_cflag,
               &termios->c_lflag, &used) != 4 ||
        used == 0)
        return -EINVAL;
    unsigned byte;
    for (size_t i = 0; i < NCCS && sscanf(value + used + 2 * i, "%2x", &byte) == 1; i++)
        termios->c_cc[i] = (cc_t)byte;
    config->termios_given = true;
    return 0;
}

static int parse_root(struct config *config, char *value)
{
    config->host_root = strcmp(value, "9p") == 0;
    return config->host_root ? 0 : -EINVAL;
}

static int parse_share(struct config *config, char *value)
{
    char *mode = strchr(value, ':');
    if (mode == NULL || (mode[1] != 'r' && mode[1] != 'w') || mode[2] != ':' || mode[3] != '/' ||
        config->share_count == CONFIG_SHARES_MAX)
        return -EINVAL;
    *mode = '\0';
    config->shares[config->share_count++] =
        (struct config_share){.tag = value, .writable = mode[1] == 'w', .path = mode + 3};
    return 0;
}

static int parse_hostname(struct config *config, char *value)
{
    config->hostname = value;
    return 0;
}

static int parse_clock(struct config *config, char *value)
{
    long long seconds;
    if (sscanf(value, "%lld.%9ld", &seconds, &config->clock.tv_nsec) != 2)
        return -EINVAL;
    config->clock.tv_sec = (time_t)seconds;
    return 0;
}

static int parse_trace(struct config *config, char *value)
{
    config->trace = value[0] == '1';
    return 0;
}

static int parse_missing(struct config *config, char *value)
{
    config->missing = value[0] == '1';
    return 0;
}

static const struct {
    const char *key;
    int (*parse)(struct config *config, char *value);
} keys[] = {
    {"arg", parse_arg},         {"env", parse_env},         {"path", parse_path},
    {"cwd", parse_cwd},         {"user", parse_user},       {"cwd-else-root", parse_cwd_else_root},
    {"umask", parse_umask},     {"ignored", parse_ignored}, {"limit", parse_limit},
    {"stdio", parse_stdio},     {"job", parse_job},         {"window", parse_window},
    {"termios", parse_termios}, {"root", parse_root},       {"share", parse_share},
    {"trace", parse_trace},     {"missing", parse_missing}, {"hostname", parse_hostname},
    {"clock", parse_clock},
};

static int config_record(struct config *config, char *record)
{
    char *equals = strchr(record, '=');
    if (equals == NULL)
        return -EINVAL;
    *equals = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].key, record) == 0)
            return keys[i].parse(config, equals + 1);
    }
    return -EINVAL;
}

static int config_load(struct config *config, const char *file, size_t *size)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat stat;
    int error = fstat(fd, &stat) < 0 ? -errno : 0;
    *size = error ? 0 : (size_t)stat.st_size;
    config->text = malloc(*size + 1);
    if (config->text == NULL)
        error = -ENOMEM;
    for (size_t have = 0; error == 0 && have < *size;) {
        ssize_t count = read(fd, config->text + have, *size - have);
        if (count <= 0)
            error = count < 0 ? -errno : -EINVAL;
        else
            have += (size_t)count;
    }
    close(fd);
    return error;
}

int config_read(struct config *config, const char *file)
{
    *config = (struct config){.stdio = "ppp", .cwd = "/", .umask = 022};
    size_t size = 0;
    int error = config_load(config, file, &size);
    if (error)
        return error;
    config->text[size] = '\0';
    size_t records = 1;
    for (size_t i = 0; i < size; i++)
        records += config->text[i] == '\0';
    config->argv = calloc(records, sizeof(char *));
    config->envp = calloc(records, sizeof(char *));
    if (config->argv == NULL || config->envp == NULL)
        return -ENOMEM;
    for (char *at = config->text, *next; error == 0 && at < config->text + size; at = next) {
        next = at + strlen(at) + 1;
        error = config_record(config, at);
    }
    return error == 0 && config->argc == 0 ? -EINVAL : error;
}

void config_drop(struct config *config)
{
    free(config->text);
    free(config->argv);
    free(config->envp);
    *config = (struct config){0};
}

const char *config_environment(const struct config *config, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < config->envc; i++) {
        if (strncmp(config->envp[i], name, length) == 0 && config->envp[i][length] == '=')
            return config->envp[i] + length + 1;
    }
    return NULL;
}
