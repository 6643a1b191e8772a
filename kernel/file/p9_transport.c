/*
 * The channels that 9P clients can claim, by tag. The list grows at boot only and is read without a
 * lock afterwards.
 */
#include "file/p9_transport.h"

#include "lib/errno.h"
#include "lib/string.h"
#include <stdatomic.h>

static STAILQ_HEAD(p9_transport_list,
                   p9_transport) transports = STAILQ_HEAD_INITIALIZER(transports);

void p9_transport_register(struct p9_transport *transport)
{
    STAILQ_INSERT_TAIL(&transports, transport, link);
}

int p9_transport_claim(const char *tag, struct p9_transport **result)
{
    struct p9_transport *transport;
    int error = -ENOENT;
    STAILQ_FOREACH(transport, &transports, link)
    {
        uint32_t idle = 0;
        if (strcmp(transport->tag, tag) != 0)
            continue;
        if (atomic_compare_exchange_strong(&transport->busy, &idle, 1)) {
            *result = transport;
            return 0;
        }
        error = -EBUSY;
    }
    return error;
}

void p9_transport_release(struct p9_transport *transport)
{
    atomic_store(&transport->busy, 0);
}
