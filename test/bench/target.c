// The target of the benchmark: N threads that open files by handle, one call after the other.
//   target SOCKET|- FORM THREADS WARM_MS MEASURE_MS DIRECTORY METADATA
// With '-' it keeps CAP_DAC_READ_SEARCH and calls the kernel itself. Otherwise it has no capability at all, installs
// a filter and hands the listener to whoever listens on SOCKET, with the message that OCI runtimes send.
// Prints one line of JSON; exits 1 when any call went wrong.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 64, USER = 107, KEPT = 1 << 19, CHECK_EVERY = 64, THREADS = 64 };

static struct {
  _Alignas(8) char buffer[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  ino_t inode;
} samples[FILES];
static struct worker {
  pthread_t thread;
  uint32_t *kept_ns;
  long calls, kept, wrong;
  int first_errno;
} workers[THREADS];
static _Atomic int phase; // 0 warming up, 1 measuring, 2 over
static int mount_descriptor, flags;

static void die(const char *what) {
  perror(what);
  exit(99);
}

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void *work(void *argument) {
  struct worker *self = argument;
  unsigned index = (unsigned)(self - workers) * 7;
  for (long round = 0;; round++) {
    int current = phase;
    if (current == 2) return NULL;
    unsigned file = index++ % FILES;
    int64_t before = now_ns();
    int descriptor = open_by_handle_at(mount_descriptor, (struct file_handle *)samples[file].buffer, flags);
    int64_t after = now_ns();
    if (current == 1) {
      self->calls++;
      if (self->kept < KEPT) self->kept_ns[self->kept++] = (uint32_t)(after - before);
    }
    if (descriptor < 0) {
      if (self->wrong++ == 0) self->first_errno = errno;
      continue;
    }
    struct stat status;
    if (round % CHECK_EVERY == 0 && (fstat(descriptor, &status) || status.st_ino != samples[file].inode)) self->wrong++;
    close(descriptor);
  }
}

static int symlinks_wanted;

static void prepare(const char *directory, const char *form) {
  int symlinks = strcmp(form, "opath-exact") == 0;
  flags = (strcmp(form, "open") == 0 ? O_RDONLY : O_PATH) | O_CLOEXEC;
  mount_descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (mount_descriptor < 0) die("open directory");
  symlinks_wanted = symlinks;
}

// Under deputy this is a call of its own, and the handles are sealed.
static void name_files(void) {
  for (int i = 0; i < FILES; i++) {
    char name[32];
    struct stat status;
    int mount_id;
    struct file_handle *handle = (struct file_handle *)samples[i].buffer;
    snprintf(name, sizeof name, "%s-%d", symlinks_wanted ? "symlink" : "regular", i);
    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(mount_descriptor, name, handle, &mount_id, 0)) die("name_to_handle_at");
    if (fstatat(mount_descriptor, name, &status, AT_SYMLINK_NOFOLLOW)) die("fstatat");
    samples[i].inode = status.st_ino;
  }
}

static void drop_privileges(int keep) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  if (keep) data[0].effective = data[0].permitted = 1u << CAP_DAC_READ_SEARCH;
  if (keep && prctl(PR_SET_KEEPCAPS, 1)) die("PR_SET_KEEPCAPS");
  if (setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER)) die("setresuid");
  if (syscall(SYS_capset, &header, data)) die("capset");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) die("PR_SET_NO_NEW_PRIVS");
}

static int install_filter(int names_too) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_by_handle_at, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, names_too ? SYS_name_to_handle_at : SYS_open_by_handle_at, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {5, code};
  int listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0) die("seccomp");
  return listener;
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address)) die("connect");
  return connection;
}

static void hand_over(int connection, int listener, const char *metadata) {
  char text[1024], control[CMSG_SPACE(sizeof listener)] = {0};
  int length = snprintf(text, sizeof text,
                        "{\"ociVersion\":\"1.0.2\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"metadata\":\"%s\","
                        "\"state\":{\"ociVersion\":\"1.0.2\",\"id\":\"bench\",\"status\":\"creating\",\"pid\":%d,"
                        "\"bundle\":\"/\"}}",
                        getpid(), metadata, getpid());
  struct iovec vector = {text, length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof listener);
  memcpy(CMSG_DATA(header), &listener, sizeof listener);
  if (sendmsg(connection, &message, 0) != length) die("sendmsg");
  close(connection);
  close(listener);
}

static int ascending(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static void report(int threads, double seconds) {
  long calls = 0, kept = 0, wrong = 0;
  int first_errno = 0;
  for (int i = 0; i < threads; i++) {
    calls += workers[i].calls;
    kept += workers[i].kept;
    wrong += workers[i].wrong;
    if (first_errno == 0) first_errno = workers[i].first_errno;
  }
  uint32_t *all = malloc((kept + 1) * sizeof *all);
  long at = 0;
  for (int i = 0; i < threads; i++) {
    memcpy(all + at, workers[i].kept_ns, workers[i].kept * sizeof *all);
    at += workers[i].kept;
  }
  qsort(all, kept, sizeof *all, ascending);
  printf("{\"calls\":%ld,\"wrong\":%ld,\"errno\":%d,\"medianUs\":%.3f,\"p99Us\":%.3f,\"perSecond\":%.1f}\n", calls, wrong,
         first_errno, kept ? all[kept / 2] / 1e3 : 0, kept ? all[kept * 99 / 100] / 1e3 : 0, calls / seconds);
  exit(wrong > 0 || calls == 0);
}

int main(int count, char **arguments) {
  if (count != 8) return 2;
  int delegated = strcmp(arguments[1], "-") != 0, threads = atoi(arguments[3]);
  if (threads < 1 || threads > THREADS) return 2;
  prepare(arguments[6], arguments[2]);
  int connection = delegated ? connect_to(arguments[1]) : -1;
  drop_privileges(!delegated);
  // Changed ids made the process undumpable, which hides its /proc files from an agent without CAP_SYS_PTRACE.
  prctl(PR_SET_DUMPABLE, 1);
  // The bare agent serves one call only.
  if (delegated) hand_over(connection, install_filter(strcmp(arguments[7], "bare") != 0), arguments[7]);
  name_files();
  for (int i = 0; i < threads; i++) {
    workers[i].kept_ns = calloc(KEPT, sizeof(uint32_t));
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) die("pthread_create");
  }
  usleep(atoi(arguments[4]) * 1000);
  int64_t before = now_ns();
  phase = 1;
  usleep(atoi(arguments[5]) * 1000);
  phase = 2;
  double seconds = (now_ns() - before) / 1e9;
  for (int i = 0; i < threads; i++) pthread_join(workers[i].thread, NULL);
  report(threads, seconds);
}
