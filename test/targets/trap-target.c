// Does what it is told on stdin, a line at a time, and answers each line with one of JSON. So a test writes its
// scene in TypeScript, and the calls are made by a real process, under a filter or natively.
//   THREAD VERB WORDS...   (thread 0 is the first one; '&' in front: answer at once, 'wait' has the result)
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 16
#define THREADS 72
#define BUFFERS 64
struct worker {
  pthread_t thread;
  _Atomic int tid;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int busy, ending;
  // A worker that stands for a forked child: what it is told goes there.
  int toChild, fromChild;
  char line[8192], out[8192];
};
static struct worker workers[THREADS];
static struct { char name[32]; char *at; } buffers[BUFFERS];
static _Atomic long handled;

static void count_signal(int number) { (void)number; handled++; }

// Addresses, numbers, 's:text' for a string that lives as long as the line.
static char *buffer_of(const char *name) {
  for (int i = 0; i < BUFFERS; i++) if (strcmp(buffers[i].name, name) == 0) return buffers[i].at;
  return NULL;
}
static void remember(const char *name, char *at) {
  for (int i = 0; i < BUFFERS; i++) {
    if (buffers[i].name[0] != 0 && strcmp(buffers[i].name, name) != 0) continue;
    snprintf(buffers[i].name, sizeof buffers[i].name, "%s", name);
    buffers[i].at = at;
    return;
  }
}
static long value_of(char *word) {
  if (word == NULL) return 0;
  if (strncmp(word, "s:", 2) == 0) return (long)(word + 2);
  if (word[0] != '$') return (long)(word[0] == '-' ? strtoll(word, NULL, 0) : (long long)strtoull(word, NULL, 0));
  char *plus = strchr(word, '+');
  if (plus != NULL) *plus = 0;
  char *at = buffer_of(word + 1);
  return (long)(at + (plus == NULL ? 0 : strtol(plus + 1, NULL, 0)));
}
static void answer(char *out, long result, int error) {
  if (result >= 0 || result < -4095) sprintf(out, "{\"result\":%ld}", result);
  else if (strerrorname_np(error) == NULL) sprintf(out, "{\"result\":-1,\"errno\":\"errno %d\"}", error);
  else sprintf(out, "{\"result\":-1,\"errno\":\"%s\"}", strerrorname_np(error));
}
static void answer_call(char *out, long result) { answer(out, result, errno); }

static long call32(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  result = (int)result;
  if (result >= 0 || result < -4095) return result;
  errno = -result;
  return -1;
}

#define JUMP_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
static int install(int killable) {
  // i386: its own two calls, and those whose numbers are x86-64's two.
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      JUMP_EQUAL(AUDIT_ARCH_I386, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      JUMP_EQUAL(342, 8, 0),
      JUMP_EQUAL(341, 7, 0),
      JUMP_EQUAL(SYS_open_by_handle_at, 6, 0),
      JUMP_EQUAL(SYS_name_to_handle_at, 5, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xbfffffff),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_name_to_handle_at, 0, 1),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_open_by_handle_at, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | (killable ? SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0);
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

// Only for the two calls; opens with O_DIRECTORY go to the kernel.
static int install_beside_native(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      JUMP_EQUAL(SYS_name_to_handle_at, 3, 0),
      JUMP_EQUAL(SYS_open_by_handle_at, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_DIRECTORY, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

// Plays the runtime: hands the listener over as crun does, and keeps none.
static void filter(char **word, char *out) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, word[1], sizeof address.sun_path - 1);
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) return answer_call(out, -1);
  int beside_native = strcmp(word[0], "native") == 0;
  int listener = beside_native ? install_beside_native() : install(strcmp(word[0], "killable") == 0);
  if (listener < 0) return answer_call(out, -1);
  char text[1024], room[CMSG_SPACE(sizeof(int))] = {0};
  // Another's pid, and metadata, are what a liar would send.
  int pid = word[3] == NULL ? getpid() : (int)value_of(word[3]);
  int length = snprintf(text, sizeof text,
                        "{\"ociVersion\":\"1.0.2\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"metadata\":\"%s\",\"state\":{"
                        "\"ociVersion\":\"1.0.2\",\"id\":\"%s\",\"status\":\"creating\",\"pid\":%d,\"bundle\":\"/b\"}}",
                        pid, word[3] == NULL || word[4] == NULL ? "" : word[4], word[2], pid);
  struct iovec vector = {text, length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &listener, sizeof(int));
  long sent = sendmsg(connection, &message, MSG_NOSIGNAL);
  close(connection);
  close(listener);
  answer_call(out, sent);
}

