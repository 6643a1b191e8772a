/*
 * Reading the kernel's command line. Contract and list in parameters.h.
 */
#include "boot/parameters.h"
#include "lib/container.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mem/huge.h"
#include "mem/random.h"
#include "sys/strace.h"
#include "trace/log.h"

struct parameters parameters = {.init = "/init"};

struct choice {
    const char *word;
    int value;
};

static const struct choice depths[] = {
    {"root", FORK_ROOT}, {"tables", FORK_TABLES}, {"pages", FORK_PAGES}};
static const struct choice firsts[] = {
    {"any", FORK_FIRST_ANY}, {"parent", FORK_FIRST_PARENT}, {"child", FORK_FIRST_CHILD}};
static const struct choice huges[] = {
    {"always", HUGE_ALWAYS}, {"madvise", HUGE_MADVISE}, {"never", HUGE_NEVER}};

/* The value that the line chooses for `name`, or `otherwise`. */
static int choose(const char *line, const char *name, const struct choice *choices, size_t count,
                  int otherwise)
{
    char value[32];

    if (parse_find(line, name, value, sizeof value) < 0)
        return otherwise;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(value, choices[i].word))
            return choices[i].value;
    log_line("command line: %s=%s is not known", name, value);
    return otherwise;
}

static uint64_t read_number(const char *line, const char *name)
{
    char value[32];
    uint64_t number = 0;

    if (parse_find(line, name, value, sizeof value) >= 0 && parse_u64(value, &number))
        log_line("command line: %s=%s is not a number", name, value);
    return number;
}

void parameters_read(const char *line)
{
    char init[sizeof parameters.init];

    if (parse_find(line, "init", init, sizeof init) > 0 && init[0] == '/')
        memcpy(parameters.init, init, sizeof init);
    parameters.fork_depth =
        (enum fork_depth)choose(line, "fork_depth", depths, array_size(depths), FORK_ROOT);
    parameters.fork_first =
        (enum fork_first)choose(line, "fork_first", firsts, array_size(firsts), FORK_FIRST_ANY);
    huge_policy_set((enum huge_policy)choose(line, "huge", huges, array_size(huges), HUGE_ALWAYS));
    random_init(read_number(line, "seed"));
    strace_on = read_number(line, "strace") != 0;
}
