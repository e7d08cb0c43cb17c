// A target that means harm: executed under a filter as uid 107 in a share, it makes calls of every wrong kind, in
// threads and in children that are killed, execute, leave tables and change descriptors while they call. Reads
// 'SEED CALLS' from stdin; prints what came, and how often something was opened that should not have been.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define NAMES 14
#define X32 0x40000000
struct handle { unsigned bytes; int type; unsigned char data[128]; };

static const char *names[NAMES] = {"own", "public", "secret", "group", "readonly", "folder", "folder/inner",
                                   "link", "dangling", "fifo", "null", "block", "socket", "folderlink"};
static struct handle known[NAMES];
static int mount, elsewhere, process_files, path_only, a_socket, a_pipe[2], flapping;
static dev_t device;
static ino_t allowed[64];
static int allowed_count;
static struct handle *scribbled;
static unsigned char *edge, *read_only;
static _Atomic int ending;
// Shared with children.
static struct counts { _Atomic long made, opened, forbidden, wrong_kind, named, by_errno[200]; } *count;
static long calls_wanted;

static uint64_t next(uint64_t *state) {
  *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
  return *state;
}
#define PICK(state, array) array[next(state) % (sizeof array / sizeof *array)]

static void know(const char *path, int flags) {
  struct stat status;
  if (fstatat(mount, path, &status, flags | AT_SYMLINK_NOFOLLOW) == 0) allowed[allowed_count++] = status.st_ino;
}

static int may(const struct stat *status, int bit) {
  if (status->st_uid == 107) return (status->st_mode & (bit << 6)) != 0;
  if (status->st_gid == 107) return (status->st_mode & (bit << 3)) != 0;
  return (status->st_mode & bit) != 0;
}

// What was opened must be of the share, and be open for no more than uid 107 may.
static void judge(int fd, int flags) {
  struct stat status;
  count->opened++;
  if (fstat(fd, &status) < 0) { count->wrong_kind++; return; }
  int inside = 0, now = fcntl(fd, F_GETFL), type = status.st_mode & S_IFMT;
  for (int i = 0; i < allowed_count; i++) inside |= allowed[i] == status.st_ino;
  if (!inside || status.st_dev != device) count->forbidden++;
  else if ((now & O_PATH) == 0) {
    if (type != S_IFREG && type != S_IFDIR) count->forbidden++;
    int access = now & O_ACCMODE;
    if (access != O_WRONLY && !may(&status, 4)) count->forbidden++;
    if (access != O_RDONLY && !may(&status, 2)) count->forbidden++;
    if ((flags & O_PATH) == 0 && access != (flags & O_ACCMODE)) count->wrong_kind++;
  } else if ((flags & O_PATH) == 0) count->wrong_kind++;
}

static void note(long result, int flags) {
  count->made++;
  if (result >= 0) { judge(result, flags); close(result); }
  else if (errno < 200) count->by_errno[errno]++;
}

static void open_call(int fd, void *handle, int flags) {
  note(syscall(SYS_open_by_handle_at, fd, handle, flags), flags);
}

static int any_descriptor(uint64_t *s) {
  const int fds[] = {mount, mount, mount, mount, mount, mount, mount, mount, elsewhere, process_files, path_only,
                     a_socket, a_pipe[0], flapping, AT_FDCWD, -1, -10002, -10003, 777, (int)next(s)};
  return PICK(s, fds);
}

static int any_flags(uint64_t *s) {
  const int common[] = {O_RDONLY, O_WRONLY, O_RDWR, O_PATH, O_PATH | O_NOFOLLOW, O_RDONLY | O_DIRECTORY,
                        O_PATH | O_DIRECTORY, O_RDWR | O_APPEND, O_RDONLY | O_NONBLOCK, O_RDONLY | O_TRUNC,
                        O_WRONLY | O_CREAT, O_RDWR | O_TMPFILE, O_RDONLY | 1 << 30, O_RDONLY | O_NOATIME, 3};
  return next(s) % 16 == 0 ? (int)next(s) : PICK(s, common);
}