// Raw calls: only the calling thread changes. The mask is what stays permitted and effective.
static void drop(char **word, char *out) {
  unsigned id = value_of(word[0]);
  uint64_t mask = strtoull(word[1], NULL, 16);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{mask, mask, 0}, {mask >> 32, mask >> 32, 0}};
  prctl(PR_SET_KEEPCAPS, mask != 0, 0, 0, 0);
  long result = syscall(SYS_setgroups, 0, NULL) | syscall(SYS_setresgid, id, id, id) | syscall(SYS_setresuid, id, id, id);
  result |= syscall(SYS_capset, &header, data);
  if (word[2] == NULL) result |= prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  answer_call(out, result);
}

static void describe(int fd, char *out) {
  struct stat status;
  if (fstat(fd, &status) < 0) return answer_call(out, -1);
  sprintf(out, "{\"type\":\"%o\",\"inode\":%lu,\"device\":%lu,\"rdev\":%lu,\"flags\":\"%o\",\"closeOnExec\":%d}",
          status.st_mode & S_IFMT, status.st_ino, status.st_dev, status.st_rdev, fcntl(fd, F_GETFL),
          fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

// A tracer as strace is one: it holds the thread and lets it run.
static void trace(int tid, char *out) {
  int ready[2];
  char byte = 0;
  if (pipe(ready) < 0) return answer_call(out, -1);
  pid_t child = fork();
  if (child == 0) {
    int status;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    byte = ptrace(PTRACE_SEIZE, tid, 0, 0) == 0;
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    while (waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status)) ptrace(PTRACE_CONT, tid, 0, 0);
    _exit(0);
  }
  if (read(ready[0], &byte, 1) != 1) byte = 0;
  close(ready[0]);
  close(ready[1]);
  sprintf(out, "{\"result\":%d,\"traced\":%d}", child, byte);
}

struct flip { uint64_t *at, first, second; _Atomic int ended; };
static void *flip_values(void *argument) {
  struct flip *flip = argument;
  while (!flip->ended) {
    *(volatile uint64_t *)flip->at = flip->first;
    *(volatile uint64_t *)flip->at = flip->second;
  }
  return NULL;
}

// Calls COUNT times and sorts what comes by inode (or errno); with a second handle, its eight bytes take turns with
// the first's while calls are made. race|repeat MOUNT $handle FLAGS COUNT [$other]
static void repeat(char **word, char *out) {
  long mount = value_of(word[0]), flags = value_of(word[2]), count = value_of(word[3]);
  char *handle = (char *)value_of(word[1]), *other = (char *)value_of(word[4]);
  struct flip flip = {.at = (uint64_t *)(handle + 8)};
  struct { char key[32]; long seen; } kinds[32] = {0};
  pthread_t thread;
  memcpy(&flip.first, handle + 8, 8);
  if (other != NULL) {
    memcpy(&flip.second, other + 8, 8);
    pthread_create(&thread, NULL, flip_values, &flip);
  }
  for (long i = 0; i < count; i++) {
    struct stat status;
    char key[32];
    long fd = syscall(SYS_open_by_handle_at, mount, handle, flags);
    if (fd < 0) snprintf(key, sizeof key, "%s", strerrorname_np(errno));
    else snprintf(key, sizeof key, "%lu", fstat(fd, &status) == 0 ? status.st_ino : 0);
    if (fd >= 0 && close(fd) < 0) snprintf(key, sizeof key, "close");
    int at = 0;
    while (at < 31 && kinds[at].key[0] != 0 && strcmp(kinds[at].key, key) != 0) at++;
    strcpy(kinds[at].key, key);
    kinds[at].seen++;
  }
  flip.ended = 1;
  if (other != NULL) pthread_join(thread, NULL);
  out += sprintf(out, "{");
  for (int i = 0; i < 32 && kinds[i].key[0] != 0; i++)
    out += sprintf(out, "%s\"%s\":%ld", i ? "," : "", kinds[i].key, kinds[i].seen);
  sprintf(out, "}");
}

static void memory(const char *verb, char **word, char *out) {
  long size = word[1] == NULL ? 0 : value_of(word[1]), page = sysconf(_SC_PAGESIZE);
  int low = strcmp(verb, "low") == 0 ? MAP_32BIT : 0;
  if (strcmp(verb, "alloc") == 0 || low) {
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | low, -1, 0);
    remember(word[0], at);
    sprintf(out, "{\"result\":%ld}", (long)at);
  } else if (strcmp(verb, "edge") == 0) {
    char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(at + page, page);
    remember(word[0], at + page - size);
    sprintf(out, "{\"result\":0}");
  } else if (strcmp(verb, "name") == 0) {
    remember(word[0], (char *)size);
    sprintf(out, "{\"result\":0}");
  } else if (strcmp(verb, "put") == 0) {
    unsigned char *at = (unsigned char *)value_of(word[0]);
    for (char *hex = word[1]; hex[0] && hex[1]; hex += 2) sscanf(hex, "%2hhx", at++);
    sprintf(out, "{\"result\":0}");
  } else {
    unsigned char *at = (unsigned char *)value_of(word[0]);
    out += sprintf(out, "{\"hex\":\"");
    for (long i = 0; i < size; i++) out += sprintf(out, "%02x", at[i]);
    sprintf(out, "\"}");
  }
}

