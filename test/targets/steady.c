// A target that calls without pause and checks every result, while something is done to deputy:
// steady SOCKET CONTAINER DIRECTORY plain|killable THREADS
// EXACT_EVERY=N: each Nth call opens a link with O_PATH; PAUSE_US=N: a pause after each call.
// UNTIL=PATH: goes on until there is such a file before it looks at stdin, which may be empty.
// NATIVE=1: root of namespaces of its own, whose filter leaves opens with O_DIRECTORY to the kernel; it calls those, too.
// SOCKET is `-` behind deputy-wrap: then it has a filter, and is uid 107, from the start.
// Hands its listener over as runtimes do, becomes uid 107, then answers lines of stdin with one line each:
// `mark`: what happened since the last mark; `end`: stops, and says what its table of descriptors has more than before.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
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
#include "gone.h"

struct handle {
  unsigned int bytes;
  int type;
  unsigned char data[128];
};

static int mount;
static struct handle own, folder, link_handle, stale;
static ino_t own_inode, folder_inode;
static atomic_long calls, wrong, enosys, interrupted, longest_us, exact_every, pause_us, signals;
static atomic_int stopping, running;
static int native;

static long now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void fail(const char *what, long result, int error) {
  if (result < 0 && error == ENOSYS) atomic_fetch_add(&enosys, 1);
  if (result < 0 && error == EINTR) atomic_fetch_add(&interrupted, 1);
  if (atomic_fetch_add(&wrong, 1) < 20) fprintf(stderr, "wrong: %s: %ld, %s\n", what, result, strerror(error));
}

static long open_handle(struct handle *handle, int flags) {
  long start = now_us();
  long fd = syscall(SYS_open_by_handle_at, mount, handle, flags);
  int error = errno;
  long took = now_us() - start;
  long longest = atomic_load(&longest_us);
  while (took > longest && !atomic_compare_exchange_weak(&longest_us, &longest, took));
  atomic_fetch_add(&calls, 1);
  errno = error;
  return fd;
}

static void check_inode(const char *what, struct handle *handle, int flags, ino_t inode) {
  struct stat status;
  long fd = open_handle(handle, flags);
  int error = errno;
  if (fd < 0 || fstat(fd, &status) < 0 || status.st_ino != inode) fail(what, fd, error);
  if (fd >= 0 && close(fd) < 0) fail("close", fd, errno);
}

static void check_link(void) {
  char text[64];
  long fd = open_handle(&link_handle, O_PATH | O_NOFOLLOW);
  int error = errno;
  ssize_t length = fd < 0 ? -1 : readlinkat(fd, "", text, sizeof text);
  if (length != 3 || memcmp(text, "own", 3) != 0) fail("symlink", fd, error);
  if (fd >= 0 && close(fd) < 0) fail("close", fd, errno);
}

static void check_content(void) {
  char text[32];
  long fd = open_handle(&own, O_RDONLY | O_CLOEXEC);
  int error = errno;
  int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
  if (fd < 0 || read(fd, text, 15) != 15 || memcmp(text, "contents of own", 15) != 0) fail("own", fd, error);
  // O_LARGEFILE is 0 here in user space; nothing else may be set.
  else if ((flags & (O_APPEND | O_NONBLOCK | O_ACCMODE)) != 0) fail("flags of own", fd, flags);
  if (fd >= 0 && close(fd) < 0) fail("close", fd, errno);
}

static void check_name(void) {
  struct handle handle = {.bytes = 128};
  int mount_id;
  long result = syscall(SYS_name_to_handle_at, mount, "own", &handle, &mount_id, 0);
  if (result != 0 || handle.bytes != own.bytes || memcmp(handle.data, own.data, own.bytes) != 0) {
    fail("name_to_handle_at", result, errno);
  }
}

static void call(long number) {
  long every = atomic_load(&exact_every);
  if (every > 0 && number % every == 0) return check_link();
  switch (number % 5) {
    case 0:
      if (native && number % 2 == 0) {
        return check_inode("folder by the kernel", &folder, O_RDONLY | O_DIRECTORY, folder_inode);
      }
      return check_inode("folder", &folder, O_PATH, folder_inode);
    case 1:
      return check_content();
    case 2:
      return check_inode("own by O_PATH", &own, O_PATH | O_CLOEXEC, own_inode);
    case 3:
      return check_name();
    default: {
      long fd = open_handle(&stale, O_RDONLY);
      if (fd >= 0 || errno != ESTALE) fail("stale", fd, errno);
    }
  }
}

