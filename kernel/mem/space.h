/*
 * Address spaces: what a process remembers. A space is two share trees, the page tables
 * (mem/table.h) and the mapping tree (lib/map_tree.h), and fork takes references to their roots,
 * whatever they hold.
 *
 * Locks: `lock` guards both trees and everything marked l. It is taken before a backing's lock.
 * Page faults take it too, so no user memory may be touched while it is held. Costs: fork is O(used
 * root slots) <= 256 and usually 2 or 3; a fault owns at most one table per level and one page.
 */
#ifndef MEM_SPACE_H
#define MEM_SPACE_H

#include "arch/mmu.h"
#include "lib/map_tree.h"
#include "mem/frame.h"
#include "sched/mutex.h"
#include <bsd/sys/queue.h>

struct backing;
struct space;
struct uio;

/* What a mapping of a file or of shared memory refers to (mapping.object). Embedded in the open
   file description, so that mem need not know files. */
struct map_source {
    struct backing *backing;
    void (*get)(struct map_source *source);
    void (*put)(struct map_source *source);
};

/* mapping.flags */
enum {
    MAPPING_SHARED = 1,
    MAPPING_GROWSDOWN = 2,
    MAPPING_DONTFORK = 4,
    MAPPING_WIPEONFORK = 8,
    MAPPING_NOHUGE = 16,
    MAPPING_LOCKED = 32,
    MAPPING_NORESERVE = 64,
    MAPPING_MAY_NOT_WRITE = 128, /* shared mapping of a file that is open for reading only */
    MAPPING_HUGE = 256,          /* MADV_HUGEPAGE */
    MAPPING_DONTDUMP = 512,
    MAPPING_ACCOUNT = 1024, /* counts as private writable memory (RLIMIT_DATA) */
};

/* Flags that need work at fork: the explicit short list. */
#define MAPPING_FORK_EXCEPTION (MAPPING_DONTFORK | MAPPING_WIPEONFORK | MAPPING_LOCKED)

/* Counted work of the share trees, for the tests of constant time and for people (/proc/PID/fork).
 */
struct space_work {
    uint64_t tables_copied, tables_made, entries_touched, pages_copied, pages_zeroed, huge_split;
    uint64_t faults, faults_major;
};

/* Where the program's parts are, for brk, /proc and prctl. In bytes. */
struct space_layout {
    uint64_t code_start, code_end, data_start, data_end;
    uint64_t break_start, break_end;
    uint64_t stack_start;
    uint64_t arguments_start, arguments_end, environment_start, environment_end;
    uint64_t map_top; /* mmap searches downwards from here */
    uint64_t auxv[64];
    uint32_t auxv_words;
};

struct space {
    _Atomic uint32_t refs; /* a processes that share it */
    struct mutex lock;
    struct mmu_space mmu;       /* l */
    struct frame *root;         /* c the root table; its counts are the resident pages */
    uint64_t used[4];           /* l bit per used root slot */
    struct map_tree maps;       /* l */
    struct map_tree exceptions; /* l the ranges with a MAPPING_FORK_EXCEPTION flag: the list that
                                   fork works off */
    uint64_t locked_pages;      /* l pages in MAPPING_LOCKED mappings */
    uint64_t data_pages;        /* l pages in MAPPING_ACCOUNT mappings */
    bool lock_future;           /* l mlockall(MCL_FUTURE) */
    struct space_layout layout; /* l */
    struct space_work work;     /* l */
    uint64_t resident_peak;     /* l pages */
    TAILQ_ENTRY(space) link;    /* spaces_lock */
};

/* Limits that the caller's process is under, in bytes (UINT64_MAX: none). */
struct space_limits {
    uint64_t address_space, data, stack, locked;
};

/* The limits of the current process. Needed by mem, given by proc. */
void space_limits_current(struct space_limits *limits);

/* Empty space with one reference. NULL: no memory. */
struct space *space_create(void);
/* The child's space: shares every table, mapping and page of the parent's, which is flushed. depth:
   0 root, 1 tables, 2 pages (the dial). 0 or -ENOMEM. Parent's lock not held. */
int space_fork(struct space *parent, unsigned depth, struct space **result);
struct space *space_get(struct space *space);
/* The last reference takes everything apart; may be long, lets other threads run. Not loaded on any
 * CPU by then. */
void space_put(struct space *space);

/* --- mappings: map.c, remap.c, advise.c. Lengths and addresses in bytes, checked here; errors as
 * the manual pages say. ---------- */

