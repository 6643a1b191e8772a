/*
 * Credentials: counted and immutable. The system's first ones are static and are never freed.
 */
#include "file/cred.h"

#include "lib/container.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/capability.h>

static struct slab_cache cred_cache = SLAB_CACHE("cred", sizeof(struct cred));

#define ALL_CAPABILITIES ((UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1)

struct cred cred_root = {
    .refs = 1,
    .permitted = ALL_CAPABILITIES,
    .effective = ALL_CAPABILITIES,
    .bounding = ALL_CAPABILITIES,
};

/* Counting is the one change that an immutable object sees. */
static struct cred *writable(const struct cred *cred)
{
    return (struct cred *)(uintptr_t)cred;
}

struct cred *cred_get(const struct cred *cred)
{
    struct cred *counted = writable(cred);

    atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return counted;
}

void cred_put(const struct cred *cred)
{
    struct cred *counted = writable(cred);

    if (atomic_fetch_sub_explicit(&counted->refs, 1, memory_order_acq_rel) > 1)
        return;
    heap_free(counted->groups);
    slab_free(&cred_cache, counted);
}

struct cred *cred_copy(const struct cred *cred)
{
    struct cred *copy = slab_alloc(&cred_cache);

    if (!copy)
        return NULL;
    memcpy(copy, cred, sizeof(*copy));
    atomic_init(&copy->refs, 1);
    copy->groups = NULL;
    if (cred->group_count) {
        copy->groups = heap_copy(cred->groups, cred->group_count * sizeof(*cred->groups));
        if (!copy->groups) {
            slab_free(&cred_cache, copy);
            return NULL;
        }
    }
    return copy;
}

bool cred_capable(const struct cred *cred, unsigned capability)
{
    return capability < 64 && (cred->effective >> capability & 1);
}

bool cred_in_group(const struct cred *cred, uint32_t gid)
{
    uint32_t low = 0;
    uint32_t high = cred->group_count;

    if (cred->fsgid == gid)
        return true;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (cred->groups[middle] == gid)
            return true;
        if (cred->groups[middle] < gid)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