static void obey(char *line, char *out) {
  char *word[WORDS] = {0}, *save = NULL, *verb = strtok_r(line, " \n", &save);
  for (int i = 0; i < WORDS - 1 && (word[i] = strtok_r(NULL, " \n", &save)) != NULL; i++);
  long v[7];
  if (strncmp(verb, "call", 4) == 0) {
    for (int i = 0; i < 7; i++) v[i] = value_of(word[i]);
    errno = 0;
    if (strcmp(verb, "call32") == 0) answer_call(out, call32(v[0], v[1], v[2], v[3]));
    else answer_call(out, syscall(v[0], v[1], v[2], v[3], v[4], v[5], v[6]));
  } else if (strcmp(verb, "filter") == 0) filter(word, out);
  else if (strcmp(verb, "address") == 0) sprintf(out, "{\"result\":%ld}", (long)buffer_of(word[0]));
  else if (strcmp(verb, "install") == 0) answer_call(out, install(strcmp(word[0], "killable") == 0));
  else if (strcmp(verb, "drop") == 0) drop(word, out);
  else if (strcmp(verb, "describe") == 0) describe(value_of(word[0]), out);
  else if (strcmp(verb, "repeat") == 0) repeat(word, out);
  else if (strcmp(verb, "trace") == 0) trace(workers[value_of(word[0])].tid, out);
  else if (strcmp(verb, "handler") == 0) {
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = value_of(word[1]) ? SA_RESTART : 0};
    if (value_of(word[1]) == 2) action.sa_handler = SIG_IGN;
    answer_call(out, sigaction(value_of(word[0]), &action, NULL));
  } else if (strcmp(verb, "signal") == 0) {
    answer_call(out, syscall(SYS_tgkill, getpid(), workers[value_of(word[0])].tid, value_of(word[1])));
  } else if (strcmp(verb, "mask") == 0) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, value_of(word[0]));
    answer_call(out, pthread_sigmask(value_of(word[1]) ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL));
  } else if (strcmp(verb, "handled") == 0) sprintf(out, "{\"result\":%ld}", (long)handled);
  else if (strcmp(verb, "tid") == 0) sprintf(out, "{\"result\":%ld}", syscall(SYS_gettid));
  else memory(verb, word, out);
}

// Pieces of these sizes go through a pipe as one.
static void ask_child(struct worker *self) {
  if (write(self->toChild, self->line, sizeof self->line) < 0) return answer_call(self->out, -1);
  for (size_t at = 0; at < sizeof self->out;) {
    long count = read(self->fromChild, self->out + at, sizeof self->out - at);
    if (count <= 0) return (void)sprintf(self->out, "{\"result\":-1,\"errno\":\"ECHILD\"}");
    at += count;
  }
}
static void serve_parent(int from, int to) {
  static char line[8192], out[8192];
  for (size_t at = 0;;) {
    long count = read(from, line + at, sizeof line - at);
    if (count <= 0) _exit(0);
    if ((at += count) < sizeof line) continue;
    at = 0;
    obey(line, out);
    if (write(to, out, sizeof out) < 0) _exit(0);
  }
}

