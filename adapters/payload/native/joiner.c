/*
 * The joiner: becomes a payload inside a target's namespaces and cgroup. Started outside by the shim, which
 * hands it all descriptors. It gives up every privilege but the asked ones before any process of it is visible
 * in the target's pid namespace, and reports each step on its control socket:
 *
 *   done STEP DETAIL     payload NUMBER (with a pidfd, SCM_RIGHTS)     fail STEP ERRNO
 *
 * The payload waits for the word 'go' there. The socket's end, without a 'fail', says that it was executed.
 * Static, and without dependencies: no code of the target runs before its time, none of deputy's is shared.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where the shim puts them; 3 stays free for the payload's readiness. */
enum { CONTROL = 10, TARGET = 11, PROGRAM = 12 };
enum { MAX_CGROUPS = 32, MAX_GROUPS = 65536, MAX_FILTER = 4096, MAX_LIST = 4096, CANNOT_EXECUTE = 126 };

static struct {
  int namespaces;
  int cgroups[MAX_CGROUPS], cgroup_count;
  uint64_t capabilities;
  uid_t user;
  gid_t group;
  gid_t *groups;
  size_t group_count;
  int filter, ready;
  const char *label, *profile, *oom_score, *directory;
  struct { int resource; struct rlimit limit; } limits[RLIM_NLIMITS];
  int limit_count;
  int terminal;
  char *environment[MAX_LIST];
  int environment_count;
  char **command;
} spec = {.filter = -1, .ready = -1, .directory = "/"};

static struct sock_filter filter_code[MAX_FILTER];
static struct sock_fprog filter_program = {.filter = filter_code};

static void report(const char *format, ...) {
  char text[512];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (length > (int)sizeof text - 1) length = sizeof text - 1;
  // Nobody listens any more: the shim is gone, and with it the wish for a payload.
  if (send(CONTROL, text, length, MSG_NOSIGNAL) < 0) _exit(125);
}

static void fail(const char *step) {
  report("fail %s %d", step, errno);
  _exit(errno == ENOENT ? 127 : CANNOT_EXECUTE);
}

static void usage(const char *what) {
  report("fail options %d %s", EINVAL, what);
  _exit(125);
}

static unsigned long number(const char *text, int base) {
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, base);
  if (errno || *end || !*text) usage(text);
  return value;
}

static void parse_groups(char *list) {
  spec.groups = calloc(MAX_GROUPS, sizeof *spec.groups);
  if (!spec.groups) usage("groups");
  for (char *one = strtok(list, ","); one; one = strtok(NULL, ",")) {
    if (spec.group_count == MAX_GROUPS) usage("too many groups");
    spec.groups[spec.group_count++] = number(one, 10);
  }
}

/* RESOURCE:SOFT:HARD, numbers of <sys/resource.h>; 'unlimited' is the number that it has. */
static void parse_limit(char *text) {
  char *resource = strtok(text, ":"), *soft = strtok(NULL, ":"), *hard = strtok(NULL, ":");
  if (!resource || !soft || !hard || spec.limit_count == RLIM_NLIMITS) usage("rlimit");
  spec.limits[spec.limit_count].resource = number(resource, 10);
  spec.limits[spec.limit_count].limit.rlim_cur = number(soft, 10);
  spec.limits[spec.limit_count++].limit.rlim_max = number(hard, 10);
}

