/*
 * A client of `deputy broker` (docs/reference/broker-protocol.md, version 1), with nothing but libc:
 *
 *     cc -O2 -Wall -o broker-client broker-client.c
 *     broker-client SOCKET MOUNT FILE...
 *
 * It takes the handle of each FILE, opens it by that handle, and prints the handle and the first line of the
 * file. A broker that is started again meanwhile is waited for, and asked again.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 1, NAME_TO_HANDLE = 2, OPEN_BY_HANDLE = 3, ANSWER = 0x8000, VERSION = 1 };
enum { HEAD = 16, MAX_PACKET = 512, MAX_HANDLE = 128 };
/* So long is waited for a broker that is started again: tries, and milliseconds between them. */
enum { TRIES = 200, PAUSE_MS = 50 };

struct handle {
  uint32_t bytes;
  int32_t type;
  unsigned char data[MAX_HANDLE];
};

struct packet {
  unsigned char bytes[MAX_PACKET];
  size_t length;
};

static void put16(struct packet *p, size_t at, uint16_t value) {
  value = htole16(value);
  memcpy(p->bytes + at, &value, sizeof value);
}

static void put32(struct packet *p, size_t at, uint32_t value) {
  value = htole32(value);
  memcpy(p->bytes + at, &value, sizeof value);
}

static uint16_t get16(const struct packet *p, size_t at) {
  uint16_t value;
  memcpy(&value, p->bytes + at, sizeof value);
  return le16toh(value);
}

static uint32_t get32(const struct packet *p, size_t at) {
  uint32_t value;
  memcpy(&value, p->bytes + at, sizeof value);
  return le32toh(value);
}

static void begin(struct packet *p, uint16_t type, uint32_t id, size_t length) {
  memset(p, 0, sizeof *p);
  p->length = length;
  put16(p, 0, type);
  put16(p, 2, VERSION);
  put32(p, 4, id);
  put32(p, 8, (uint32_t)length);
}

/* Sends a packet, with a descriptor beside it unless that is -1. */
static int send_packet(int sock, const struct packet *p, int descriptor) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec vector = {(void *)p->bytes, p->length};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  memset(&control, 0, sizeof control);
  if (descriptor >= 0) {
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
  }
  return sendmsg(sock, &message, MSG_NOSIGNAL) == (ssize_t)p->length ? 0 : -1;
}

/* Receives a packet and the descriptor beside it (-1: none). 0, or -1 when the connection is over. */
static int receive_packet(int sock, struct packet *p, int *descriptor) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec vector = {p->bytes, sizeof p->bytes};
  struct msghdr message = {.msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control.space,
                           .msg_controllen = sizeof control.space};
  ssize_t count;
  *descriptor = -1;
  /* ECONNRESET is said once, when something was not read at the other end; what came before is still there. */
  do count = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && (errno == EINTR || errno == ECONNRESET));
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(c), sizeof(int));
  if (count < HEAD + 4 || get32(p, 8) != (uint32_t)count) return -1;
  p->length = (size_t)count;
  return 0;
}

/* Connects and says hello: the socket, or -1. */
static int greet(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct packet p;
  int none, sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  begin(&p, HELLO, 0, 24);
  put16(&p, 16, VERSION); /* the lowest version that is spoken here, and the highest */
  put16(&p, 18, VERSION);
  if (sock >= 0 && connect(sock, (struct sockaddr *)&address, sizeof address) == 0) {
    /* Who is turned away may be so before it has said anything: the reason is read either way. */
    send_packet(sock, &p, -1);
    if (receive_packet(sock, &p, &none) < 0) return close(sock), -1;
    if (get16(&p, 0) == (ANSWER | HELLO)) return sock;
    /* A fault: its text says why. What won't change by asking again is the end. */
    fprintf(stderr, "broker: %.*s\n", (int)(p.length - 20), (const char *)p.bytes + 20);
    if (get32(&p, 16) != 5) exit(1);
  }
  if (sock >= 0) close(sock);
  return -1;
}

static int the_socket = -1;

/*
 * Sends a request until it is answered. Both calls may be repeated: the same handle, the same file. (An open
 * with O_TRUNC may not, and this program makes none.) Returns the answer's result.
 */
static int32_t ask(const char *path, struct packet *request, int passed, struct packet *answer, int *given) {
  struct timespec pause = {0, PAUSE_MS * 1000000L};
  for (int count = 0; count < TRIES; count++) {
    if (the_socket < 0) the_socket = greet(path);
    if (the_socket >= 0 && send_packet(the_socket, request, passed) == 0 &&
        receive_packet(the_socket, answer, given) == 0 && get32(answer, 4) == get32(request, 4) &&
        get16(answer, 0) == (ANSWER | get16(request, 0)))
      return (int32_t)get32(answer, 12);
    if (the_socket >= 0) close(the_socket);
    the_socket = -1;
    nanosleep(&pause, NULL);
  }
  fprintf(stderr, "no answer of the broker at %s\n", path);
  exit(1);
}

/* name_to_handle_at(file, "", handle, mount_id, AT_EMPTY_PATH) */
static int name_to_handle(const char *path, uint32_t id, int file, struct handle *handle) {
  struct packet request, answer;
  int none;
  int32_t result;
  begin(&request, NAME_TO_HANDLE, id, 24);
  put32(&request, 20, MAX_HANDLE);
  result = ask(path, &request, file, &answer, &none);
  if (result < 0) return result;
  handle->bytes = get32(&answer, 32);
  handle->type = (int32_t)get32(&answer, 36);
  if (handle->bytes > MAX_HANDLE || 40 + handle->bytes != answer.length) return -EPROTO;
  memcpy(handle->data, answer.bytes + 40, handle->bytes);
  return 0;
}

/* open_by_handle_at(mount, handle, flags) */
static int open_by_handle(const char *path, uint32_t id, int mount, const struct handle *handle, int flags) {
  struct packet request, answer;
  int opened;
  int32_t result;
  begin(&request, OPEN_BY_HANDLE, id, 28 + handle->bytes);
  put32(&request, 16, (uint32_t)flags);
  put32(&request, 20, handle->bytes);
  put32(&request, 24, (uint32_t)handle->type);
  memcpy(request.bytes + 28, handle->data, handle->bytes);
  result = ask(path, &request, mount, &answer, &opened);
  if (result < 0) return result;
  /* A descriptor for which this process has no number left is dropped on its way. */
  return opened >= 0 ? opened : -EMFILE;
}

int main(int count, char **words) {
  int mount, wrong = 0;
  if (count < 4) return fprintf(stderr, "usage: %s SOCKET MOUNT FILE...\n", words[0]), 2;
  mount = open(words[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (mount < 0) return perror(words[2]), 1;
  for (int index = 3; index < count; index++) {
    struct handle handle = {0};
    char line[128] = "";
    int file = open(words[index], O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int result = file < 0 ? -errno : name_to_handle(words[1], (uint32_t)index * 2, file, &handle);
    int opened = result < 0 ? result : open_by_handle(words[1], (uint32_t)index * 2 + 1, mount, &handle, O_RDONLY);
    if (file >= 0) close(file);
    if (opened < 0) {
      printf("%s: %s\n", words[index], strerror(-opened));
      wrong = 1;
      continue;
    }
    ssize_t got = read(opened, line, sizeof line - 1);
    line[got < 0 ? 0 : strcspn(line, "\n")] = 0;
    printf("%s: type %d, ", words[index], handle.type);
    for (uint32_t at = 0; at < handle.bytes; at++) printf("%02x", handle.data[at]);
    printf(": %s\n", line);
    close(opened);
  }
  return wrong;
}
