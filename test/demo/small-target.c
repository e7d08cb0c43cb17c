// Opens a file and a symlink by handle, and says what came of it. Exit code 0 when both worked.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_by_name_of_handle(int mount, const char *name, int flags) {
  char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  struct file_handle *handle = (struct file_handle *)room;
  int mount_id;
  handle->handle_bytes = MAX_HANDLE_SZ;
  if (name_to_handle_at(mount, name, handle, &mount_id, 0) < 0) return -1;
  return open_by_handle_at(mount, handle, flags);
}

int main(int argc, char **argv) {
  int mount = open(argc > 1 ? argv[1] : ".", O_RDONLY | O_DIRECTORY);
  if (mount < 0) {
    perror("open");
    return 1;
  }
  int failures = 0;
  char text[64] = {0};
  int file = open_by_name_of_handle(mount, "letter", O_RDONLY);
  if (file < 0 || read(file, text, sizeof text - 1) < 0) {
    printf("open_by_handle_at(letter, O_RDONLY): %s\n", strerror(errno));
    failures++;
  } else {
    printf("open_by_handle_at(letter, O_RDONLY) = %d, contents: %s", file, text);
  }
  struct stat status;
  int link = open_by_name_of_handle(mount, "link", O_PATH | O_NOFOLLOW);
  if (link < 0 || fstat(link, &status) < 0) {
    printf("open_by_handle_at(link, O_PATH|O_NOFOLLOW): %s\n", strerror(errno));
    failures++;
  } else {
    printf("open_by_handle_at(link, O_PATH|O_NOFOLLOW) = %d, a %s\n", link,
           S_ISLNK(status.st_mode) ? "symlink" : "something else");
  }
  return failures == 0 ? 0 : 1;
}
