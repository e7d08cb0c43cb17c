// The yardstick of the benchmark: answers open_by_handle_at with the same system calls as deputy's handler, and
// with nothing else: no journal, no policy, no events, no recovery.
//   bare-agent SOCKET      prints 'ready', then serves one target after the other until it is killed.
#define _GNU_SOURCE
#include "exact-answer.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, uint64_t)
#endif
enum { THREADS = 256, HANDLE_BYTES = 136 };

static struct seen {
  pid_t thread;
  uid_t user;
  int info, info_of;
} seen[THREADS];
static int seen_count, mount_descriptor = -1;
static long mount_known = -1;
static uid_t assumed = (uid_t)-1;

static void die(const char *what) {
  perror(what);
  exit(99);
}

static void raise_capabilities(void) {
  const uint32_t kept = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_SETGID | 1u << CAP_SETUID | 1u << CAP_SYS_PTRACE;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{kept, kept, 0}, {0, 0, 0}};
  if (syscall(SYS_capset, &header, data)) die("capset");
}

static struct seen *look(pid_t thread) {
  for (int i = 0; i < seen_count; i++)
    if (seen[i].thread == thread) return &seen[i];
  if (seen_count == THREADS) die("too many threads");
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%d", thread);
  if (stat(path, &status)) die("stat");
  seen[seen_count] = (struct seen){thread, status.st_uid, -1, -1};
  return &seen[seen_count++];
}

static void assume(uid_t user) {
  if (assumed == user) return;
  raise_capabilities();
  if (setresgid(user, user, user) || setgroups(0, NULL) || setresuid(user, 0, 0)) die("setresuid");
  setfsuid(user);
  raise_capabilities();
  assumed = user;
}

/** Which mount the caller's descriptor is on; the file that tells is kept open and read anew each time. */
static long mount_of(struct seen *caller, int descriptor) {
  char text[512];
  if (caller->info_of != descriptor) {
    snprintf(text, sizeof text, "/proc/%d/fdinfo/%d", caller->thread, descriptor);
    caller->info = open(text, O_RDONLY | O_CLOEXEC);
    caller->info_of = descriptor;
  }
  ssize_t count = pread(caller->info, text, sizeof text - 1, 0);
  if (count <= 0) return -1;
  text[count] = 0;
  char *line = strstr(text, "flags:");
  if (line == NULL || strtol(line + 6, NULL, 8) & O_PATH) return -1;
  line = strstr(line, "mnt_id:");
  return line == NULL ? -1 : strtol(line + 7, NULL, 10);
}

static void send_errno(int listener, uint64_t id, int error) {
  struct seccomp_notif_resp response = {.id = id, .error = -error};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int real_flags(int flags) { return flags & O_PATH ? O_NONBLOCK | O_CLOEXEC : flags | O_CLOEXEC; }

/** Probe, type, access, open: a descriptor to give, or minus an errno. Symlinks and their like go `exact`. */
static int open_file(struct file_handle *handle, int flags, int *probe, int *exact) {
  struct statx status;
  *probe = open_by_handle_at(mount_descriptor, handle, O_PATH | O_CLOEXEC);
  if (*probe < 0) return -errno;
  if (statx(*probe, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status)) return -errno;
  *exact = !S_ISREG(status.stx_mode) && !S_ISDIR(status.stx_mode);
  if (*exact) return *probe;
  if (syscall(SYS_faccessat2, *probe, "", R_OK, AT_EMPTY_PATH)) return -errno;
  int opened = open_by_handle_at(mount_descriptor, handle, real_flags(flags) | O_APPEND);
  return opened < 0 ? -errno : opened;
}

static void answer(int listener) {
  static struct seccomp_notif request;
  static _Alignas(8) char copy[HANDLE_BYTES];
  memset(&request, 0, sizeof request);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request)) return;
  struct seen *caller = look(request.pid);
  struct iovec local = {copy, sizeof copy}, remote = {(void *)request.data.args[1], sizeof copy};
  ssize_t count = process_vm_readv(request.pid, &local, 1, &remote, 1, 0);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &request.id)) return;
  if (count < 8) return send_errno(listener, request.id, EFAULT);
  long mount = mount_of(caller, (int)request.data.args[0]);
  if (mount < 0) return send_errno(listener, request.id, EBADF);
  if (mount != mount_known) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", caller->thread, (int)request.data.args[0]);
    if (mount_descriptor >= 0) close(mount_descriptor);
    mount_descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mount_known = mount;
  }
  assume(caller->user);
  int probe = -1, exact = 0, flags = (int)request.data.args[2];
  int opened = open_file((struct file_handle *)copy, flags, &probe, &exact);
  if (opened < 0) {
    send_errno(listener, request.id, -opened);
  } else if (exact) {
    answer_exactly(listener, &request, probe, flags & O_CLOEXEC);
  } else {
    // In two calls, as deputy does it: docs/adr/0005 says why.
    struct seccomp_notif_addfd add = {request.id, 0, opened, 0, flags & O_CLOEXEC};
    int number = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    struct seccomp_notif_resp response = {.id = request.id, .val = number};
    fcntl(opened, F_SETFL, real_flags(flags) & ~O_CLOEXEC);
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    close(opened);
  }
  if (probe >= 0) close(probe);
}

static int receive_listener(int server) {
  char text[4096], control[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {text, sizeof text};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int listener, connection = accept4(server, NULL, NULL, SOCK_CLOEXEC);
  if (connection < 0 || recvmsg(connection, &message, MSG_CMSG_CLOEXEC) <= 0) die("recvmsg");
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL) die("no listener");
  memcpy(&listener, CMSG_DATA(header), sizeof listener);
  close(connection);
  // Not every kernel knows it; then every answer is slower, for deputy too.
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1UL);
  return listener;
}

static void forget(int set, int listener) {
  epoll_ctl(set, EPOLL_CTL_DEL, listener, NULL);
  close(listener);
  for (int i = 0; i < seen_count; i++) close(seen[i].info);
  seen_count = 0;
  if (mount_descriptor >= 0) close(mount_descriptor);
  mount_descriptor = -1;
  mount_known = -1;
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", arguments[1]);
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), set = epoll_create1(EPOLL_CLOEXEC);
  if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 8)) die("listen");
  struct epoll_event interest = {EPOLLIN, {.fd = server}}, ready;
  epoll_ctl(set, EPOLL_CTL_ADD, server, &interest);
  printf("ready %s\n", arguments[1]);
  fflush(stdout);
  for (;;) {
    if (epoll_wait(set, &ready, 1, -1) != 1) continue;
    if (ready.data.fd == server) {
      interest.data.fd = receive_listener(server);
      epoll_ctl(set, EPOLL_CTL_ADD, interest.data.fd, &interest);
    } else if (ready.events & EPOLLIN) {
      answer(ready.data.fd);
    } else {
      forget(set, ready.data.fd);
    }
  }
}
