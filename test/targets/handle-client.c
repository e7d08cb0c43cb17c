/*
 * The target of the contract suite of strategies: it names and opens files by handle as it is told, one line a
 * question, and says in one line what it got.
 *
 *     handle-client encode PATH                     the kernel's own handle: its type, and its bytes
 *     handle-client serve SOCKET SHARE [BROKER]     takes questions over SOCKET
 *
 * Compiled with -DBROKER it asks a broker over BROKER, with the code of the example; else it makes the calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifdef BROKER
static jmp_buf no_answer;
static int patience = 600, pauses;

__attribute__((noreturn)) static void give_up(void) { longjmp(no_answer, 1); }

static void wait_a_while(const struct timespec *time) {
  if (++pauses > patience) give_up();
  nanosleep(time, NULL);
}

/* The example waits ten seconds for a broker, and then ends. This one waits as long as it is told. */
#define exit(code) give_up()
#define nanosleep(time, rest) wait_a_while(time)
#define main example_main
#include "../../docs/examples/broker-client.c"
#undef main
#undef nanosleep
#undef exit

static const char *broker;

/* A descriptor that isn't open can be sent to nobody, and is what the kernel looks at first. */
static int is_closed(int descriptor) { return fcntl(descriptor, F_GETFD) < 0; }
#else
enum { MAX_HANDLE = 128 };
struct handle {
  unsigned int bytes;
  int type;
  unsigned char data[MAX_HANDLE];
};
#endif

enum { SLOTS = 16 };
static struct handle slots[SLOTS];
static int share, calls;

static int name(int file, struct handle *handle) {
#ifdef BROKER
  if (is_closed(file)) return -EBADF;
  return name_to_handle(broker, (uint32_t)++calls, file, handle);
#else
  int mount_id;
  calls++;
  handle->bytes = MAX_HANDLE;
  return syscall(SYS_name_to_handle_at, file, "", handle, &mount_id, AT_EMPTY_PATH) < 0 ? -errno : 0;
#endif
}

static int open_handle(int mount, struct handle *handle, int flags) {
#ifdef BROKER
  if (is_closed(mount)) return -EBADF;
  return open_by_handle(broker, (uint32_t)++calls, mount, handle, flags);
#else
  calls++;
  long opened = syscall(SYS_open_by_handle_at, mount, handle, flags);
  return opened < 0 ? -errno : (int)opened;
#endif
}

static const char *type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "regular file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symbolic link";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    case S_IFCHR: return "character device";
    default: return "something else";
  }
}

/* What was opened, and what is in it where that can be read. */
static void describe(int opened, char *answer, size_t room) {
  struct stat status;
  char line[128] = "";
  int is_path = (fcntl(opened, F_GETFL) & O_PATH) != 0;
  fstat(opened, &status);
  if (S_ISREG(status.st_mode) && !is_path) {
    ssize_t got = read(opened, line, sizeof line - 1);
    line[got < 0 ? 0 : strcspn(line, "\n")] = 0;
  }
  snprintf(answer, room, "%s%s%s%s", is_path ? "O_PATH: " : "", type_of(status.st_mode), *line ? ": " : "", line);
  close(opened);
}

static void tell_error(int error, char *answer, size_t room) {
  const char *text = strerrorname_np(error);
  snprintf(answer, room, "%s", text == NULL ? "an unknown error" : text);
}

static void take_raw(struct handle *handle, const char *hex) {
  handle->bytes = 0;
  for (unsigned byte; sscanf(hex, "%2x", &byte) == 1 && handle->bytes < MAX_HANDLE; hex += 2)
    handle->data[handle->bytes++] = (unsigned char)byte;
}

static void answer_question(const char *question, char *answer, size_t room) {
  char text[512] = "";
  int slot, flags, type, mount = share, result;
  snprintf(answer, room, "ok");
  if (sscanf(question, "name %d %511s", &slot, text) == 2) {
    int file = open(text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    result = file < 0 ? -errno : name(file, &slots[slot % SLOTS]);
    if (file >= 0) close(file);
    if (result < 0) tell_error(-result, answer, room);
  } else if (sscanf(question, "raw %d %d %511s", &slot, &type, text) == 3) {
    slots[slot % SLOTS].type = type;
    take_raw(&slots[slot % SLOTS], text);
  } else if (sscanf(question, "open %d %o %d", &slot, (unsigned *)&flags, &mount) >= 2) {
    result = open_handle(mount, &slots[slot % SLOTS], flags | O_CLOEXEC);
    if (result < 0) tell_error(-result, answer, room);
    else describe(result, answer, room);
  } else if (strcmp(question, "calls") == 0) {
    snprintf(answer, room, "%d", calls);
  } else if (sscanf(question, "patience %d", &type) == 1) {
#ifdef BROKER
    patience = type;
#endif
  } else snprintf(answer, room, "no such question");
}

static int serve(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char question[1024], answer[1024];
  int socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (connect(socket_, (struct sockaddr *)&address, sizeof address) < 0) return perror(path), 1;
  FILE *lines = fdopen(socket_, "r");
  while (lines != NULL && fgets(question, sizeof question, lines) != NULL) {
    question[strcspn(question, "\n")] = 0;
#ifdef BROKER
    pauses = 0;
    if (setjmp(no_answer) != 0) snprintf(answer, sizeof answer, "no answer");
    else
#endif
      answer_question(question, answer, sizeof answer);
    dprintf(socket_, "%s\n", answer);
  }
  return 0;
}

static int encode(const char *path) {
  struct handle handle = {.bytes = MAX_HANDLE};
  int mount_id;
  if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &handle, &mount_id, 0) < 0) return perror(path), 1;
  printf("%d ", handle.type);
  for (unsigned at = 0; at < handle.bytes; at++) printf("%02x", handle.data[at]);
  printf("\n");
  return 0;
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "encode") == 0) return encode(words[2]);
  if (count < 4 || strcmp(words[1], "serve") != 0) return 2;
  share = open(words[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (share < 0) return perror(words[3]), 1;
#ifdef BROKER
  broker = count > 4 ? words[4] : "";
#endif
  return serve(words[2]);
}
