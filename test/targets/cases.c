// Makes one call after another and prints what each returned, a line a case: 'name<TAB>result'. Run twice, once
// with the capability and once through deputy, the two outputs are compared line by line.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct handle {
  unsigned int bytes;
  int type;
  unsigned char data[128];
};

static const char *errno_name(int number) {
  static char text[32];
  const char *name = strerrorname_np(number);
  if (name != NULL) return name;
  snprintf(text, sizeof text, "errno%d", number);
  return text;
}

static int lowest_free(void) {
  int fd = dup(0);
  close(fd);
  return fd;
}

static int encode(int directory, const char *path, struct handle *handle, int flags) {
  int mount_id;
  handle->bytes = 128;
  return syscall(SYS_name_to_handle_at, directory, path, handle, &mount_id, flags);
}

static long open_handle(int mount, void *handle, int flags) {
  return syscall(SYS_open_by_handle_at, mount, handle, flags);
}

// What an opened descriptor is: type, inode, status flags, close-on-exec, and whether it is the lowest.
static void report(const char *name, long fd, int error, int lowest) {
  if (fd < 0) {
    printf("%s\t%s\n", name, errno_name(error));
    return;
  }
  struct stat status;
  fstat(fd, &status);
  char link[64];
  printf("%s\ttype=%o flags=%o cloexec=%d lowest=%d perm=%o\n", name, status.st_mode & S_IFMT, fcntl(fd, F_GETFL),
         fcntl(fd, F_GETFD) & FD_CLOEXEC, fd == lowest, status.st_mode & 07777);
  (void)link;
  close(fd);
}

static void try_open(const char *name, int mount, void *handle, int flags) {
  int lowest = lowest_free();
  errno = 0;
  long fd = open_handle(mount, handle, flags);
  report(name, fd, errno, lowest);
}

static void files_by_flags(int mount) {
  static const char *files[] = {"own", "public", "secret", "group", "readonly", "folder", "closed",
                                "link", "dangling", "fifo", "socket", "null", "block"};
  static const struct {
    const char *name;
    int flags;
  } forms[] = {{"O_RDONLY", O_RDONLY},
               {"O_WRONLY", O_WRONLY},
               {"O_RDWR", O_RDWR},
               {"O_RDWR|O_CLOEXEC", O_RDWR | O_CLOEXEC},
               {"O_RDONLY|O_NOFOLLOW", O_RDONLY | O_NOFOLLOW},
               {"O_RDONLY|O_DIRECTORY", O_RDONLY | O_DIRECTORY},
               {"O_RDONLY|O_NOATIME", O_RDONLY | O_NOATIME},
               {"O_RDONLY|O_NONBLOCK", O_RDONLY | O_NONBLOCK},
               {"O_WRONLY|O_APPEND", O_WRONLY | O_APPEND},
               {"O_WRONLY|O_DSYNC", O_WRONLY | O_DSYNC},
               {"O_RDONLY|bit30", O_RDONLY | (1 << 30)},
               {"O_ACCMODE", O_ACCMODE},
               {"O_PATH", O_PATH},
               {"O_PATH|O_NOFOLLOW", O_PATH | O_NOFOLLOW},
               {"O_PATH|O_CLOEXEC", O_PATH | O_CLOEXEC},
               {"O_PATH|O_DIRECTORY", O_PATH | O_DIRECTORY},
               {"O_PATH|O_RDWR|O_CREAT", O_PATH | O_RDWR | O_CREAT}};
  for (size_t file = 0; file < sizeof files / sizeof *files; file++) {
    struct handle handle;
    if (encode(mount, files[file], &handle, 0) < 0) {
      printf("%s\tname_to_handle_at: %s\n", files[file], errno_name(errno));
      continue;
    }
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
      char name[128];
      snprintf(name, sizeof name, "open %s %s", files[file], forms[form].name);
      try_open(name, mount, &handle, forms[form].flags);
    }
  }
  struct handle handle;
  encode(mount, "own", &handle, 0);
  try_open("create own O_CREAT|O_RDWR", mount, &handle, O_CREAT | O_RDWR);
  try_open("create own O_TMPFILE|O_RDWR", mount, &handle, O_TMPFILE | O_RDWR);
  long fd = open_handle(mount, &handle, O_RDWR | O_TRUNC);
  struct stat status;
  printf("truncate own\t%s size=%ld\n", fd < 0 ? errno_name(errno) : "ok", fd < 0 ? -1 : (fstat(fd, &status), status.st_size));
  if (fd >= 0) close(fd);
}

