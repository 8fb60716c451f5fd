// Loaded before libfaketime, for scripts/chaos.
//
// libfaketime shifts what is set on a timerfd by what the clock is wrong, whichever clock the timer goes by, and libdispatch keeps all its
// timers in timerfds of monotonic clocks: put back by a day, each of them would fire a day late, so nothing that waits would ever go on.
// Setting a machine's time does nothing of the kind.
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value) {
    return (int)syscall(SYS_timerfd_settime, fd, flags, new_value, old_value);
}
