/*
 * What Furca adds to the Linux ABI: options of prctl(2) for the depth dial and for who runs first
 * after fork.
 *
 * prctl(PR_FURCA_FORK_DEPTH, value) sets how deep the process's forks copy and returns what it was;
 * so does PR_FURCA_FORK_FIRST for the order. Children inherit both. PR_FURCA_ASK as value only
 * asks. Other values: EINVAL; so says every Linux.
 */
#ifndef ABI_FURCA_H
#define ABI_FURCA_H

#define PR_FURCA_FORK_DEPTH 0x46755201
#define PR_FURCA_FORK_FIRST 0x46755202

#define PR_FURCA_ASK (~0ul)

/* PR_FURCA_FORK_DEPTH: what fork copies at once. */
enum {
    FURCA_FORK_ROOT,   /* nothing: it shares from the root down */
    FURCA_FORK_TABLES, /* every page table, as Linux does */
    FURCA_FORK_PAGES,  /* every page too, as Unix V6 did */
};

/* PR_FURCA_FORK_FIRST */
enum {
    FURCA_FIRST_ANY,
    FURCA_FIRST_PARENT,
    FURCA_FIRST_CHILD,
};

#endif