static void parse(int count, char **words) {
  for (int at = 1; at < count; at++) {
    char *word = words[at];
    if (!strcmp(word, "--")) {
      spec.command = words + at + 1;
      break;
    }
    if (!strcmp(word, "--terminal")) {
      spec.terminal = 1;
      continue;
    }
    if (++at == count) usage(word);
    char *value = words[at];
    if (!strcmp(word, "--namespaces")) spec.namespaces = number(value, 16);
    else if (!strcmp(word, "--cgroup")) {
      if (spec.cgroup_count == MAX_CGROUPS) usage("too many cgroups");
      spec.cgroups[spec.cgroup_count++] = number(value, 10);
    } else if (!strcmp(word, "--capabilities")) spec.capabilities = number(value, 16);
    else if (!strcmp(word, "--user")) spec.user = number(value, 10);
    else if (!strcmp(word, "--group")) spec.group = number(value, 10);
    else if (!strcmp(word, "--groups")) parse_groups(value);
    else if (!strcmp(word, "--filter")) spec.filter = number(value, 10);
    else if (!strcmp(word, "--ready")) spec.ready = number(value, 10);
    else if (!strcmp(word, "--label")) spec.label = value;
    else if (!strcmp(word, "--profile")) spec.profile = value;
    else if (!strcmp(word, "--oom-score-adj")) spec.oom_score = value;
    else if (!strcmp(word, "--directory")) spec.directory = value;
    else if (!strcmp(word, "--rlimit")) parse_limit(value);
    else if (!strcmp(word, "--env")) {
      if (spec.environment_count == MAX_LIST - 1) usage("too much environment");
      spec.environment[spec.environment_count++] = value;
    } else usage(word);
  }
  if (!spec.command || !spec.command[0]) usage("no command");
}

static int write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t written = write(file, text, strlen(text));
  int saved = errno;
  close(file);
  errno = saved;
  return written < 0 ? -1 : 0;
}

static rlim_t smaller(rlim_t a, rlim_t b) { return a < b ? a : b; }

/* Without CAP_SYS_RESOURCE a limit of ours that is lower stays. */
static int take_limit(int resource, const struct rlimit *wanted) {
  struct rlimit ours;
  if (!setrlimit(resource, wanted)) return 0;
  if (errno != EPERM || getrlimit(resource, &ours)) return -1;
  ours.rlim_cur = smaller(wanted->rlim_cur, ours.rlim_max);
  ours.rlim_max = smaller(wanted->rlim_max, ours.rlim_max);
  return setrlimit(resource, &ours);
}

static void take_limits(void) {
  for (int at = 0; at < spec.limit_count; at++)
    if (take_limit(spec.limits[at].resource, &spec.limits[at].limit)) fail("rlimits");
  report("done rlimits");
  if (spec.oom_score && write_text("/proc/self/oom_score_adj", spec.oom_score)) fail("oom-score-adj");
  report("done oom-score-adj %s", spec.oom_score ? spec.oom_score : "as ours");
}

static void take_label(void) {
  char text[512];
  if (spec.label && write_text("/proc/self/attr/exec", spec.label)) fail("exec-label");
  if (spec.profile) {
    snprintf(text, sizeof text, "exec %s", spec.profile);
    if (write_text("/proc/self/attr/apparmor/exec", text) && write_text("/proc/self/attr/exec", text))
      fail("exec-label");
  }
  report("done exec-label %.200s%.200s", spec.label ? spec.label : "", spec.profile ? spec.profile : "");
}

static void read_filter(void) {
  if (spec.filter < 0) return;
  ssize_t bytes = pread(spec.filter, filter_code, sizeof filter_code, 0);
  if (bytes <= 0 || bytes % sizeof *filter_code) {
    errno = EINVAL;
    fail("filter");
  }
  filter_program.len = bytes / sizeof *filter_code;
}

/* All asked-for namespaces at once, or none (setns(2), Linux 5.8). */
static void join_namespaces(void) {
  if (spec.namespaces && setns(TARGET, spec.namespaces)) fail("namespaces");
  report("done namespaces %x", spec.namespaces);
}

/* A hierarchy each. The files were opened outside, and it is their opener's rights that count. */
static void join_cgroups(void) {
  for (int at = 0; at < spec.cgroup_count; at++)
    if (write(spec.cgroups[at], "0", 1) != 1) fail("cgroup");
  report("done cgroup %d", spec.cgroup_count);
}

static void set_capabilities(uint64_t bits) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  for (int half = 0; half < 2; half++) {
    uint32_t word = bits >> (32 * half);
    data[half] = (struct __user_cap_data_struct){word, word, word};
  }
  if (syscall(SYS_capset, &header, data)) fail("capabilities");
}

