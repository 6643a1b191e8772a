/*
 * Finding and executing a program as a shell does, with the reason in words and the shell's status
 * when that fails.
 */
#ifndef GUEST_LAUNCH_H
#define GUEST_LAUNCH_H

struct launch_error {
    int status; /* 126 not executable, 127 not found */
    char text[512];
};

/*
 * Replaces the process by the program. `path` is its file, or NULL: then argv[0] is it when it has
 * a slash, else each directory of `search` (the value of PATH, may be NULL) is tried. Returns only
 * on failure, with `error` filled in.
 */
void launch_execute(const char *path, char *const argv[], char *const envp[], const char *search,
                    struct launch_error *error);

#endif
