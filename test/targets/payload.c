/* A payload for tests of the dispatcher: what it is told, it does. Static, so that it can be one of the host's. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int copy(void) {
  static char buffer[65536];
  for (ssize_t count; (count = read(0, buffer, sizeof buffer)) > 0;)
    for (char *at = buffer; count > 0;) {
      ssize_t written = write(1, at, count);
      if (written < 0) return 9;
      at += written;
      count -= written;
    }
  return 3;
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
  strcpy(address.sun_path, path);
  unlink(path);
  usleep(100000);
  if (bind(socket_, (struct sockaddr *)&address, sizeof address) || listen(socket_, 1)) return 8;
  sleep(600);
  return 0;
}

static int show(const char *path) {
  char line[1024];
  FILE *file = fopen(path, "r");
  if (!file) return 9;
  while (fgets(line, sizeof line, file)) fputs(line, stdout);
  fclose(file);
  return 0;
}

/* As long as stdin is open: its size whenever that changes. */
static int watch_terminal(void) {
  struct winsize size = {0}, last = {0};
  printf("terminal %d %d\n", isatty(0) && isatty(1) && isatty(2), tcgetpgrp(0) == getpgrp());
  fflush(stdout);
  for (int turns = 0; turns < 2000; turns++) {
    ioctl(0, TIOCGWINSZ, &size);
    if (size.ws_row == 33 && size.ws_row != last.ws_row) {
      printf("size %dx%d\n", size.ws_row, size.ws_col);
      return 4;
    }
    last = size;
    usleep(5000);
  }
  return 1;
}

/* Numbered lines without pause: what is missing or there twice shows. */
static int count_up(int lines) {
  for (int line = 0; line < lines; line++) {
    printf("%d\n", line);
    fflush(stdout);
    usleep(2000);
  }
  return 6;
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "", *value = count > 2 ? words[2] : "";
  if (!strcmp(what, "copy")) return copy();
  if (!strcmp(what, "status")) return show("/proc/self/status");
  if (!strcmp(what, "show")) return show(value);
  if (!strcmp(what, "exit")) return atoi(value);
  if (!strcmp(what, "die")) return kill(getpid(), atoi(value));
  if (!strcmp(what, "listen")) return listen_at(value);
  if (!strcmp(what, "terminal")) return watch_terminal();
  if (!strcmp(what, "count")) return count_up(atoi(value));
  if (!strcmp(what, "ready")) {
    if (write(3, "\n", 1) != 1) return 9;
    sleep(atoi(value));
    return 5;
  }
  if (!strcmp(what, "sleep")) {
    puts("begun");
    fflush(stdout);
    sleep(atoi(value));
    return 5;
  }
  return 2;
}
