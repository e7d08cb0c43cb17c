/*
 * Watches the processes of its own pid namespace without pause, as whoever is in a target may: what capabilities
 * each holds, and whether its memory and descriptors can be had while it is not the payload yet.
 *
 *   watch MASK      until stdin ends, then prints what it saw: 'looks N', 'joiners N', 'payloads N' (different
 *                   processes), and one line for each process that held more than MASK, or could be reached
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_SEEN = 4096, TEXT = 4096 };
static const char *const sets[] = {"CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapBnd:\t", "CapAmb:\t"};
/* What of one process was told already: it is looked at a thousand times. */
static struct { int pid, is_joiner, is_told; } seen[MAX_SEEN];
static int seen_count;

static int read_text(int pid, const char *name, char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t count = read(file, text, TEXT - 1);
  close(file);
  if (count <= 0) return -1;
  text[count] = 0;
  return 0;
}

static int can_open(int pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) close(file);
  return file >= 0;
}

/* What ptrace(2) is allowed to, this is: the same check, and nothing is stopped by it. */
static int can_take(int pid, int number) {
  int process = syscall(SYS_pidfd_open, pid, 0);
  if (process < 0) return 0;
  int file = syscall(SYS_pidfd_getfd, process, number, 0);
  close(process);
  if (file >= 0) close(file);
  return file >= 0;
}

static int remember(int pid, int is_joiner) {
  for (int at = 0; at < seen_count; at++)
    if (seen[at].pid == pid && seen[at].is_joiner == is_joiner) return at;
  if (seen_count == MAX_SEEN) return 0;
  seen[seen_count].pid = pid;
  seen[seen_count].is_joiner = is_joiner;
  return seen_count++;
}

static void look(int pid, unsigned long long mask) {
  char text[TEXT];
  if (read_text(pid, "status", text)) return;
  int is_joiner = !strncmp(text, "Name:\tjoiner\n", 13), at = remember(pid, is_joiner);
  if (seen[at].is_told) return;
  for (int set = 0; set < 5; set++) {
    char *found = strstr(text, sets[set]);
    unsigned long long held = found ? strtoull(found + strlen(sets[set]), NULL, 16) : 0;
    if (held & ~mask) {
      seen[at].is_told = 1;
      printf("process %d, %.*s held %llx in %.6s\n", pid, (int)strcspn(text + 6, "\n"), text + 6, held, sets[set]);
    }
  }
  if (!is_joiner) return;
  // Between the look and this it may have become the payload, whose own affair it is.
  int memory = can_open(pid, "mem"), program = can_open(pid, "exe"), opened = can_open(pid, "fd/12");
  int taken = can_take(pid, 12);
  if ((memory || program || opened || taken) && !read_text(pid, "comm", text) && !strcmp(text, "joiner\n")) {
    seen[at].is_told = 1;
    printf("process %d: memory %d, program %d, opened %d, taken %d\n", pid, memory, program, opened, taken);
  }
}

int main(int count, char **words) {
  unsigned long long mask = count > 1 ? strtoull(words[1], NULL, 16) : 0, looks = 0;
  int self = getpid();
  struct pollfd end = {0, POLLIN, 0};
  DIR *processes = opendir("/proc");
  if (!processes) return 1;
  printf("watching\n");
  fflush(stdout);
  for (; poll(&end, 1, 0) == 0; looks++) {
    rewinddir(processes);
    for (struct dirent *entry; (entry = readdir(processes));) {
      int pid = atoi(entry->d_name);
      if (pid > 1 && pid != self) look(pid, mask);
    }
  }
  int joiners = 0;
  for (int at = 0; at < seen_count; at++) joiners += seen[at].is_joiner;
  printf("looks %llu\njoiners %d\npayloads %d\n", looks, joiners, seen_count - joiners);
  return 0;
}
