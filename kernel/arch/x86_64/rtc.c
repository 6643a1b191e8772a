/*
 * The CMOS real-time clock (Motorola MC146818A), read once at boot.
 */
#include "clock.h"
#include "instructions.h"
#include <stdbool.h>

enum {
    CMOS_INDEX = 0x70,
    CMOS_DATA = 0x71,
    CMOS_SECONDS = 0,
    CMOS_MINUTES = 2,
    CMOS_HOURS = 4,
    CMOS_DAY = 7,
    CMOS_MONTH = 8,
    CMOS_YEAR = 9,
    CMOS_STATUS_A = 10,
    CMOS_STATUS_B = 11,
    CMOS_CENTURY = 0x32,
    STATUS_A_UPDATING = 0x80,
    STATUS_B_24_HOURS = 0x02,
    STATUS_B_BINARY = 0x04,
    READ_TRIES = 1000,
};

struct rtc_time {
    unsigned second, minute, hour, day, month, year, century;
};

static unsigned cmos_read(unsigned reg)
{
    port_write8(CMOS_INDEX, (uint8_t)reg);
    return port_read8(CMOS_DATA);
}

static struct rtc_time rtc_read(void)
{
    return (struct rtc_time){
        .second = cmos_read(CMOS_SECONDS),
        .minute = cmos_read(CMOS_MINUTES),
        .hour = cmos_read(CMOS_HOURS),
        .day = cmos_read(CMOS_DAY),
        .month = cmos_read(CMOS_MONTH),
        .year = cmos_read(CMOS_YEAR),
        .century = cmos_read(CMOS_CENTURY),
    };
}

/* Two equal readings outside an update. */
static bool rtc_read_stable(struct rtc_time *time)
{
    for (unsigned i = 0; i < READ_TRIES; i++) {
        if ((cmos_read(CMOS_STATUS_A) & STATUS_A_UPDATING) != 0)
            continue;
        *time = rtc_read();
        if (cmos_read(CMOS_SECONDS) == time->second &&
            (cmos_read(CMOS_STATUS_A) & STATUS_A_UPDATING) == 0)
            return true;
    }
    return false;
}

static unsigned from_decimal(unsigned value)
{
    return (value >> 4) * 10 + (value & 15);
}

static void rtc_decode(struct rtc_time *t, unsigned status)
{
    bool afternoon = (t->hour & 0x80) != 0;

    t->hour &= 0x7f;
    if ((status & STATUS_B_BINARY) == 0) {
        *t = (struct rtc_time){from_decimal(t->second), from_decimal(t->minute),
                               from_decimal(t->hour),   from_decimal(t->day),
                               from_decimal(t->month),  from_decimal(t->year),
                               from_decimal(t->century)};
    }
    if ((status & STATUS_B_24_HOURS) == 0)
        t->hour = t->hour % 12 + (afternoon ? 12 : 0);
    t->year += t->century >= 19 && t->century < 100 ? t->century * 100 : 2000;
}

/* Days from 1970-01-01 to the date; years that begin in March put the leap day last. */
static uint64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
    uint64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

uint64_t rtc_seconds(void)
{
    unsigned status = cmos_read(CMOS_STATUS_B);
    struct rtc_time t;

    if (status == 0xff || !rtc_read_stable(&t))
        return 0;
    rtc_decode(&t, status);
    if (t.month < 1 || t.month > 12 || t.day < 1 || t.year < 1970)
        return 0;
    return ((days_since_1970(t.year, t.month, t.day) * 24 + t.hour) * 60 + t.minute) * 60 +
           t.second;
}
