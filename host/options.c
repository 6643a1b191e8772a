/*
 * See options.h: a table of the options, and one short function for each that needs its argument
 * checked.
 */
#define _GNU_SOURCE
#include "options.h"

#include "fail.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPTION_ROOT = 256,
    OPTION_BARE,
    OPTION_TIMEOUT,
    OPTION_ICOUNT,
    OPTION_FORK_DEPTH,
    OPTION_APPEND,
    OPTION_ACCEL,
    OPTION_STRACE,
    OPTION_MISSING,
    OPTION_LOG,
};

static const char short_options[] = "+:hVm:c:e:w:u:v:f:";

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"verbose", no_argument, NULL, 'V'},
    {"memory", required_argument, NULL, 'm'},
    {"cpus", required_argument, NULL, 'c'},
    {"env", required_argument, NULL, 'e'},
    {"workdir", required_argument, NULL, 'w'},
    {"user", required_argument, NULL, 'u'},
    {"volume", required_argument, NULL, 'v'},
    {"file", required_argument, NULL, 'f'},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"bare", no_argument, NULL, OPTION_BARE},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"icount", no_argument, NULL, OPTION_ICOUNT},
    {"fork-depth", required_argument, NULL, OPTION_FORK_DEPTH},
    {"append", required_argument, NULL, OPTION_APPEND},
    {"accel", required_argument, NULL, OPTION_ACCEL},
    {"strace", no_argument, NULL, OPTION_STRACE},
    {"missing", no_argument, NULL, OPTION_MISSING},
    {"log", required_argument, NULL, OPTION_LOG},
    {NULL, 0, NULL, 0},
};

static uint64_t parse_size(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    const char *suffixes = "KMGT";
    int shift = 20;
    if (*end != '\0') {
        const char *suffix = strchr(suffixes, *end & ~0x20);
        shift = suffix != NULL ? 10 * (int)(suffix - suffixes + 1) : -1;
        end++;
    }
    if (errno || end == text || text[0] == '-' || *end != '\0' || shift < 0 || number == 0 ||
        number > UINT64_MAX >> shift)
        fail(EXIT_FURCA, "-m %s: not a size; write for example 512M or 4G", text);
    return (uint64_t)number << shift;
}

static unsigned parse_cpus(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == '-' || number < 1 || number > 255)
        fail(EXIT_FURCA, "-c %s: not a number of CPUs from 1 to 255", text);
    return (unsigned)number;
}

static double parse_timeout(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(seconds) || seconds <= 0 || seconds > 1e8)
        fail(EXIT_FURCA, "--timeout %s: not a number of seconds above 0", text);
    return seconds;
}

static const char *parse_fork_depth(const char *text)
{
    if (strcmp(text, "root") != 0 && strcmp(text, "tables") != 0 && strcmp(text, "pages") != 0)
        fail(EXIT_FURCA, "--fork-depth %s: it is root, tables or pages", text);
    return text;
}

static enum accelerator parse_accelerator(const char *text)
{
    static const char *const names[] = {"auto", "kvm", "tcg"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0)
            return (enum accelerator)i;
    }
    fail(EXIT_FURCA, "--accel %s: it is auto, kvm or tcg", text);
}

static char *parse_environment(char *text)
{
    char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        fail(EXIT_FURCA, "-e %s: write -e NAME=VALUE", text);
    return text;
}

static char *absolute(const char *option, const char *path)
{
    char *real = realpath(path, NULL);
    if (real == NULL)
        fail(EXIT_FURCA, "%s %s: %s", option, path, strerror(errno));
    return real;
}

static char *absolute_directory(const char *option, const char *path)
{
    char *real = absolute(option, path);
    struct stat stat_buffer;
    if (stat(real, &stat_buffer) < 0 || !S_ISDIR(stat_buffer.st_mode))
        fail(EXIT_FURCA, "%s %s: not a folder%s", option, path,
             option[1] == 'v' ? "; share the folder it is in" : "");
    return real;
}

static void parse_share(struct options *options, const char *text)
{
    char *copy = must_copy(text);
    char *guest = strchr(copy, ':');
    if (guest == NULL || guest == copy || guest[1] != '/')
        fail(EXIT_FURCA,
             "-v %s: write -v HOST:GUEST or -v HOST:GUEST:rw, with an absolute path for GUEST",
             text);
    *guest++ = '\0';
    char *mode = strchr(guest, ':');
    if (mode != NULL)
        *mode++ = '\0';
    if (mode != NULL && strcmp(mode, "rw") != 0 && strcmp(mode, "ro") != 0)
        fail(EXIT_FURCA, "-v %s: after the second colon comes rw or ro", text);
    size_t size = (options->share_count + 1) * sizeof(struct share);
    options->shares = must_reallocate(options->shares, size);
    options->shares[options->share_count++] =
        (struct share){.host = absolute_directory("-v", copy),
                       .guest = guest,
                       .writable = mode != NULL && mode[1] == 'w'};
}