static void wrong_arguments(int mount) {
  struct handle good, bad;
  encode(mount, "own", &good, 0);
  static const int mounts[] = {-1, -2, -10002, -10003, 99, 1 << 30};
  for (size_t index = 0; index < sizeof mounts / sizeof *mounts; index++) {
    char name[64];
    snprintf(name, sizeof name, "mount_fd %d", mounts[index]);
    try_open(name, mounts[index], &good, O_RDONLY);
  }
  try_open("mount_fd AT_FDCWD", AT_FDCWD, &good, O_RDONLY);
  int path = open(".", O_PATH);
  try_open("mount_fd O_PATH", path, &good, O_RDONLY);
  close(path);
  int file = open("public", O_RDONLY);
  try_open("mount_fd regular file", file, &good, O_RDONLY);
  close(file);
  int ends[2];
  if (pipe(ends) == 0) try_open("mount_fd pipe", ends[0], &good, O_RDONLY);
  close(ends[0]);
  close(ends[1]);
  int proc = open("/proc", O_RDONLY | O_DIRECTORY);
  try_open("mount_fd proc", proc, &good, O_RDONLY);
  close(proc);

  static const unsigned int sizes[] = {0, 1, 4, 7, 127, 128, 129, 1000, 0x7fffffff, 0xffffffff};
  for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
    char name[64];
    bad = good;
    bad.bytes = sizes[index];
    snprintf(name, sizeof name, "handle_bytes %u", sizes[index]);
    try_open(name, mount, &bad, O_RDONLY);
  }
  static const int types[] = {-1, 0, 2, 0xff, 0x10001, 0x40001, 0x7fffffff};
  for (size_t index = 0; index < sizeof types / sizeof *types; index++) {
    char name[64];
    bad = good;
    bad.type = types[index];
    snprintf(name, sizeof name, "handle_type %d", types[index]);
    try_open(name, mount, &bad, O_RDONLY);
  }
  bad = good;
  memset(bad.data, 0xee, 8);
  try_open("stale handle", mount, &bad, O_RDONLY);
  bad.bytes = 0;
  try_open("two faults: bytes and mount_fd", -1, &bad, O_RDONLY);
  try_open("two faults: pointer and mount_fd", -1, (void *)8, O_RDONLY);
  bad = good;
  memset(bad.data, 0xee, 8);
  try_open("two faults: stale and mount_fd", 99, &bad, O_RDONLY);

  try_open("pointer NULL", mount, NULL, O_RDONLY);
  try_open("pointer 8", mount, (void *)8, O_RDONLY);
  try_open("pointer kernel", mount, (void *)0xffff888000000000, O_RDONLY);
  try_open("pointer -1", mount, (void *)-1, O_RDONLY);
  long page = sysconf(_SC_PAGESIZE);
  char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(two + page, page);
  memcpy(two + page - 8 - good.bytes, &good, 8 + good.bytes);
  try_open("pointer at the end of a page", mount, two + page - 8 - good.bytes, O_RDONLY);
  memcpy(two + page - 8, &good, 8);
  try_open("pointer: header alone is readable", mount, two + page - 8, O_RDONLY);
  try_open("pointer: half a header", mount, two + page - 4, O_RDONLY);
}

static void print_handle(const char *name, long result, int error, struct handle *handle) {
  printf("%s\t%s bytes=%u type=%d\n", name, result < 0 ? errno_name(error) : "ok", handle->bytes,
         result < 0 ? 0 : handle->type);
}