static void *run(void *index) {
  long number = (long)index;
  atomic_fetch_add(&running, 1);
  long pause = atomic_load(&pause_us);
  while (!atomic_load(&stopping)) {
    call(number++);
    if (pause > 0) usleep(pause);
  }
  atomic_fetch_sub(&running, 1);
  return NULL;
}

static void on_signal(int number) {
  (void)number;
  atomic_fetch_add(&signals, 1);
}

static void encode(const char *name, struct handle *handle, ino_t *inode) {
  int mount_id;
  struct stat status;
  handle->bytes = 128;
  if (syscall(SYS_name_to_handle_at, mount, name, handle, &mount_id, 0) < 0) exit(3);
  if (inode == NULL) return;
  fstatat(mount, name, &status, AT_SYMLINK_NOFOLLOW);
  *inode = status.st_ino;
}

static void encode_stale(const char *name) {
  encode(name, &stale, NULL);
}

static void write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0) exit(6);
  close(file);
}

// Its root is root outside: whoever has no capability there may map only himself.
static void enter_namespaces(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) exit(6);
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", "0 0 1");
  write_text("/proc/self/gid_map", "0 0 1");
}

static int install(int killable) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_by_handle_at, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_name_to_handle_at, 2, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, native ? O_DIRECTORY : 0, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // 32: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
  int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | (killable ? 32 : 0);
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void hand_over(const char *path, const char *container, int listener) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) exit(4);
  char text[1024];
  int length = snprintf(text, sizeof text,
                        "{\"ociVersion\":\"1.0.2\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"metadata\":\"tenant=blue%s\","
                        "\"state\":{\"ociVersion\":\"1.0.2\",\"id\":\"%s\",\"status\":\"creating\",\"pid\":%d,"
                        "\"bundle\":\"/b\"}}",
                        getpid(), native ? ",directories=native" : "", container, getpid());
  struct iovec vector = {text, length};
  char room[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &listener, sizeof(int));
  if (sendmsg(connection, &message, MSG_NOSIGNAL) != length) exit(4);
  close(connection);
  close(listener);
}

static int count_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = -1;
  while (readdir(directory) != NULL) count++;
  closedir(directory);
  return count;
}

static void report(const char *what) {
  printf("{\"%s\":true,\"calls\":%ld,\"wrong\":%ld,\"enosys\":%ld,\"interrupted\":%ld,\"longestUs\":%ld,"
         "\"signals\":%ld,\"descriptors\":%d}\n",
         what, atomic_load(&calls), atomic_load(&wrong), atomic_load(&enosys), atomic_load(&interrupted),
         atomic_exchange(&longest_us, 0), atomic_load(&signals), count_descriptors());
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 6 || chdir(argv[3]) < 0) return 2;
  native = getenv("NATIVE") != NULL;
  if (native) enter_namespaces();
  if (native && chdir(argv[3]) < 0) return 2;
  mount = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const char *every = getenv("EXACT_EVERY");
  atomic_store(&exact_every, every == NULL ? 0 : atol(every));
  const char *pause = getenv("PAUSE_US");
  atomic_store(&pause_us, pause == NULL ? 0 : atol(pause));
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  int wrapped = strcmp(argv[1], "-") == 0;
  int listener = wrapped ? 0 : install(strcmp(argv[4], "killable") == 0);
  if (listener < 0) return 5;
  if (!wrapped) hand_over(argv[1], argv[2], listener);
  // Named through the agent, so that the handles are sealed where its policy wants that.
  encode("own", &own, &own_inode);
  encode("folder", &folder, &folder_inode);
  encode("link", &link_handle, NULL);
  make_gone(mount, encode_stale);
  if (!native && !wrapped) {
    setgroups(0, NULL);
    setresgid(107, 107, 107);
    setresuid(107, 107, 107);
  }
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  int threads = atoi(argv[5]);
  pthread_t thread[64];
  // Before the first call, so that its descriptors can be compared with those at the end.
  report("started");
  for (long index = 0; index < threads; index++) pthread_create(&thread[index], NULL, run, (void *)(index * 7919));
  const char *until = getenv("UNTIL");
  while (until != NULL && access(until, F_OK) < 0) usleep(10000);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL && strncmp(line, "end", 3) != 0) report("mark");
  atomic_store(&stopping, 1);
  for (int waited = 0; atomic_load(&running) > 0 && waited < 5000; waited++) usleep(1000);
  if (atomic_load(&running) > 0) {
    printf("{\"hung\":%d}\n", atomic_load(&running));
    fflush(stdout);
    return 1;
  }
  for (int index = 0; index < threads; index++) pthread_join(thread[index], NULL);
  report("end");
  return atomic_load(&wrong) == 0 ? 0 : 1;
}
