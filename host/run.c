/*
 * From the command line to a session: read the options, look the program up, pack the initramfs,
 * run.
 */
#define _GNU_SOURCE
#include "run.h"

#include "clock.h"
#include "fail.h"
#include "find.h"
#include "options.h"
#include "pack.h"
#include "parts.h"
#include "session.h"
#include "setup.h"
#include "standard.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the kernel and init need beside the image, in bytes. */
static const uint64_t smallest_memory = 24ULL << 20;

/* The host's lookup tells the truth only about what the guest will see in the same place. */
static bool can_look_up(const struct options *options, const char *name)
{
    static const char *const own[] = {"/proc/", "/dev/", "/sys/"};
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(name, own[i], strlen(own[i])) == 0)
            return false;
    }
    return options->share_count == 0;
}

static char *look_up(const struct options *options, const struct setup *setup)
{
    const char *name = options->program[0];
    struct find find = {options->root, setup->directory, setup_environment(setup, "PATH")};
    return options->bare || can_look_up(options, name) ? find_program(&find, name) : NULL;
}

/* The archive and the files made from it are in memory at the same time. */
static void check_memory(const struct options *options, uint64_t image_size)
{
    uint64_t needed = smallest_memory + 2 * image_size + image_size / 8;
    uint64_t mebibytes = (needed + (1 << 20) - 1) >> 20;
    if (options->memory < needed)
        fail(EXIT_FURCA, "%llu MiB of memory are too little for this image; use -m %lluM or more",
             (unsigned long long)(options->memory >> 20), (unsigned long long)mebibytes);
}

static int build_image(const struct options *options, const struct parts *parts,
                       const struct setup *setup, char *program)
{
    struct bytes records = {0};
    setup_write(setup, options->bare ? program : NULL, &records);
    struct pack pack = {.options = options,
                        .init = parts->init,
                        .program = program,
                        .directory = setup->directory,
                        .search = setup_environment(setup, "PATH"),
                        .libraries = setup_environment(setup, "LD_LIBRARY_PATH"),
                        .config = bytes_front(&records),
                        .config_size = bytes_count(&records)};
    uint64_t size;
    int image = pack_build(&pack, &size);
    bytes_drop(&records);
    check_memory(options, size);
    return image;
}

static int run_program(const struct options *options)
{
    struct parts parts;
    struct standard standard;
    struct terminal terminal;
    struct setup setup;
    double begin = clock_seconds();
    standard_look(&standard);
    terminal_open(&terminal, &standard);
    setup_begin(&setup, options, &standard, &terminal);
    char *program = look_up(options, &setup);
    parts_find(&parts);
    parts_check(&parts);
    int image = build_image(options, &parts, &setup, program);
    struct session_input input = {.options = options,
                                  .parts = &parts,
                                  .standard = &standard,
                                  .terminal = &terminal,
                                  .image = image,
                                  .begin = begin};
    return session_run(&input);
}

int run_command(int argc, char **argv)
{
    struct options options;
    options_read(&options, argc, argv);
    if (options.program == NULL)
        fail(EXIT_FURCA,
             "which program? furca run [options] PROGRAM [ARGUMENT...]; see furca help");
    return run_program(&options);
}

/* The caller's shell if the guest will have it, else the usual ones. */
static char *choose_shell(const struct options *options)
{
    static const char *const usual[] = {"/bin/bash", "/bin/sh"};
    struct find find = {options->root, "/", getenv("PATH")};
    char *shell = getenv("SHELL");
    if (shell != NULL && shell[0] == '/' && find_quietly(&find, shell) != NULL)
        return shell;
    for (size_t i = 0; i < 2; i++) {
        if (find_quietly(&find, usual[i]) != NULL)
            return must_copy(usual[i]);
    }
    fail(EXIT_NOT_FOUND, "there is no shell under %s; name a program: furca run PROGRAM",
         options->root);
}

int shell_command(int argc, char **argv)
{
    struct options options;
    options_read(&options, argc, argv);
    struct list command = {0};
    list_add(&command, choose_shell(&options));
    for (char **argument = options.program; argument != NULL && *argument != NULL; argument++)
        list_add(&command, *argument);
    options.program = command.items;
    return run_program(&options);
}
