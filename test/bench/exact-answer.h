// Gives the caller an O_PATH descriptor, which ADDFD refuses: the plainest way that works, for the benchmark alone.
// It has none of the care of deputy's injector: signals, filters, a dying tracer and a full table are ignored.
#pragma once
#include <linux/seccomp.h>

void answer_exactly(int listener, const struct seccomp_notif *request, int descriptor, int close_on_exec);