/* Without a guest path the file keeps its place, and its name: a link at its end is kept as a link.
 */
static void parse_file(struct options *options, const char *text)
{
    char *copy = must_copy(text);
    char *guest = strchr(copy, ':');
    if (guest != NULL)
        *guest++ = '\0';
    if (copy[0] == '\0' || (guest != NULL && guest[0] != '/'))
        fail(EXIT_FURCA,
             "-f %s: write -f HOSTPATH or -f HOSTPATH:GUESTPATH, with an absolute GUESTPATH", text);
    struct stat stat_buffer;
    if (stat(copy, &stat_buffer) < 0)
        fail(EXIT_FURCA, "-f %s: %s", copy, strerror(errno));
    char *cwd = getcwd(NULL, 0);
    char *host = copy[0] == '/' ? copy : must_format("%s/%s", cwd != NULL ? cwd : "", copy);
    size_t size = (options->file_count + 1) * sizeof(struct packed_file);
    options->files = must_reallocate(options->files, size);
    options->files[options->file_count++] = (struct packed_file){.host = host, .guest = guest};
}

static void option_machine(struct options *options, int option)
{
    switch (option) {
    case 'm':
        options->memory = parse_size(optarg);
        options->memory_given = true;
        break;
    case 'c':
        options->cpus = parse_cpus(optarg);
        break;
    case OPTION_ICOUNT:
        options->icount = options->bare = true;
        break;
    case OPTION_FORK_DEPTH:
        options->fork_depth = parse_fork_depth(optarg);
        break;
    case OPTION_APPEND:
        list_add(&options->append, optarg);
        break;
    case OPTION_ACCEL:
        options->accelerator = parse_accelerator(optarg);
        break;
    case OPTION_LOG:
        options->log = optarg;
        break;
    case OPTION_TIMEOUT:
        options->timeout = parse_timeout(optarg);
        break;
    }
}

static void option_program(struct options *options, int option)
{
    switch (option) {
    case 'e':
        list_add(&options->environment, parse_environment(optarg));
        break;
    case 'w':
        options->directory = optarg;
        break;
    case 'u':
        options->user = optarg;
        break;
    case 'v':
        parse_share(options, optarg);
        break;
    case 'f':
        parse_file(options, optarg);
        break;
    case OPTION_ROOT:
        options->root = absolute_directory("--root", optarg);
        break;
    case OPTION_BARE:
        options->bare = true;
        break;
    }
}

static _Noreturn void option_unknown(char **argv, int option)
{
    const char *word = argv[optind - 1];
    if (option == ':')
        fail(EXIT_FURCA, "option %s needs an argument; see furca help", word);
    if (optopt > 0 && optopt < 256 && word[1] != '-')
        fail(EXIT_FURCA,
             "unknown option -%c; see furca help (a program's own options come after its name)",
             optopt);
    fail(EXIT_FURCA,
         "unknown option %s; see furca help (a program's own options come after its name)", word);
}

static void option_take(struct options *options, char **argv, int option)
{
    switch (option) {
    case 'h':
        options_help();
        exit(0);
    case 'V':
        options->verbose = true;
        break;
    case OPTION_STRACE:
        options->strace = true;
        break;
    case OPTION_MISSING:
        options->missing = true;
        break;
    case '?':
    case ':':
        option_unknown(argv, option);
    default:
        option_machine(options, option);
        option_program(options, option);
    }
}

static void options_check(const struct options *options)
{
    if (options->bare && options->share_count != 0)
        fail(EXIT_FURCA, "-v needs 9p, which %s leaves out; pack the folder with -f instead",
             options->icount ? "--icount" : "--bare");
    if (!options->bare && options->file_count != 0)
        fail(EXIT_FURCA, "-f is for --bare; without it the guest sees the host's files anyway");
    if (options->icount && options->accelerator == ACCELERATOR_KVM)
        fail(EXIT_FURCA, "--icount counts instructions, which only --accel tcg can do");
    if (options->icount && options->cpus > 1)
        fail(EXIT_FURCA, "--icount is for one CPU; leave -c out");
}

void options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.root = "/", .memory = 2ULL << 30, .cpus = 1};
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1)
        option_take(options, argv, option);
    options_check(options);
    options->program = optind < argc ? argv + optind : NULL;
}