struct map_request {
    uint64_t address, length;
    uint64_t prot, flags;      /* PROT_…, MAP_… of mmap(2), known ones only */
    struct map_source *source; /* NULL: anonymous; the call takes its own count */
    uint64_t offset;           /* in the source, bytes */
    uint32_t extra;            /* MAPPING_… flags to add */
};
/* Returns the address or -errno. */
int64_t space_map(struct space *space, const struct map_request *request);
int space_unmap(struct space *space, uint64_t address, uint64_t length);
int space_protect(struct space *space, uint64_t address, uint64_t length, uint64_t prot);
int64_t space_remap(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length,
                    uint64_t flags, uint64_t new_address);
/* Sets the break; returns the break in force afterwards. */
uint64_t space_break(struct space *space, uint64_t address);
int space_advise(struct space *space, uint64_t address, uint64_t length, int advice);
int space_sync(struct space *space, uint64_t address, uint64_t length, int flags);
/* One byte per page into vector (kernel memory, length / PAGE_SIZE bytes): bit 0 resident. */
int space_resident(struct space *space, uint64_t address, uint64_t length, uint8_t *vector);
int space_lock(struct space *space, uint64_t address, uint64_t length, bool lock, bool on_fault);
int space_lock_all(struct space *space, int flags);

/* Asserts what holds whenever the lock is free; takes it. O(pages + mappings). */
void space_check(struct space *space);

/* --- faults: fault.c --- */

/* Makes the access possible (access: enum fault_access of arch/trap.h). 0; -EFAULT nothing mapped
   (SEGV_MAPERR); -EACCES not allowed (SEGV_ACCERR); -ENXIO beyond the end of the file, -EIO
   unreadable (SIGBUS); -ENOMEM. */
int space_fault(struct space *space, struct uaddr address, unsigned access);
/* The frame behind an address with a count, faulted in for that access: for other spaces' calls
 * (ptrace, process_vm_*, futexes). */
int space_page(struct space *space, struct uaddr address, unsigned access, struct frame **frame);
/* Moves bytes between a uio and another space's memory, as far as its own permissions go. Bytes,
 * -EFAULT or -ENOMEM. */
int64_t space_access(struct space *space, uint64_t address, struct uio *uio, bool write);

/* Where an address lives, for futex keys: a shared mapping gives its backing (counted) and byte
   offset; else backing is NULL and the key is the space itself. 0 or -EFAULT. */
struct space_location {
    struct backing *backing;
    uint64_t offset;
};
int space_locate(struct space *space, struct uaddr address, struct space_location *location);

/* --- looking: inspect.c --- */

/* The first mapping with end > address, copied, with a count on its object (space_mapping_put).
 * False: none. */
bool space_mapping_next(struct space *space, uint64_t address, struct mapping *mapping);
void space_mapping_put(struct mapping *mapping);
struct space_stat {
    uint64_t total;                     /* bytes mapped */
    uint64_t anonymous, file, shared;   /* resident pages */
    uint64_t resident_peak, total_peak; /* pages, bytes */
    uint64_t tables;                    /* page tables reachable, each counted whole */
    uint64_t data, stack, code, locked; /* bytes mapped of each kind */
};
void space_stat_get(struct space *space, struct space_stat *stat);
/* What one page's entry says, for pagemap, smaps and mincore. */
struct space_page_info {
    bool present, special, dirty, accessed, huge, file;
    uint32_t refs; /* entries that point to the frame, following shared tables: the product along
                      the path */
    struct phys frame;
};
void space_page_look(struct space *space, uint64_t address, struct space_page_info *info);
/* The same for each entry in [start, end) that translates something; a 2 MiB leaf is one page. The
 * space's lock is held meanwhile. */
void space_pages_look(struct space *space, uint64_t start, uint64_t end,
                      void (*page)(uint64_t address, const struct space_page_info *info,
                                   void *argument),
                      void *argument);

/* Removes translations of pages [first, end) of a backing in every space (truncate). */
void space_zap_backing(struct backing *backing, uint64_t first, uint64_t end, bool even_private);

/* Is it mapped shared and writable anywhere (F_SEAL_WRITE)? O(all mappings). */
bool space_backing_written(struct backing *backing);

/* A source for a backing that no file description stands for; takes over the caller's count on the
 * backing. NULL: no memory. */
struct map_source *map_source_create(struct backing *backing);

#endif
