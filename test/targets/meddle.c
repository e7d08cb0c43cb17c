/*
 * Somebody in a target, of any user, who does as each line of stdin says, and answers each with 'NUMBER done', where
 * NUMBER is what it found or did, or with an errno:
 *
 *   find END          from now on it is about the first process, besides this one, whose first word ends so
 *   signal NUMBER     kill(2)
 *   spoof TIMES       SIGCHLD for process 1, whose siginfo says that the found one has exited with 0
 *   seize, attach     ptrace(2)
 *   memory, read      /proc/PID/mem, process_vm_readv(2)
 *   program, environment, input     files of /proc/PID
 *   take              its descriptor 0, by pidfd_getfd(2)
 *   limit             prlimit(2): 64 descriptors
 *   orphans COUNT     processes that end when nobody but process 1 is their parent
 *   hold COUNT PATH   connections, kept open as far as the other side does
 *   flood PATH        connections without pause until this process ends
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int found;

static int find(const char *end) {
  char path[64], text[4096];
  int result = 0, self = getpid();
  DIR *processes = opendir("/proc");
  for (struct dirent *entry; !result && (entry = readdir(processes));) {
    int pid = atoi(entry->d_name);
    if (pid < 2 || pid == self) continue;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    size_t length = strlen(text), tail = strlen(end);
    if (length > tail && !strcmp(text + length - tail, end)) result = pid;
  }
  closedir(processes);
  errno = ESRCH;
  return result ? (found = result) : -1;
}

/* The fields where the kernel has them for SIGCHLD. The code must be a negative one: the rest is the kernel's. */
static int spoof(int times) {
  for (int count = 0; count < times; count++) {
    siginfo_t info = {.si_signo = SIGCHLD, .si_code = SI_QUEUE};
    info.si_pid = found;
    info.si_uid = getuid();
    info.si_status = 0;
    if (syscall(SYS_rt_sigqueueinfo, 1, SIGCHLD, &info)) return -1;
  }
  return times;
}

static int open_file(const char *name, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", found, name);
  int file = open(path, flags | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return -1;
  close(file);
  return 0;
}

static int read_memory(void) {
  char byte;
  // Any address: rights come first, and only with them is it looked at.
  struct iovec near = {&byte, 1}, far = {(void *)4096, 1};
  ssize_t count = syscall(SYS_process_vm_readv, found, &near, 1, &far, 1, 0);
  return count < 0 && errno != EFAULT ? -1 : 0;
}

static int take(void) {
  int process = syscall(SYS_pidfd_open, found, 0);
  if (process < 0) return -1;
  int file = syscall(SYS_pidfd_getfd, process, 0, 0), saved = errno;
  close(process);
  errno = saved;
  if (file >= 0) close(file);
  return file;
}

static int make_orphans(int count) {
  pid_t parent = fork();
  if (parent == 0) {
    for (int at = 0; at < count; at++)
      if (fork() == 0) {
        while (getppid() != 1) usleep(1000);
        _exit(at);
      }
    _exit(0);
  }
  waitpid(parent, NULL, 0);
  return count;
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int one = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (one < 0 || connect(one, (struct sockaddr *)&address, sizeof address)) return -1;
  return one;
}

static int hold(int count, const char *path) {
  for (int at = 0; at < count; at++)
    if (connect_to(path) < 0) return -1;
  return count;
}

static int flood(const char *path) {
  enum { KEPT = 256 };
  int kept[KEPT], at = 0;
  pid_t child = fork();
  if (child) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == 1) _exit(0);
  for (int slot = 0; slot < KEPT; slot++) kept[slot] = -1;
  for (;; at = (at + 1) % KEPT) {
    if (kept[at] >= 0) close(kept[at]);
    kept[at] = connect_to(path);
  }
}

static int act(const char *verb, int number, const char *path) {
  struct rlimit few = {64, 64};
  if (!strcmp(verb, "signal")) return kill(found, number);
  if (!strcmp(verb, "spoof")) return spoof(number);
  if (!strcmp(verb, "seize")) return ptrace(PTRACE_SEIZE, found, NULL, NULL);
  if (!strcmp(verb, "attach")) return ptrace(PTRACE_ATTACH, found, NULL, NULL);
  if (!strcmp(verb, "memory")) return open_file("mem", O_RDWR);
  if (!strcmp(verb, "read")) return read_memory();
  if (!strcmp(verb, "program")) return open_file("exe", O_RDONLY);
  if (!strcmp(verb, "environment")) return open_file("environ", O_RDONLY);
  if (!strcmp(verb, "input")) return open_file("fd/0", O_RDONLY);
  if (!strcmp(verb, "take")) return take();
  if (!strcmp(verb, "limit")) return prlimit(found, RLIMIT_NOFILE, &few, NULL);
  if (!strcmp(verb, "orphans")) return make_orphans(number);
  if (!strcmp(verb, "hold")) return hold(number, path);
  errno = EINVAL;
  return -1;
}

int main(void) {
  char line[512], verb[32], text[400];
  while (fgets(line, sizeof line, stdin)) {
    int number = 0, result;
    text[0] = 0;
    if (sscanf(line, "find %399s", text) == 1) result = find(text);
    else if (sscanf(line, "flood %399s", text) == 1) result = flood(text);
    else if (sscanf(line, "%31s %d %399s", verb, &number, text) >= 1) result = act(verb, number, text);
    else continue;
    if (result < 0) printf("%s\n", strerrorname_np(errno));
    else printf("%d done\n", result);
    fflush(stdout);
  }
  return 0;
}
