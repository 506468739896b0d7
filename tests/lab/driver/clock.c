/* Plays a clock that is wrong or jumps: adds LAB_CLOCK_AHEAD_SECONDS to the time of day, from the reading on that
 * LAB_CLOCK_JUMPS_AT_READING names. The clocks that only count stay as they are, as they do when a clock is set.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long ahead(void) {
    static int readings;
    const char *seconds = getenv("LAB_CLOCK_AHEAD_SECONDS");
    const char *from = getenv("LAB_CLOCK_JUMPS_AT_READING");
    int reading = __atomic_add_fetch(&readings, 1, __ATOMIC_RELAXED);
    if (!seconds || (from && reading < atoi(from))) return 0;
    return atol(seconds);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(now, zone);
    if (!result) now->tv_sec += ahead();
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