static void mutated(uint64_t *s) {
  struct handle handle = known[next(s) % NAMES];
  unsigned seal = handle.bytes >= 24 ? handle.bytes - 24 : 0;
  switch (next(s) % 9) {
    case 0: handle.data[next(s) % 32] ^= 1 << next(s) % 8; break;
    case 1: handle.bytes = next(s) % 201; break;
    case 2: handle.bytes = handle.bytes >= 24 ? handle.bytes - 24 : 8; break;
    case 3: handle.type = (int)next(s); break;
    case 4: handle.type ^= 1 << next(s) % 18; break;
    case 5: for (int i = 0; i < 128; i++) handle.data[i] = next(s); break;
    // Another's seal behind a handle.
    case 6: memcpy(handle.data + seal, known[next(s) % NAMES].data + seal, 24); break;
    case 7: handle.bytes = (unsigned)next(s); break;
    case 8: handle.data[seal + next(s) % 4] ^= 0x55; break;
  }
  open_call(mount, &handle, any_flags(s));
}

static void wild(uint64_t *s) {
  void *pointers[] = {NULL, (void *)1, (void *)-1, (void *)(1ull << 47), (void *)(0xffff8ull << 44), edge - 4,
                      edge - 8, edge - 20, (void *)(next(s)), read_only, (void *)wild};
  open_call(any_descriptor(s), PICK(s, pointers), any_flags(s));
}

static void naming(uint64_t *s) {
  struct handle handle;
  const char *paths[] = {names[next(s) % NAMES], ".", "..", "", "closed/inner", "/etc/shadow", "../../../etc/passwd",
                         "/proc/self/root/etc/shadow", "loop", "absent", "/proc/self/fd/0", "folder/../own"};
  void *targets[] = {&handle, &handle, &handle, &handle, NULL, read_only, edge - 8, (void *)next(s)};
  const int flags[] = {0, 0, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW, 0x200, 0x1, 0x2, 0x4000, AT_EMPTY_PATH | 0x200};
  int id[2];
  handle.bytes = next(s) % 4 == 0 ? next(s) % 201 : 128;
  char long_path[5000];
  memset(long_path, 'a', sizeof long_path);
  long_path[4999] = 0;
  const void *path = next(s) % 32 == 0 ? (next(s) % 2 ? long_path : (char *)next(s)) : PICK(s, paths);
  void *into = PICK(s, targets);
  long result = syscall(SYS_name_to_handle_at, any_descriptor(s), path, into, next(s) % 16 ? id : (int *)8,
                        PICK(s, flags));
  count->made++;
  if (result == 0) count->named++;
  else if (errno < 200) count->by_errno[errno]++;
  // What it named it may open, as it may; never more.
  if (result == 0 && into == &handle) open_call(mount, &handle, any_flags(s));
}

static long call32(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c)
                   : "memory", "r8", "r9", "r10", "r11");
  result = (int)result;
  if (result < 0 && result > -4096) errno = -result, result = -1;
  return result;
}

static void foreign(uint64_t *s) {
  if (next(s) % 2) note(syscall(X32 + SYS_open_by_handle_at, mount, &known[0], 0), 0);
  else note(call32(342, mount, (long)scribbled, 0), 0);
}

// A child that calls until it is killed, executes another program, leaves its table or is traced meanwhile.
static void child(uint64_t *s) {
  int kind = next(s) % 5, ready[2];
  if (pipe(ready) < 0) return;
  pid_t pid = fork();
  if (pid == 0) {
    uint64_t own = next(s) | 1;
    if (kind == 1) syscall(SYS_unshare, CLONE_FILES);
    if (kind == 2 && fork() == 0) {
      usleep(next(&own) % 300);
      execl("/bin/true", "true", NULL);
      _exit(0);
    }
    if (kind == 4) while (getppid() != 1 && ready[0] >= 0) {
      char byte;
      close(ready[1]);
      if (read(ready[0], &byte, 1) != 1) _exit(1);
      break;
    }
    for (int i = 0; i < (kind == 0 ? 1000 : 6); i++)
      open_call(mount, &known[next(&own) % NAMES], kind == 4 ? O_PATH | O_NOFOLLOW : any_flags(&own));
    if (kind == 3) execl("/bin/true", "true", NULL);
    _exit(0);
  }
  close(ready[0]);
  if (kind == 4 && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
    if (write(ready[1], "x", 1) != 1) kill(pid, SIGKILL);
    for (int status; waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status);)
      ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
  }
  close(ready[1]);
  if (kind == 0) {
    usleep(next(s) % 2000);
    kill(pid, SIGKILL);
  }
  waitpid(pid, NULL, __WALL);
}

