/*
 * Random bytes on their way to a program, a piece at a time through the stack.
 */
#include "file/random.h"

#include "file/caller.h"
#include "lib/container.h"
#include "mem/random.h"
#include "mem/uio.h"

enum { CHUNK = 256 };

int64_t random_move(struct uio *uio)
{
    uint8_t bytes[CHUNK];
    int64_t done = 0;

    while (uio->left && !(done && caller_interrupted())) {
        size_t count = min_size(uio->left, CHUNK);
        int64_t moved;

        random_fill(bytes, count);
        moved = uio_move(uio, bytes, count);
        if (moved < 0)
            return done ? done : moved;
        done += moved;
        if ((size_t)moved < count)
            break;
    }
    return done;
}
