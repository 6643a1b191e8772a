/*
 * COM1 as the earliest console: a 16550 UART at 0x3f8, line 4 (National Semiconductor PC16550D data
 * sheet).
 *
 * Output polls: up to 16 bytes go out for each look at the line status, since an empty transmitter
 * means an empty FIFO. A machine without the port reads as 0xff, which looks ready, so that output
 * costs little and goes nowhere.
 */
#include "console.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "instructions.h"

enum {
    COM1 = 0x3f8,
    COM1_DATA = COM1,
    COM1_INTERRUPTS = COM1 + 1,
    COM1_FIFO = COM1 + 2,
    COM1_LINE = COM1 + 3,
    COM1_MODEM = COM1 + 4,
    COM1_STATUS = COM1 + 5,
    COM1_IRQ = 4,
    FIFO_SIZE = 16,
    STATUS_RECEIVED = 0x01,
    STATUS_EMPTY = 0x20,
    POLL_LIMIT = 100000,
};

static void (*console_received)(void);

void console_start(void)
{
    port_write8(COM1_INTERRUPTS, 0);
    port_write8(COM1_LINE, 0x80); /* the divisor: 1, which is 115200 baud */
    port_write8(COM1_DATA, 1);
    port_write8(COM1_INTERRUPTS, 0);
    port_write8(COM1_LINE, 0x03);  /* eight bits, no parity, one stop bit */
    port_write8(COM1_FIFO, 0x07);  /* FIFOs on and cleared, interrupt at each byte */
    port_write8(COM1_MODEM, 0x0b); /* DTR, RTS, interrupts to the line */
}

static void transmitter_wait(void)
{
    for (unsigned i = 0; i < POLL_LIMIT && (port_read8(COM1_STATUS) & STATUS_EMPTY) == 0; i++)
        cpu_relax();
}

void console_write(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i % FIFO_SIZE == 0)
            transmitter_wait();
        port_write8(COM1_DATA, (uint8_t)bytes[i]);
    }
}

int console_read(void)
{
    uint8_t status = port_read8(COM1_STATUS);

    if (status == 0xff || (status & STATUS_RECEIVED) == 0)
        return -1;
    return port_read8(COM1_DATA);
}

static void console_interrupt(void *argument)
{
    if (console_received != NULL)
        console_received();
}

void console_listen(void (*received)(void))
{
    console_received = received;
    if (irq_attach(COM1_IRQ, console_interrupt, NULL) == 0)
        port_write8(COM1_INTERRUPTS, 1);
}
