/*
 * One case of processes, namespaces, locks, cgroups or capabilities on this kernel: `process-cases NAME [FOLDER]`
 * prints what came of it in words, on one line, for whoever compares it with the model.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int channel[2];

static const char *word(long result) {
  static char text[4][64];
  static int next;
  char *at = text[next++ % 4];
  if (result < 0) snprintf(at, 64, "%s", strerrorname_np(errno));
  else snprintf(at, 64, "%ld", result);
  return at;
}

static void must(long result, const char *what) {
  if (result >= 0) return;
  printf("FAILED %s %s\n", what, word(result));
  exit(1);
}

static int pidfd_of(pid_t pid) { return syscall(SYS_pidfd_open, pid, 0); }

/* The first process of a pid namespace of its own, which reaps and waits; with a mount namespace too. */
static pid_t start_init(void) {
  pid_t init = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);
  must(init, "clone");
  if (init > 0) return init;
  // Whatever becomes of the case, this one does not stay, nor keep its output open.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close(1);
  close(2);
  alarm(20);
  for (;;) {
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    usleep(500);
  }
}

static void join(pid_t init) {
  int target = pidfd_of(init);
  must(target, "pidfd_open");
  must(setns(target, CLONE_NEWPID), "setns");
  close(target);
}

static long told(void) {
  long value = -1;
  must(read(channel[0], &value, sizeof value), "read");
  return value;
}

static void tell(long value) { (void)!write(channel[1], &value, sizeof value); }

static void wait_for_parent(pid_t before) {
  for (int tries = 0; getppid() == before && tries < 5000; tries++) usleep(1000);
}

static const char *status_text(int status) {
  static char text[32];
  if (WIFSIGNALED(status)) snprintf(text, sizeof text, "signaled %d", WTERMSIG(status));
  else snprintf(text, sizeof text, "exited %d", WEXITSTATUS(status));
  return text;
}

/* A double clone: whose child is the second one, when the first has ended? */
static void double_clone(void) {
  pid_t init = start_init();
  join(init);
  pid_t middle = fork();
  if (middle == 0) {
    pid_t self = getpid();
    if (fork() == 0) {
      wait_for_parent(self);
      tell(getppid());
      _exit(0);
    }
    _exit(0);
  }
  waitpid(middle, NULL, 0);
  printf("parent %ld\n", told());
  kill(init, SIGKILL);
  waitpid(init, NULL, 0);
}

/* A single clone by somebody outside: the child's parent has no number in there, alive or not. */
static void single_clone(void) {
  pid_t init = start_init();
  pid_t joiner = fork();
  if (joiner == 0) {
    join(init);
    if (fork() == 0) {
      usleep(20000);
      tell(getppid());
      _exit(0);
    }
    _exit(0);
  }
  waitpid(joiner, NULL, 0);
  printf("parent %ld\n", told());
  kill(init, SIGKILL);
  waitpid(init, NULL, 0);
}

static void init_dies(void) {
  int status;
  pid_t init = start_init();
  join(init);
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  kill(init, SIGKILL);
  must(waitpid(child, &status, 0), "wait");
  printf("%s\n", status_text(status));
  waitpid(init, NULL, 0);
}

/* The first process can't be waited for while a member's parent, outside, has not waited for that one. */
static void init_is_held_up(void) {
  pid_t init = start_init();
  join(init);
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  kill(init, SIGKILL);
  siginfo_t info;
  must(waitid(P_PID, child, &info, WEXITED | WNOWAIT), "waitid");
  usleep(50000);
  int before = waitpid(init, NULL, WNOHANG) == init;
  waitpid(child, NULL, 0);
  int after = waitpid(init, NULL, 0) == init;
  printf("before %d after %d\n", before, after);
}

static void fork_into_dead(void) {
  pid_t init = start_init();
  join(init);
  kill(init, SIGKILL);
  waitpid(init, NULL, 0);
  pid_t child = fork();
  if (child == 0) _exit(0);
  printf("%s\n", child < 0 ? word(-1) : "forked");
}

static void ignored_children(void) {
  signal(SIGCHLD, SIG_IGN);
  pid_t child = fork();
  if (child == 0) _exit(7);
  long result = waitpid(child, NULL, 0);
  printf("%s\n", word(result));
}

/* A lock is the description's: whoever it was handed to holds it, until the last of them is gone. */
static void lock_of_the_dead(const char *folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/lock", folder);
  int mine = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600), other = open(path, O_RDWR | O_CLOEXEC);
  must(flock(mine, LOCK_EX | LOCK_NB), "flock");
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  close(mine);
  char held[64];
  snprintf(held, sizeof held, "%s", word(flock(other, LOCK_EX | LOCK_NB)));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  printf("held %s free %s\n", held, word(flock(other, LOCK_EX | LOCK_NB)));
}

static void drop_effective(uint64_t lost) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  must(syscall(SYS_capget, &header, data), "capget");
  data[0].effective = data[0].permitted & ~lost;
  data[1].effective = data[1].permitted & ~(lost >> 32);
  must(syscall(SYS_capset, &header, data), "capset");
}

static void join_without(uint64_t lost, int flags) {
  pid_t init = start_init();
  int target = pidfd_of(init);
  drop_effective(lost);
  long result = setns(target, flags);
  printf("%s\n", word(result));
  kill(init, SIGKILL);
}