static void *work(void *argument) {
  struct worker *self = argument;
  self->tid = syscall(SYS_gettid);
  pthread_mutex_lock(&self->lock);
  for (;;) {
    pthread_cond_broadcast(&self->changed);
    while (!self->busy && !self->ending) pthread_cond_wait(&self->changed, &self->lock);
    if (self->ending) break;
    pthread_mutex_unlock(&self->lock);
    if (self->toChild != 0) ask_child(self);
    else obey(self->line, self->out);
    pthread_mutex_lock(&self->lock);
    self->busy = 0;
  }
  pthread_mutex_unlock(&self->lock);
  return NULL;
}
static void start_thread(struct worker *self) {
  memset(self, 0, sizeof *self);
  pthread_mutex_init(&self->lock, NULL);
  pthread_cond_init(&self->changed, NULL);
  pthread_create(&self->thread, NULL, work, self);
  while (self->tid == 0) usleep(100);
  sprintf(self->out, "{\"result\":%d}", self->tid);
}
static void end_thread(struct worker *self) {
  pthread_mutex_lock(&self->lock);
  self->ending = 1;
  pthread_cond_broadcast(&self->changed);
  pthread_mutex_unlock(&self->lock);
  pthread_join(self->thread, NULL);
}
// A child under the same filters, with a copy of the table. Its pipes have numbers that nobody minds.
static int high(int fd) {
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, 200);
  close(fd);
  return moved;
}
static void start_child(struct worker *self) {
  int down[2], up[2];
  if (pipe(down) < 0 || pipe(up) < 0) return answer_call(self->out, -1);
  for (int i = 0; i < 2; i++) down[i] = high(down[i]), up[i] = high(up[i]);
  pid_t child = fork();
  if (child == 0) {
    close(down[1]);
    close(up[0]);
    serve_parent(down[0], up[1]);
  }
  close(down[0]);
  close(up[1]);
  start_thread(self);
  self->fromChild = up[0];
  self->toChild = down[1];
  self->tid = child;
  sprintf(self->out, "{\"result\":%d}", child);
}
// A thread with a number that an earlier one had: the kernel is told where to go on counting. Others may come between.
static int start_numbered(struct worker *self, int wanted) {
  for (int tries = 0; tries < 10000; tries++) {
    char text[16];
    int file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC), length = sprintf(text, "%d", wanted - 1);
    if (file < 0 || write(file, text, length) != length) return -1;
    start_thread(self);
    close(file);
    if (self->tid == wanted) return 0;
    end_thread(self);
  }
  return errno = EAGAIN, -1;
}
static void hand_over(struct worker *self, const char *rest, int wait) {
  pthread_mutex_lock(&self->lock);
  if (rest != NULL) {
    snprintf(self->line, sizeof self->line, "%s", rest);
    self->busy = 1;
    pthread_cond_broadcast(&self->changed);
  }
  while (wait && self->busy) pthread_cond_wait(&self->changed, &self->lock);
  pthread_mutex_unlock(&self->lock);
}

int main(void) {
  static char line[8192], out[8192];
  workers[0].tid = syscall(SYS_gettid);
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin) != NULL) {
    int later = line[0] == '&', at = 0, used = 0;
    sscanf(line + later, "%d %n", &at, &used);
    char *rest = line + later + used;
    struct worker *self = &workers[at];
    strcpy(out, "{\"result\":0}");
    if (strncmp(rest, "new ", 4) == 0) answer_call(out, start_numbered(self, atoi(rest + 4)));
    else if (strncmp(rest, "new", 3) == 0) start_thread(self), strcpy(out, self->out);
    else if (strncmp(rest, "fork", 4) == 0) start_child(self), strcpy(out, self->out);
    else if (strncmp(rest, "end", 3) == 0) end_thread(self);
    else if (at == 0) obey(rest, out);
    else {
      hand_over(self, strncmp(rest, "wait", 4) == 0 ? NULL : rest, !later);
      if (!later) strcpy(out, self->out);
    }
    puts(out);
  }
  return 0;
}
