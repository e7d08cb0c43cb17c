// Plays the runtime: installs a filter, hands its listener to the agent's socket as crun and runc do, in a way that
// the first argument names, becomes uid 107, opens a file by handle, and prints what came of it.
// 'symlink': a link is opened with O_PATH by a target whose own filter forbids recvmsg, so that only an injector
// that may suspend filters can do it.
// handover FORM SOCKET CONTAINER-ID DIRECTORY
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int install(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_by_handle_at, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_name_to_handle_at, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static int forbid_recvmsg(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_recvmsg, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -1 : fd;
}

static int send_part(int connection, const char *text, size_t length, int passed) {
  struct iovec vector = {(void *)text, length};
  char room[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (passed >= 0) {
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed, sizeof(int));
  }
  return sendmsg(connection, &message, MSG_NOSIGNAL);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *form = argv[1];
  int mount = open(argv[4], O_RDONLY | O_DIRECTORY);
  struct {
    unsigned int bytes;
    int type;
    unsigned char data[128];
  } handle = {.bytes = 128};
  int mount_id;
  int symlink_form = strcmp(form, "symlink") == 0;
  if (strcmp(form, "stranger") == 0) setresuid(65534, 65534, 65534);
  int connection = connect_to(argv[2]);
  if (connection < 0) {
    printf("connect: %s\n", strerrorname_np(errno));
    return 0;
  }
  int listener = install();
  static char text[1 << 21];
  static char filler[300001];
  size_t fill = strcmp(form, "long") == 0 ? 300000 : strcmp(form, "toolong") == 0 ? 1500000 : 1;
  (void)filler;
  char *annotation = malloc(fill + 1);
  memset(annotation, 'x', fill);
  annotation[fill] = 0;
  const char *fds = strcmp(form, "nofds") == 0 ? "otherFd" : "seccompFd";
  int length = snprintf(text, sizeof text,
                        "{\"ociVersion\":\"1.0.2\",\"fds\":[\"%s\"],\"pid\":%d,\"metadata\":\"tenant=blue\","
                        "\"state\":{\"ociVersion\":\"1.0.2\",\"id\":\"%s\",\"status\":\"creating\",\"pid\":%d,"
                        "\"bundle\":\"/b\",\"annotations\":{\"a\":\"%s\"}}}",
                        fds, getpid(), argv[3], getpid(), annotation);
  if (strcmp(form, "garbage") == 0) length = snprintf(text, sizeof text, "}{ not json");
  int passed = listener;
  if (strcmp(form, "notlistener") == 0) passed = open("/dev/null", O_RDONLY);
  if (strcmp(form, "nodescriptor") == 0) passed = -1;
  if (strcmp(form, "silent") == 0) length = 0;
  if (strcmp(form, "pieces") == 0) {
    for (int at = 0; at < length; at++) {
      send_part(connection, text + at, 1, at == 5 ? passed : -1);
      if (at % 16 == 0) usleep(1000);
    }
  } else if (length > 0) {
    for (int at = 0; at < length;) {
      int sent = send_part(connection, text + at, length - at, at == 0 ? passed : -1);
      if (sent <= 0) break;
      at += sent;
    }
  }
  close(connection);
  close(listener);
  setgroups(0, NULL);
  setresgid(107, 107, 107);
  setresuid(107, 107, 107);
  if (symlink_form && forbid_recvmsg() < 0) return 2;
  // Without an agent it fails, and so does what follows.
  syscall(SYS_name_to_handle_at, mount, symlink_form ? "link" : "own", &handle, &mount_id, 0);
  errno = 0;
  int flags = symlink_form ? O_PATH | O_NOFOLLOW : strcmp(form, "readwrite") == 0 ? O_RDWR : O_RDONLY;
  long fd = syscall(SYS_open_by_handle_at, mount, &handle, flags);
  printf("open: %s\n", fd >= 0 ? "ok" : strerrorname_np(errno));
  if (argc > 5) {
    fflush(stdout);
    pause();
  }
  return 0;
}