static void *work(void *argument) {
  uint64_t state = (uint64_t)argument, *s = &state;
  while (count->made < calls_wanted) {
    unsigned dice = next(s) % 1000;
    if (dice < 2) child(s);
    else if (dice < 330) open_call(any_descriptor(s), &known[next(s) % NAMES], any_flags(s));
    else if (dice < 480) open_call(mount, &known[next(s) % 7], any_flags(s));
    else if (dice < 700) mutated(s);
    else if (dice < 780) wild(s);
    else if (dice < 930) naming(s);
    else if (dice < 970) open_call(mount, scribbled, any_flags(s));
    else foreign(s);
  }
  return NULL;
}

// Changes a handle and a descriptor for as long as others call with them.
static void *scribble(void *argument) {
  uint64_t state = (uint64_t)argument, *s = &state;
  while (!ending) {
    *scribbled = known[next(s) % NAMES];
    if (next(s) % 4 == 0) scribbled->data[next(s) % 32] ^= next(s);
    if (next(s) % 64 == 0) dup2(next(s) % 2 ? mount : process_files, flapping);
    if (next(s) % 256 == 0) usleep(50);
  }
  return NULL;
}

static void ignore(int number) { (void)number; }

int main(void) {
  unsigned long seed;
  char line[64];
  if (fgets(line, sizeof line, stdin) == NULL || sscanf(line, "%lu %ld", &seed, &calls_wanted) != 2) return 2;
  count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct stat status;
  mount = open(".", O_RDONLY | O_DIRECTORY);
  elsewhere = open("/dev/shm", O_RDONLY | O_DIRECTORY);
  process_files = open("/proc/self", O_RDONLY | O_DIRECTORY);
  path_only = open(".", O_PATH);
  a_socket = socket(AF_UNIX, SOCK_STREAM, 0);
  flapping = dup(mount);
  if (mount < 0 || pipe(a_pipe) < 0 || fstat(mount, &status) < 0) return 3;
  device = status.st_dev;
  know("", AT_EMPTY_PATH);
  for (int i = 0; i < NAMES; i++) know(names[i], 0);
  know("closed", 0), know("abslink", 0), know("uplink", 0), know("loop", 0);
  // What it can name by a path it may have a handle of.
  know("..", 0), know("/etc/shadow", 0), know("/etc/passwd", 0);
  int id, page = sysconf(_SC_PAGESIZE);
  for (int i = 0; i < NAMES; i++) {
    known[i].bytes = 128;
    if (syscall(SYS_name_to_handle_at, mount, names[i], &known[i], &id, 0) < 0) return 4;
  }
  scribbled = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  *scribbled = known[0];
  read_only = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  edge = (unsigned char *)mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + page;
  munmap(edge, page);
  // Now and then a call is interrupted, by a handler that restarts nothing.
  struct sigaction action = {.sa_handler = ignore};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {{0, 700}, {0, 700}};
  setitimer(ITIMER_REAL, &timer, NULL);
  pthread_t threads[THREADS], scribbler;
  pthread_create(&scribbler, NULL, scribble, (void *)(seed * 7919 + 5));
  for (int i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, work, (void *)((seed + 1) * 2654435761ul + i * 40503 + 1));
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  ending = 1;
  pthread_join(scribbler, NULL);
  int descriptors = 0;
  DIR *own = opendir("/proc/self/fd");
  while (readdir(own) != NULL) descriptors++;
  printf("{\"calls\":%ld,\"opened\":%ld,\"named\":%ld,\"forbidden\":%ld,\"wrongKind\":%ld,\"descriptors\":%d,\"errnos\":{",
         count->made, count->opened, count->named, count->forbidden, count->wrong_kind, descriptors);
  for (int i = 0, first = 1; i < 200; i++)
    if (count->by_errno[i]) printf("%s\"%s\":%ld", first ? "" : ",", strerrorname_np(i), count->by_errno[i]), first = 0;
  printf("}}\n");
  return 0;
}
