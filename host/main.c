/*
 * The furca command: which of its commands is meant.
 */
#include "doctor.h"
#include "fail.h"
#include "options.h"
#include "parts.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int help_command(int argc, char **argv)
{
    (void)argc, (void)argv;
    options_help();
    return 0;
}

static int version_command(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("furca " FURCA_VERSION);
    return 0;
}

static int bench_command(int argc, char **argv)
{
    (void)argc;
    char *script = parts_path("bench");
    argv[0] = script;
    execv(script, argv);
    fail(EXIT_FURCA, "the comparison %s: %s; it is in the source tree: make bench", script,
         strerror(errno));
}

static const struct {
    const char *word;
    int (*command)(int argc, char **argv);
} commands[] = {
    {"run", run_command},     {"shell", shell_command},     {"doctor", doctor_command},
    {"bench", bench_command}, {"help", help_command},       {"--help", help_command},
    {"-h", help_command},     {"version", version_command}, {"--version", version_command},
};

int main(int argc, char **argv)
{
    if (argc < 2)
        fail(EXIT_FURCA,
             "what shall be done? furca run PROGRAM, furca shell, furca doctor; see furca help");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].word, argv[1]) == 0)
            return commands[i].command(argc - 1, argv + 1);
    }
    if (argv[1][0] == '-')
        fail(EXIT_FURCA, "unknown option %s; see furca help", argv[1]);
    fail(EXIT_FURCA, "unknown command %s; did you mean furca run %s?", argv[1], argv[1]);
}
