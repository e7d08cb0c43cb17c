// What becomes of packets and descriptors on a SOCK_SEQPACKET socket when one end dies (unix(7)): a case by its
// name, and one line that says in words what came of it. The model of the simulator has to say the same.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// No case waits for anybody who is not there: longer is a defect.
enum { deadline_seconds = 10 };

static int ends[2];

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static ssize_t send_packet(int socket, const char *text, int descriptor) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {.iov_base = (void *)text, .iov_len = strlen(text)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &descriptor, sizeof(int));
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

// The descriptor that came, -1 for none; the packet's length through `length`, -errno where there was none.
static int receive_packet(int socket, ssize_t *length) {
  char bytes[64];
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  *length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (*length < 0) *length = -errno;
  struct cmsghdr *head = *length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (head == NULL || head->cmsg_type != SCM_RIGHTS || head->cmsg_len < CMSG_LEN(sizeof(int))) return -1;
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(head), sizeof(int));
  return descriptor;
}

// How many packets are there before the end; an error that is told once is no end.
static int packets_before_end(int socket) {
  int count = 0;
  for (;;) {
    ssize_t length;
    receive_packet(socket, &length);
    if (length == -ECONNRESET) continue;
    if (length <= 0) return count;
    count++;
  }
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  const char *name = arguments[1];
  ssize_t length;
  alarm(deadline_seconds);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) fail("socketpair");
  if (strcmp(name, "answers-of-the-dead") == 0) {
    send_packet(ends[1], "one", -1);
    send_packet(ends[1], "two", -1);
    close(ends[1]);
    printf("packets %d\n", packets_before_end(ends[0]));
  } else if (strcmp(name, "dies-with-requests") == 0) {
    send_packet(ends[1], "answer", -1);
    send_packet(ends[0], "request", -1);
    close(ends[1]);
    printf("packets %d\n", packets_before_end(ends[0]));
  } else if (strcmp(name, "send-to-the-dead") == 0) {
    close(ends[1]);
    printf("%s\n", send_packet(ends[0], "request", -1) < 0 && errno == EPIPE ? "EPIPE" : "sent");
  } else if (strcmp(name, "descriptor-of-the-dead") == 0) {
    int own = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    send_packet(ends[1], "answer", own);
    close(own);
    close(ends[1]);
    int given = receive_packet(ends[0], &length);
    printf("descriptor %d\n", given >= 0 && fcntl(given, F_GETFD) >= 0);
  } else if (strcmp(name, "path-descriptor") == 0) {
    int own = open("/", O_PATH | O_CLOEXEC);
    send_packet(ends[1], "answer", own);
    int given = receive_packet(ends[0], &length);
    printf("path %d\n", given >= 0 && (fcntl(given, F_GETFL) & O_PATH) != 0);
  } else if (strcmp(name, "no-room") == 0) {
    int own = open("/", O_PATH | O_CLOEXEC);
    send_packet(ends[1], "answer", own);
    struct rlimit limit = {.rlim_cur = (rlim_t)own + 1, .rlim_max = (rlim_t)own + 1};
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) fail("setrlimit");
    int given = receive_packet(ends[0], &length);
    printf("packet %d descriptor %d\n", length > 0, given >= 0);
  } else if (strcmp(name, "unread-descriptor") == 0) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0) fail("pipe2");
    send_packet(ends[0], "request", pair[1]);
    close(pair[1]);
    close(ends[1]);
    char byte;
    printf("closed %d\n", read(pair[0], &byte, 1) == 0);
  } else {
    return 2;
  }
  return 0;
}
