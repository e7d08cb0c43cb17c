// Threads that call without pause and check every result: load THREADS DIRECTORY COUNT [COUNT ...]. After each
// COUNT calls in all it prints a line and waits for one on stdin, so that deputy can be looked at meanwhile.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "gone.h"

struct handle {
  unsigned int bytes;
  int type;
  unsigned char data[128];
};

static int mount;
static struct handle own, folder, link_handle, stale;
static ino_t own_inode, folder_inode, link_inode;
static atomic_long left, wrong, exact_every;
static pthread_barrier_t start, done;

static void encode(const char *name, struct handle *handle, ino_t *inode) {
  int mount_id;
  struct stat status;
  handle->bytes = 128;
  if (syscall(SYS_name_to_handle_at, mount, name, handle, &mount_id, 0) < 0) exit(3);
  fstatat(mount, name, &status, AT_SYMLINK_NOFOLLOW);
  *inode = status.st_ino;
}

static void fail(const char *what, long result, int error) {
  if (atomic_fetch_add(&wrong, 1) < 5) fprintf(stderr, "wrong: %s: %ld, %s\n", what, result, strerror(error));
}

static void check(const char *what, struct handle *handle, int flags, ino_t inode) {
  struct stat status;
  long fd = syscall(SYS_open_by_handle_at, mount, handle, flags);
  if (fd < 0 || fstat(fd, &status) < 0 || status.st_ino != inode) fail(what, fd, errno);
  if (fd >= 0 && close(fd) < 0) fail("close", fd, errno);
}

static void call(long number) {
  char text[16];
  long every = atomic_load(&exact_every);
  if (every > 0 && number % every == 0) {
    check("symlink", &link_handle, O_PATH | O_NOFOLLOW, link_inode);
    return;
  }
  switch (number % 4) {
    case 0:
      check("folder", &folder, O_PATH, folder_inode);
      return;
    case 1: {
      long fd = syscall(SYS_open_by_handle_at, mount, &own, O_RDONLY | O_CLOEXEC);
      if (fd < 0 || read(fd, text, 8) != 8 || memcmp(text, "contents", 8) != 0) fail("own", fd, errno);
      if (fd >= 0) close(fd);
      return;
    }
    case 2:
      check("own by O_PATH", &own, O_PATH, own_inode);
      return;
    default: {
      long fd = syscall(SYS_open_by_handle_at, mount, &stale, O_RDONLY);
      if (fd >= 0 || errno != ESTALE) fail("stale", fd, errno);
    }
  }
}

static void *run(void *unused) {
  (void)unused;
  for (;;) {
    pthread_barrier_wait(&start);
    if (atomic_load(&left) < 0) return NULL;
    long number;
    while ((number = atomic_fetch_sub(&left, 1)) > 0) call(number);
    pthread_barrier_wait(&done);
  }
}

static void encode_stale(const char *name) {
  ino_t ignored;
  encode(name, &stale, &ignored);
}

int main(int argc, char **argv) {
  if (argc < 4 || chdir(argv[2]) < 0) return 2;
  int threads = atoi(argv[1]);
  mount = open(".", O_RDONLY | O_DIRECTORY);
  encode("own", &own, &own_inode);
  encode("folder", &folder, &folder_inode);
  encode("link", &link_handle, &link_inode);
  make_gone(mount, encode_stale);
  const char *every = getenv("EXACT_EVERY");
  atomic_store(&exact_every, every == NULL ? 0 : atol(every));
  pthread_barrier_init(&start, NULL, threads + 1);
  pthread_barrier_init(&done, NULL, threads + 1);
  pthread_t thread;
  for (int index = 0; index < threads; index++) pthread_create(&thread, NULL, run, NULL);
  for (int round = 3; round < argc; round++) {
    atomic_store(&left, atol(argv[round]));
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&done);
    printf("%s calls, %ld wrong\n", argv[round], atomic_load(&wrong));
    fflush(stdout);
    char line[16];
    if (fgets(line, sizeof line, stdin) == NULL) break;
  }
  return atomic_load(&wrong) == 0 ? 0 : 1;
}
