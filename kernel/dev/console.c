/*
 * The console terminal, and /dev/tty.
 *
 * Output goes to the machine's console at once. Input comes in an interrupt, where no terminal may
 * be touched: the interrupt puts bytes into a ring and wakes a kernel thread, which hands them to
 * the line discipline. Bytes that a full terminal does not take wait in the ring; those for which
 * the ring has no room are lost, as on any line without flow control.
 *
 * /dev/console never becomes a controlling terminal by being opened; /dev/ttyS0, the same line,
 * may. /dev/tty is the caller's controlling terminal, whichever that is.
 */
#include "dev/console.h"

#include "arch/machine.h"
#include "dev/pty.h"
#include "dev/tty.h"
#include "file/caller.h"
#include "file/device.h"
#include "file/file.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "sched/spin.h"
#include <linux/stat.h>

enum {
    RING = 4096,
    CHUNK = 128,
    TTY_MAJOR = 5,
    TTY_MINOR_CURRENT = 0,
    TTY_MINOR_CONSOLE = 1,
    SERIAL_MAJOR = 4,
    SERIAL_MINOR = 64,
};

static struct {
    struct tty tty;
    struct spinlock lock; /* guards the ring; interrupts off */
    struct ring received;
    uint8_t bytes[RING];
    struct wait_queue arrived; /* the thread sleeps here */
} console;

/* --- the line --- */

static size_t line_room(struct tty *tty)
{
    return RING;
}

static void line_write(struct tty *tty, const uint8_t *bytes, size_t count)
{
    console_write((const char *)bytes, count);
}

static void line_input_room(struct tty *tty)
{
    wait_wake_all(&console.arrived);
}

/* The console is static. */
static void line_release(struct tty *tty)
{
}

static const struct tty_driver line_driver = {
    .write = line_write,
    .room = line_room,
    .input_room = line_input_room,
    .release = line_release,
};

/* In the interrupt. */
static void line_received(void)
{
    uint64_t saved = spin_lock_irq(&console.lock);
    int byte;

    while ((byte = console_read()) >= 0) {
        uint8_t value = (uint8_t)byte;

        ring_write(&console.received, &value, 1);
    }
    spin_unlock_irq(&console.lock, saved);
    wait_wake_all(&console.arrived);
}

/* --- from the ring to the terminal --- */

static size_t received_peek(uint8_t *bytes)
{
    uint64_t saved = spin_lock_irq(&console.lock);
    size_t count = ring_peek(&console.received, 0, bytes, CHUNK);

    spin_unlock_irq(&console.lock, saved);
    return count;
}

static void received_drop(size_t count)
{
    uint64_t saved = spin_lock_irq(&console.lock);

    ring_consume(&console.received, count);
    spin_unlock_irq(&console.lock, saved);
}

/* Hands bytes over; false when there are none, or the terminal takes none. Nobody has it open: they
 * are lost. */
static bool received_deliver(void)
{
    uint8_t bytes[CHUNK];
    size_t count = received_peek(bytes);
    size_t taken = count;

    if (!count)
        return false;
    mutex_lock(&console.tty.lock);
    if (console.tty.buffer)
        taken = tty_receive(&console.tty, bytes, count);
    mutex_unlock(&console.tty.lock);
    received_drop(taken);
    return taken > 0;
}

void console_thread(void *argument)
{
    struct waiter self;

    waiter_init(&self);
    for (;;) {
        wait_enter(&console.arrived, &self);
        if (!received_deliver())
            wait_sleep(WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
        wait_leave(&console.arrived, &self);
    }
}

/* --- devices --- */

static int console_open(uint32_t number, struct file *file)
{
    return tty_open(&console.tty, file, device_major(number) == TTY_MAJOR);
}

static int current_open(uint32_t number, struct file *file)
{
    struct tty *tty = caller_tty();
    int error;

    if (!tty)
        return -ENXIO;
    error = tty_open(tty, file, true);
    tty_put(tty);
    return error;
}

static struct device devices[] = {
    {.name = "tty",
     .type = S_IFCHR,
     .major = TTY_MAJOR,
     .first_minor = TTY_MINOR_CURRENT,
     .count = 1,
     .mode = 0666,
     .gid = 5,
     .open = current_open},
    {.name = "console",
     .type = S_IFCHR,
     .major = TTY_MAJOR,
     .first_minor = TTY_MINOR_CONSOLE,
     .count = 1,
     .mode = 0600,
     .open = console_open},
    {.name = "ttyS0",
     .type = S_IFCHR,
     .major = SERIAL_MAJOR,
     .first_minor = SERIAL_MINOR,
     .count = 1,
     .mode = 0660,
     .gid = 20,
     .open = console_open},
};

static void session_hook_get(struct tty *tty)
{
    tty_get(tty);
}

static void session_hook_look(const struct tty *tty, uint32_t *number, int32_t *foreground)
{
    *number = tty->number;
    *foreground = tty->foreground;
}

static const struct tty_hooks session_hooks = {
    .get = session_hook_get,
    .put = tty_put,
    .leader_exited = tty_leader_exited,
    .look = session_hook_look,
};

void tty_start(void)
{
    tty_init(&console.tty, &line_driver, device_number(SERIAL_MAJOR, SERIAL_MINOR));
    ring_init(&console.received, console.bytes, RING);
    for (size_t i = 0; i < array_size(devices); i++)
        device_register(&devices[i]);
    pty_start();
    caller_set_tty_hooks(&session_hooks);
    console_listen(line_received);
}
