/* Comparing the leak ledger; see ledger.h. Allocates nothing, so that reading does not disturb it.
 */
#include "ledger.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_MS = 200, STEP_MS = 5 };

/* The caller blocks SIGCHLD and waits for it: one that is left over is a queued signal too many. */
static void signals_drain(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (sigtimedwait(&child, NULL, &(struct timespec){0, 0}) > 0)
        continue;
}

void ledger_read(struct ledger *ledger)
{
    size_t length = 0;
    signals_drain();
    int fd = open("/proc/furca/ledger", O_RDONLY | O_CLOEXEC);
    ledger->present = fd != -1;
    while (fd != -1 && length < sizeof(ledger->text) - 1) {
        ssize_t got = read(fd, ledger->text + length, sizeof(ledger->text) - 1 - length);
        if (got <= 0)
            break;
        length += got;
    }
    ledger->text[length] = 0;
    if (fd != -1)
        close(fd);
}

/* The value of one name in a ledger; 0 when it is not listed. */
static long ledger_value(const struct ledger *ledger, const char *name, size_t length)
{
    for (const char *line = ledger->text; *line;) {
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            return strtol(line + length + 1, NULL, 10);
        const char *end = strchr(line, '\n');
        line = end ? end + 1 : line + strlen(line);
    }
    return 0;
}

static bool ledger_compare(const struct ledger *before, const struct ledger *after, char *reason,
                           size_t size)
{
    size_t used = 0;
    bool differs = false;
    for (const char *line = after->text; *line;) {
        size_t length = strcspn(line, " \n");
        long change = ledger_value(after, line, length) - ledger_value(before, line, length);
        if (change > 0 && used < size)
            used += snprintf(reason + used, size - used, "%s %.*s %+ld",
                             differs ? "," : "leaks:", (int)length, line, change);
        differs |= change > 0;
        const char *end = strchr(line, '\n');
        line = end ? end + 1 : line + strlen(line);
    }
    return differs;
}

bool ledger_leaks(const struct ledger *before, char *reason, size_t size)
{
    static struct ledger after;
    if (!before->present)
        return false;
    for (int waited = 0;; waited += STEP_MS) {
        ledger_read(&after);
        if (!ledger_compare(before, &after, reason, size))
            return false;
        if (waited >= SETTLE_MS)
            return true;
        nanosleep(&(struct timespec){0, STEP_MS * 1000000}, NULL);
    }
}
