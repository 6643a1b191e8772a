/* Clocks, sleeping, POSIX timers. */
#include "harness.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long nanoseconds(clockid_t clock)
{
    struct timespec now;
    CHECK_OK(clock_gettime(clock, &now));
    CHECK(now.tv_nsec >= 0 && now.tv_nsec < 1000000000);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

CASE(every_clock_goes_on)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME,
                                       CLOCK_MONOTONIC,
                                       CLOCK_MONOTONIC_RAW,
                                       CLOCK_REALTIME_COARSE,
                                       CLOCK_MONOTONIC_COARSE,
                                       CLOCK_BOOTTIME,
                                       CLOCK_TAI};
    for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
        struct timespec resolution;
        long before = nanoseconds(clocks[i]);
        sleep_ms(15);
        long after = nanoseconds(clocks[i]);
        CHECK(after - before >= 5000000);
        CHECK_OK(clock_getres(clocks[i], &resolution));
        CHECK(resolution.tv_sec == 0 && resolution.tv_nsec >= 1 && resolution.tv_nsec <= 10000000);
    }
    CHECK_ERR(syscall(SYS_clock_gettime, 99, &(struct timespec){0}), EINVAL);
    CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (void *)8), EFAULT);
    CHECK_ERR(syscall(SYS_clock_getres, 99, NULL), EINVAL);
}

CASE(monotonic_never_goes_back)
{
    long last = nanoseconds(CLOCK_MONOTONIC);
    for (int i = 0; i < 10000; i++) {
        long now = nanoseconds(CLOCK_MONOTONIC);
        CHECK(now >= last);
        last = now;
    }
}

CASE(processor_clocks_count_work)
{
    long sleeping = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    sleep_ms(50);
    CHECK(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - sleeping < 45000000);
    long before = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
    volatile unsigned sum = 0;
    for (unsigned i = 0; i < 1000000; i++)
        sum += i;
    CHECK(nanoseconds(CLOCK_THREAD_CPUTIME_ID) > before);
}

CASE(old_calls_agree)
{
    struct timeval day;
    CHECK_OK(gettimeofday(&day, NULL));
    time_t seconds = time(NULL);
    CHECK(seconds >= day.tv_sec - 1 && seconds <= day.tv_sec + 5);
    CHECK(syscall(SYS_time, NULL) >= day.tv_sec - 1);
    struct tms usage;
    CHECK(times(&usage) != -1);
}

CASE(sleeping_takes_its_time)
{
    struct timespec request = {0, 30000000};
    long before = nanoseconds(CLOCK_MONOTONIC);
    CHECK_OK(nanosleep(&request, NULL));
    CHECK(nanoseconds(CLOCK_MONOTONIC) - before >= 30000000);
    before = nanoseconds(CLOCK_REALTIME);
    CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &request, NULL), 0);
    CHECK(nanoseconds(CLOCK_REALTIME) - before >= 29000000);
    CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &request));
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &request, NULL), 0); /* past */
    request.tv_nsec += 20000000;
    if (request.tv_nsec >= 1000000000)
        request = (struct timespec){request.tv_sec + 1, request.tv_nsec - 1000000000};
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &request, NULL), 0);
    CHECK(nanoseconds(CLOCK_MONOTONIC) >= request.tv_sec * 1000000000 + request.tv_nsec);
}

CASE(errors_of_sleeping)
{
    struct timespec request = {0, 1000000000};
    CHECK_ERR(syscall(SYS_nanosleep, &request, NULL), EINVAL);
    request = (struct timespec){-1, 0};
    CHECK_ERR(syscall(SYS_nanosleep, &request, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_nanosleep, (void *)8, NULL), EFAULT);
    request.tv_sec = 0;
    CHECK_ERR(syscall(SYS_clock_nanosleep, 99, 0, &request, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &request, NULL), EOPNOTSUPP);
}

static volatile int timer_value, timer_code;

static void timer_handler(int signal, siginfo_t *info, void *context)
{
    (void)context;
    signal_count[signal]++;
    timer_value = info->si_value.sival_int;
    timer_code = info->si_code;
}

CASE(timer_signals)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec setting = {{0, 5000000}, {0, 5000000}}, found;
    struct sigaction action = {.sa_sigaction = timer_handler, .sa_flags = SA_SIGINFO};
    event.sigev_value.sival_int = 321;
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_gettime(timer, &found));
    CHECK(found.it_value.tv_sec == 0 && found.it_value.tv_nsec == 0);
    CHECK_OK(timer_settime(timer, 0, &setting, NULL));
    while (signal_count[SIGUSR1] < 3)
        pause();
    CHECK(timer_value == 321 && timer_code == SI_TIMER);
    memset(&setting, 0, sizeof(setting));
    CHECK_OK(timer_settime(timer, 0, &setting, &found));
    CHECK_EQ(found.it_interval.tv_nsec, 5000000);
    CHECK_OK(timer_delete(timer));
    CHECK_ERR(syscall(SYS_timer_delete, 0x7777), EINVAL);
}

CASE(timer_overrun)
{
    timer_t timer;
    sigset_t set;
    siginfo_t info;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec setting = {{0, 2000000}, {0, 2000000}};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_settime(timer, 0, &setting, NULL));
    sleep_ms(30);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK(info.si_overrun >= 5 || timer_getoverrun(timer) >= 5);
}

CASE(timers_are_not_inherited)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    struct itimerspec setting = {{0, 0}, {1000, 0}}, found;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    CHECK_OK(timer_settime(timer, 0, &setting, NULL));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_ERR(timer_gettime(timer, &found), EINVAL);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_OK(timer_gettime(timer, &found));
    CHECK(found.it_value.tv_sec >= 990);
}

CASE(errors_of_timers)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
    CHECK_ERR(timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    event.sigev_signo = SIGUSR1;
    CHECK_ERR(timer_create(99, &event, &timer), EINVAL);
    CHECK_OK(timer_create(CLOCK_REALTIME, &event, &timer));
    struct itimerspec setting = {{0, 0}, {0, -1}};
    CHECK_ERR(timer_settime(timer, 0, &setting, NULL), EINVAL);
}

CASE(usage_of_threads_and_self)
{
    struct rusage usage;
    CHECK_OK(getrusage(RUSAGE_SELF, &usage));
    CHECK(usage.ru_maxrss > 0 && usage.ru_minflt > 0);
    CHECK_OK(getrusage(RUSAGE_THREAD, &usage));
    CHECK_ERR(syscall(SYS_getrusage, 55, &usage), EINVAL);
    CHECK_ERR(syscall(SYS_getrusage, RUSAGE_SELF, (void *)8), EFAULT);
}