/* Securebits: an exec as uid 0 brings nothing that isn't ambient, for good. */
static void cut_privileges(void) {
  if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0)) fail("capabilities");
  for (int one = 0; one < 64; one++) {
    if (spec.capabilities >> one & 1) continue;
    if (prctl(PR_CAPBSET_DROP, one, 0, 0, 0)) {
      if (errno == EINVAL) break;
      fail("capabilities");
    }
  }
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)) fail("capabilities");
  if (setgroups(spec.group_count, spec.groups)) fail("user");
  if (setresgid(spec.group, spec.group, spec.group)) fail("user");
  if (setresuid(spec.user, spec.user, spec.user)) fail("user");
  set_capabilities(spec.capabilities);
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  for (int one = 0; one < 64; one++)
    if (spec.capabilities >> one & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, one, 0, 0))
      fail("capabilities");
  report("done capabilities %llx", (unsigned long long)spec.capabilities);
  report("done user %u:%u", spec.user, spec.group);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("no-new-privs");
  // Nobody of the same uid reaches this memory or these descriptors, whatever suid_dumpable says.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) fail("no-new-privs");
  report("done no-new-privs");
}

static void send_payload(int pidfd, pid_t inside) {
  char text[64], space[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec vector = {text, snprintf(text, sizeof text, "payload %d", inside)};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &pidfd, sizeof(int));
  if (sendmsg(CONTROL, &message, MSG_NOSIGNAL) < 0) _exit(125);
}

/* A child that nobody has to reap, so that a stopped parent can't hold up the target's end. */
static pid_t begin_child(int *pidfd) {
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  if (pidfd) {
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = (uintptr_t)pidfd;
  }
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

static void wait_for_init(pid_t parent) {
  struct timespec pause = {.tv_nsec = 200000};
  for (int tries = 0; getppid() == parent; tries++) {
    if (tries == 25000) {
      errno = ETIMEDOUT;
      fail("reparent");
    }
    nanosleep(&pause, NULL);
  }
  report("done reparent");
}

static void keep_descriptors(void) {
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)) fail("descriptors");
  // 3 is where service supervisors have it (s6-notifywhenup).
  if (spec.ready >= 0 && dup2(spec.ready, 3) < 0) fail("descriptors");
  report("done descriptors");
}

static void execute(void) {
  char answer[8];
  if (recv(CONTROL, answer, sizeof answer, 0) != 2 || memcmp(answer, "go", 2)) _exit(125);
  for (int at = 1; at < NSIG; at++) signal(at, SIG_DFL);
  // By prctl(2), which works where seccomp(2) is shut.
  if (filter_program.len && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter_program, 0, 0)) fail("filter");
  syscall(SYS_execveat, PROGRAM, "", spec.command, spec.environment, AT_EMPTY_PATH);
  fail("execute");
}

static void be_payload(pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (setsid() < 0) fail("session");
  if (spec.terminal && ioctl(0, TIOCSCTTY, 0)) fail("terminal");
  umask(022);
  if (chdir(spec.directory)) fail("directory");
  wait_for_init(parent);
  keep_descriptors();
  execute();
}

static void be_intermediate(void) {
  int pidfd = -1;
  pid_t self = getpid(), payload = begin_child(&pidfd);
  if (payload < 0) fail("clone");
  if (payload == 0) be_payload(self);
  send_payload(pidfd, payload);
  _exit(0);
}

int main(int count, char **words) {
  signal(SIGCHLD, SIG_IGN);
  parse(count, words);
  read_filter();
  report("done open %d", spec.cgroup_count);
  take_limits();
  take_label();
  join_namespaces();
  join_cgroups();
  cut_privileges();
  pid_t child = begin_child(NULL);
  if (child < 0) fail("clone");
  if (child == 0) be_intermediate();
  // An orphan of ours would be the child of the host's init, and hold up the target's end until that reaps it.
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  return 0;
}