static void names(int mount) {
  static const struct {
    const char *name;
    int directory;
    const char *path;
    int flags;
  } cases[] = {{"relative", -3, "own", 0},
               {"relative to cwd", AT_FDCWD, "own", 0},
               {"absolute", -1, "/etc/passwd", 0},
               {"up and down", -3, "../share/own", 0},
               {"up from cwd", AT_FDCWD, "../share/own", 0},
               {"far up", AT_FDCWD, "../../../../../../../../../etc/passwd", 0},
               {"symlink", -3, "link", 0},
               {"symlink followed", -3, "link", AT_SYMLINK_FOLLOW},
               {"symlink absolute followed", -3, "abslink", AT_SYMLINK_FOLLOW},
               {"symlink up followed", -3, "uplink", AT_SYMLINK_FOLLOW},
               {"symlink dangling followed", -3, "dangling", AT_SYMLINK_FOLLOW},
               {"through a symlink", -3, "folderlink/inner", 0},
               {"closed folder", -3, "closed/inner", 0},
               {"not a folder", -3, "own/inner", 0},
               {"missing", -3, "missing", 0},
               {"empty path", -3, "", 0},
               {"empty path allowed", -3, "", AT_EMPTY_PATH},
               {"empty path allowed, cwd", AT_FDCWD, "", AT_EMPTY_PATH},
               {"unknown flag", -3, "own", 0x8000},
               {"closed descriptor", 99, "own", 0},
               {"negative descriptor", -7, "own", 0},
               {"negative descriptor, empty", -7, "", AT_EMPTY_PATH},
               {"AT_HANDLE_FID", -3, "own", 0x200},
               {"AT_HANDLE_CONNECTABLE", -3, "own", 0x2},
               {"AT_HANDLE_CONNECTABLE folder", -3, "folder", 0x2},
               {"AT_HANDLE_CONNECTABLE and FID", -3, "own", 0x202},
               {"trailing slash", -3, "own/", 0},
               {"long name", -3, NULL, 0}};
  static char longest[5000];
  memset(longest, 'a', sizeof longest - 1);
  for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
    struct handle handle = {.bytes = 128};
    int directory = cases[index].directory == -3 ? mount : cases[index].directory;
    const char *path = cases[index].path == NULL ? longest : cases[index].path;
    char name[96];
    int mount_id = -1;
    errno = 0;
    long result = syscall(SYS_name_to_handle_at, directory, path, &handle, &mount_id, cases[index].flags);
    snprintf(name, sizeof name, "name %s", cases[index].name);
    print_handle(name, result, errno, &handle);
    if (result == 0 && (cases[index].flags & 2) != 0) try_open(strcat(name, ", opened"), mount, &handle, O_RDONLY);
  }
  struct handle handle = {.bytes = 128};
  int mount_id;
  long result = syscall(SYS_name_to_handle_at, mount, NULL, &handle, &mount_id, AT_EMPTY_PATH);
  print_handle("name NULL path", result, errno, &handle);
  static const unsigned int sizes[] = {0, 4, 7, 8, 31, 32, 128, 129, 0xffffffff};
  for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
    char name[64];
    struct handle small = {.bytes = sizes[index]};
    mount_id = -1;
    result = syscall(SYS_name_to_handle_at, mount, "own", &small, &mount_id, 0);
    snprintf(name, sizeof name, "name buffer %u", sizes[index]);
    int error = errno;
    print_handle(name, result, error, &small);
    printf("%s, mount id\t%s\n", name, mount_id > 0 ? "written" : "left");
  }
  struct handle h = {.bytes = 128};
  printf("name handle pointer\t%ld %s\n", syscall(SYS_name_to_handle_at, mount, "own", (void *)8, &mount_id, 0), errno_name(errno));
  printf("name mount id pointer\t%ld %s\n", syscall(SYS_name_to_handle_at, mount, "own", &h, (void *)8, 0), errno_name(errno));
  printf("name path pointer\t%ld %s\n", syscall(SYS_name_to_handle_at, mount, (void *)8, &h, &mount_id, 0), errno_name(errno));
  uint64_t unique = 0;
  h.bytes = 128;
  result = syscall(SYS_name_to_handle_at, mount, "own", &h, &unique, 1);
  printf("name unique mount id\t%ld %s\n", result, unique > 0xffffffff ? "64 bit" : "small");
}

// A thread with a table of descriptors of its own: number 50 is the share there, and a pipe for all others.
static void *own_table(void *argument) {
  int mount = *(int *)argument;
  unshare(CLONE_FILES);
  dup2(mount, 50);
  struct handle handle;
  encode(50, "own", &handle, 0);
  try_open("thread with its own table", 50, &handle, O_RDONLY);
  return NULL;
}

static void threads(int mount) {
  int ends[2];
  if (pipe(ends) != 0) return;
  dup2(ends[0], 50);
  pthread_t thread;
  pthread_create(&thread, NULL, own_table, &mount);
  pthread_join(thread, NULL);
  close(50);
  close(ends[0]);
  close(ends[1]);
}

static void full_table(int mount) {
  struct handle file, link;
  encode(mount, "own", &file, 0);
  encode(mount, "link", &link, 0);
  struct rlimit old, small = {32, 32};
  getrlimit(RLIMIT_NOFILE, &old);
  small.rlim_max = old.rlim_max;
  setrlimit(RLIMIT_NOFILE, &small);
  int filled[64], count = 0, fd;
  while ((fd = dup(0)) >= 0 && count < 64) filled[count++] = fd;
  errno = 0;
  long result = open_handle(mount, &file, O_RDONLY);
  printf("full table, O_RDONLY\t%s\n", result < 0 ? errno_name(errno) : "opened");
  result = open_handle(mount, &link, O_PATH | O_NOFOLLOW);
  printf("full table, O_PATH of a symlink\t%s\n", result < 0 ? errno_name(errno) : "opened");
  close(filled[--count]);
  result = open_handle(mount, &file, O_RDONLY);
  printf("one free, O_RDONLY\t%s\n", result < 0 ? errno_name(errno) : "opened");
  if (result >= 0) close(result);
  result = open_handle(mount, &link, O_PATH | O_NOFOLLOW);
  printf("one free, O_PATH of a symlink\t%s\n", result < 0 ? errno_name(errno) : "opened");
  if (result >= 0) close(result);
  while (count > 0) close(filled[--count]);
  setrlimit(RLIMIT_NOFILE, &old);
}

int main(int argc, char **argv) {
  if (argc < 2 || chdir(argv[1]) < 0) return 2;
  setvbuf(stdout, NULL, _IOFBF, 1 << 20);
  int mount = open(".", O_RDONLY | O_DIRECTORY);
  if (mount < 0) return 2;
  // With a reader and a writer there, opening the fifo natively never waits.
  int keeper = open("fifo", O_RDWR);
  if (keeper < 0) return 2;
  int before = lowest_free();
  files_by_flags(mount);
  wrong_arguments(mount);
  names(mount);
  threads(mount);
  full_table(mount);
  printf("descriptors left behind\t%d\n", lowest_free() - before);
  return 0;
}
