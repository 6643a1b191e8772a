/*
 * What furca's own descriptors 0, 1 and 2 are, which decides what the program in the guest gets.
 */
#ifndef HOST_STANDARD_H
#define HOST_STANDARD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One letter for each descriptor, as the record `stdio` of guest/config.h has them: p pipe
 * (anything that is not below), t terminal, n /dev/null, c closed, o standard error is the same
 * open file as standard output.
 */
struct standard {
    char kinds[4];
};

/* Looks at the descriptors, and opens /dev/null in the place of closed ones so that nothing else
 * lands there. */
void standard_look(struct standard *standard);

static inline bool standard_is_terminal(const struct standard *standard, int fd)
{
    return standard->kinds[fd] == 't';
}

/*
 * Makes an output descriptor ready for a poll loop that must not block: a terminal or pipe is
 * opened anew in non-blocking mode if it can be (other processes that have it are not disturbed).
 * Returns the most bytes that one write may have, 0 for no limit.
 */
size_t standard_prepare_output(int fd);

#endif
