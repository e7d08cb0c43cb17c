/*
 * Somebody in a target who is after a payload beside it:
 *
 *   take-over ptrace END    traces the process whose first word ends so
 *   take-over program END   keeps what it executes, waits for its end, and writes into that
 *
 * Prints 'looking', then what came of it: 'taken', or a call and its errno.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

static int find(const char *end) {
  char path[64], text[4096];
  int found = 0;
  DIR *processes = opendir("/proc");
  for (struct dirent *entry; !found && (entry = readdir(processes));) {
    int pid = atoi(entry->d_name);
    if (pid < 2) continue;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    size_t length = strlen(text), tail = strlen(end);
    if (length > tail && !strcmp(text + length - tail, end)) found = pid;
  }
  closedir(processes);
  return found;
}

static int say(const char *call) {
  printf("%s: %s\n", call, strerrorname_np(errno));
  return 0;
}

static int take_program(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  int file = open(path, O_RDONLY);
  if (file < 0) return say("open");
  kill(pid, SIGKILL);
  while (!kill(pid, 0)) usleep(1000);
  // Whose it is may change its mode.
  if (fchmod(file, 0755)) return say("fchmod");
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  int again = open(path, O_WRONLY);
  if (again < 0) return say("open to write");
  if (pwrite(again, "taken", 5, 0) != 5) return say("write");
  puts("taken");
  return 0;
}

int main(int count, char **words) {
  if (count < 3) return 2;
  puts("looking");
  fflush(stdout);
  int pid = 0;
  // Until whoever started us says, by the end of stdin, that nothing comes any more.
  struct pollfd end = {0, POLLIN, 0};
  while (!pid && poll(&end, 1, 1) == 0) pid = find(words[2]);
  if (!pid) {
    puts("nobody there");
    return 0;
  }
  if (!strcmp(words[1], "program")) return take_program(pid);
  if (ptrace(PTRACE_SEIZE, pid, NULL, NULL)) return say("ptrace");
  puts("taken");
  return 0;
}
