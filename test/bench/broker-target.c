/*
 * One thread that opens files by handle through a broker, one call at a time, with the code of the example:
 * broker-target SOCKET SHARE WARM_UP_MS MEASURE_MS. Prints the figures as target.c does.
 */
#define main example_main
#include "../../docs/examples/broker-client.c"
#undef main
#include <sys/stat.h>

enum { FILES = 64, KEPT = 1 << 20, CHECK_EVERY = 16 };

static struct handle handles[FILES];
static ino_t inodes[FILES];
static uint32_t kept_ns[KEPT];

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int ascending(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static void name_files(const char *socket_path, const char *share) {
  for (int index = 0; index < FILES; index++) {
    char path[4096];
    struct stat status;
    snprintf(path, sizeof path, "%s/regular-%d", share, index);
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) || name_to_handle(socket_path, index, file, &handles[index])) exit(3);
    inodes[index] = status.st_ino;
    close(file);
  }
}

int main(int count, char **words) {
  if (count != 5) return 2;
  int mount = open(words[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (mount < 0) return 3;
  name_files(words[1], words[2]);
  int64_t begin_ns = now_ns() + atoi(words[3]) * 1000000LL, end_ns = begin_ns + atoi(words[4]) * 1000000LL;
  long calls = 0, kept = 0, wrong = 0;
  for (uint32_t round = 0;; round++) {
    int64_t before = now_ns();
    if (before >= end_ns) break;
    int opened = open_by_handle(words[1], FILES + round, mount, &handles[round % FILES], O_RDONLY);
    int64_t after = now_ns();
    struct stat status;
    if (opened < 0 || (round % CHECK_EVERY == 0 && (fstat(opened, &status) || status.st_ino != inodes[round % FILES])))
      wrong++;
    if (opened >= 0) close(opened);
    if (before < begin_ns) continue;
    calls++;
    if (kept < KEPT) kept_ns[kept++] = (uint32_t)(after - before);
  }
  qsort(kept_ns, kept, sizeof *kept_ns, ascending);
  printf("{\"calls\":%ld,\"wrong\":%ld,\"medianUs\":%.3f,\"p99Us\":%.3f,\"perSecond\":%.1f}\n", calls, wrong,
         kept ? kept_ns[kept / 2] / 1e3 : 0, kept ? kept_ns[kept * 99 / 100] / 1e3 : 0, calls / (atoi(words[4]) / 1e3));
  return wrong > 0 || calls == 0;
}
