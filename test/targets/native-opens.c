// The program of a container with a user namespace of its own: opens by handle what is in a share, and says what came.
// native-opens DIRECTORY: prints a line a call, `NAME RESULT`, where RESULT is ok, or an errno's name.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct handle {
  unsigned int bytes;
  int type;
  unsigned char data[128];
};

static int mount_descriptor;

static void say(const char *name, long result) {
  printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "ok");
}

static void encode(const char *name, struct handle *handle) {
  int mount_id;
  handle->bytes = 128;
  char text[64];
  snprintf(text, sizeof text, "name-%s", name);
  say(text, syscall(SYS_name_to_handle_at, mount_descriptor, name, handle, &mount_id, 0));
}

static void open_it(const char *name, struct handle *handle, int flags) {
  long descriptor = syscall(SYS_open_by_handle_at, mount_descriptor, handle, flags);
  say(name, descriptor);
  if (descriptor >= 0) close(descriptor);
}

int main(int argc, char **argv) {
  static struct handle folder, file;
  if (argc < 2) return 2;
  mount_descriptor = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (mount_descriptor < 0) return 3;
  encode("folder", &folder);
  encode("file", &file);
  open_it("directory", &folder, O_RDONLY | O_DIRECTORY);
  open_it("directory-path", &folder, O_PATH | O_DIRECTORY);
  open_it("plain", &folder, O_RDONLY);
  open_it("file", &file, O_RDONLY);
  // A seal that is none: nobody but deputy looks.
  folder.data[folder.bytes - 1] ^= 1;
  open_it("forged-directory", &folder, O_RDONLY | O_DIRECTORY);
  open_it("forged-plain", &folder, O_RDONLY);
  return 0;
}