static void join_own_user(void) {
  pid_t init = start_init();
  printf("%s\n", word(setns(pidfd_of(init), CLONE_NEWUSER)));
  kill(init, SIGKILL);
}

static void join_outwards(void) {
  int outside = pidfd_of(getpid());
  pid_t init = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
  if (init == 0) {
    printf("%s\n", word(setns(outside, CLONE_NEWPID)));
    fflush(stdout);
    _exit(0);
  }
  waitpid(init, NULL, 0);
}

static void join_the_dead(void) {
  pid_t init = start_init();
  int target = pidfd_of(init);
  kill(init, SIGKILL);
  waitpid(init, NULL, 0);
  printf("%s\n", word(setns(target, CLONE_NEWPID | CLONE_NEWNS)));
}

static int procs_of(const char *folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/cgroup.procs", folder);
  return open(path, O_WRONLY | O_CLOEXEC);
}

static void populated_cgroup(const char *folder) {
  int procs = procs_of(folder);
  pid_t child = fork();
  if (child == 0) {
    tell(write(procs, "0", 1));
    for (;;) pause();
  }
  long attached = told();
  char busy[64];
  snprintf(busy, sizeof busy, "%s", word(rmdir(folder)));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  printf("attached %ld remove %s", attached, busy);
  long removed = -1;
  for (int tries = 0; tries < 100 && (removed = rmdir(folder)) < 0; tries++) usleep(10000);
  printf(" then %s attach %s\n", word(removed), word(write(procs, "0", 1)));
}

/* Does the kernel say that all of a cgroup stands still? */
static int is_frozen(const char *folder) {
  char path[512], text[256];
  snprintf(path, sizeof path, "%s/cgroup.events", folder);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t count = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  must(count, "cgroup.events");
  text[count] = 0;
  return strstr(text, "frozen 1") != NULL;
}

/*
 * Frozen: a member does nothing, and SIGKILL ends it all the same. It is attached from outside and held back until
 * the kernel says that it stands still, however busy the machine is.
 */
static void frozen_cgroup(const char *folder) {
  char path[512], number[16];
  snprintf(path, sizeof path, "%s/cgroup.freeze", folder);
  int procs = procs_of(folder), freeze = open(path, O_WRONLY | O_CLOEXEC), status, held[2];
  must(write(freeze, "1", 1), "freeze");
  must(pipe(held), "pipe");
  pid_t child = fork();
  if (child == 0) {
    char byte;
    if (read(held[0], &byte, 1) == 1) tell(1);
    _exit(0);
  }
  snprintf(number, sizeof number, "%d", child);
  must(write(procs, number, strlen(number)), "attach");
  int is_still = 0;
  for (int tries = 0; tries < 10000 && !(is_still = is_frozen(folder)); tries++) usleep(1000);
  must(is_still - 1, "frozen");
  must(write(held[1], "", 1), "let go");
  fcntl(channel[0], F_SETFL, O_NONBLOCK);
  usleep(50000);
  long value;
  int spoke = read(channel[0], &value, sizeof value) > 0;
  kill(child, SIGKILL);
  must(waitpid(child, &status, 0), "wait");
  printf("spoke %d %s\n", spoke, status_text(status));
}

static void get_sets(uint32_t *effective, uint32_t *permitted) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  must(syscall(SYS_capget, &header, data), "capget");
  *effective = data[0].effective;
  *permitted = data[0].permitted;
}

static void leave_root(int keeps) {
  uint32_t effective, permitted;
  prctl(PR_SET_KEEPCAPS, keeps);
  must(setresuid(107, 107, 107), "setresuid");
  get_sets(&effective, &permitted);
  printf("effective %d permitted %d\n", effective != 0, permitted != 0);
}

static void raise_ambient(void) {
  printf("%s\n", word(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)));
}

int main(int count, char **words) {
  const char *name = count > 1 ? words[1] : "", *folder = count > 2 ? words[2] : "/tmp";
  must(pipe2(channel, O_CLOEXEC), "pipe");
  alarm(20);
  if (!strcmp(name, "double-clone")) double_clone();
  else if (!strcmp(name, "single-clone")) single_clone();
  else if (!strcmp(name, "init-dies")) init_dies();
  else if (!strcmp(name, "init-is-held-up")) init_is_held_up();
  else if (!strcmp(name, "fork-into-dead")) fork_into_dead();
  else if (!strcmp(name, "ignored-children")) ignored_children();
  else if (!strcmp(name, "lock-of-the-dead")) lock_of_the_dead(folder);
  else if (!strcmp(name, "join-without-chroot")) join_without(1ULL << CAP_SYS_CHROOT, CLONE_NEWNS | CLONE_NEWPID);
  else if (!strcmp(name, "join-without-admin")) join_without(1ULL << CAP_SYS_ADMIN, CLONE_NEWPID);
  else if (!strcmp(name, "join-own-user")) join_own_user();
  else if (!strcmp(name, "join-outwards")) join_outwards();
  else if (!strcmp(name, "join-the-dead")) join_the_dead();
  else if (!strcmp(name, "populated-cgroup")) populated_cgroup(folder);
  else if (!strcmp(name, "frozen-cgroup")) frozen_cgroup(folder);
  else if (!strcmp(name, "leave-root")) leave_root(0);
  else if (!strcmp(name, "leave-root-and-keep")) leave_root(1);
  else if (!strcmp(name, "raise-ambient")) raise_ambient();
  else printf("FAILED no case %s\n", name);
  return 0;
}
