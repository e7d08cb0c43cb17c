// Runs an unmodified program whose handle calls a sidecar answers: deputy-wrap SOCKET -- COMMAND [ARGUMENT...]
//
// Installs the filter on itself, which takes no privilege, leaves its listener to a process beside the program (the
// listener keeper) and becomes the program. The keeper brings the listener to whoever listens at SOCKET, again and
// again: what the sidecar's death must not lose is here, where the program is. docs/adr/0022 says why it is so.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "deputy-wrap knows x86-64 and arm64"
#endif

// As of a shell, and of `deputy run`: 125 is deputy's own failure.
enum { failed = 125, not_executable = 126, not_found = 127, bad_usage = 2 };
// A sidecar that is not there is looked for so often: a target waits for no longer than that once it is.
enum { retry_ms = 20 };
// The keeper's own descriptors, behind the standard ones.
enum { kept_listener = 3, kept_from = 4, spare = 10 };
// The same numbers stand in adapters/notifier/packets.ts.
enum { magic = 0x4b4c5044, version = 1, type_key = 1, type_refused = 2, text_bytes = 240 };

struct hello {
  uint32_t magic, version, key, process_id;
};
struct word {
  uint32_t magic, type, key;
  char text[text_bytes];
};

// `error`: an errno, or 0 where the process at the other end has just gone.
static void say(const char *what, int error) {
  fprintf(stderr, "deputy-wrap: %s: %s\n", what, error == 0 ? "the listener keeper has ended" : strerror(error));
}

// 0, or an errno.
static int send_listener(int socket, const void *bytes, size_t length, int listener) {
  struct iovec vector = {(void *)bytes, length};
  char room[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &listener, sizeof(int));
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno;
  return sent == (ssize_t)length ? 0 : EMSGSIZE;
}

static int receive_listener(int socket) {
  char byte;
  struct iovec vector = {&byte, 1};
  char room[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  ssize_t got;
  do got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
  if (header == NULL || header->cmsg_type != SCM_RIGHTS) return -1;
  int listener;
  memcpy(&listener, CMSG_DATA(header), sizeof(int));
  return listener;
}

// Whoever listens there has to be of this very user, as the sidecar is: root's, or another's, is no sidecar.
static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct ucred peer;
  socklen_t length = sizeof peer;
  strcpy(address.sun_path, path);
  int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connection < 0) return -1;
  if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0 &&
      getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == geteuid()) {
    return connection;
  }
  close(connection);
  return -1;
}

// Waits for something on the connection; ends this process when no task uses the filter any more.
static int wait_for(int listener, int connection, int timeout_ms) {
  struct pollfd entries[] = {{.fd = listener}, {.fd = connection, .events = POLLIN}};
  int count = poll(entries, connection < 0 ? 1 : 2, timeout_ms);
  // A hang-up is told whatever was asked for.
  if (count > 0 && (entries[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) _exit(0);
  return count > 0 && connection >= 0 && entries[1].revents != 0;
}

// Obeys what the sidecar says, until the connection ends.
static void obey(int listener, int connection, uint32_t *key) {
  struct word word;
  for (;;) {
    if (!wait_for(listener, connection, -1)) continue;
    ssize_t got = recv(connection, &word, sizeof word, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < (ssize_t)offsetof(struct word, text) || word.magic != magic) return;
    if (word.type == type_key) *key = word.key;
    if (word.type != type_refused) continue;
    // With the last copy of the listener the program's calls get ENOSYS, instead of waiting for ever.
    int length = got - offsetof(struct word, text);
    fprintf(stderr, "deputy-wrap: the sidecar does not serve this program: %.*s\n", length, word.text);
    _exit(0);
  }
}

// The listener keeper. Decides nothing, reads nothing of the program, and ends with the last task under the filter.
static void keep(int from, const char *path, pid_t program) {
  // What a terminal or a runtime sends to all is the program's to obey; this one ends when the program has.
  for (int number = 1; number < 32; number++) {
    if (number == SIGHUP || number == SIGINT || number == SIGTERM || number == SIGQUIT || number == SIGPIPE) {
      signal(number, SIG_IGN);
    }
  }
  setsid();
  prctl(PR_SET_NAME, "deputy-keep");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) _exit(failed);
  // A pipe of the program's that stayed open here would have no end when the program closes it.
  int null = open("/dev/null", O_RDWR);
  for (int standard = 0; standard < 2; standard++) {
    if (null < 0) close(standard);
    else dup2(null, standard);
  }
  int received = receive_listener(from);
  // Out of the way of the two numbers that they get; all others are the program's.
  int high = fcntl(received, F_DUPFD, spare), high_from = fcntl(from, F_DUPFD, spare);
  if (received < 0 || high < 0 || high_from < 0) _exit(failed);
  int listener = dup2(high, kept_listener);
  from = dup2(high_from, kept_from);
  if (listener < 0 || from < 0 || chdir("/") < 0) _exit(failed);
  if (syscall(SYS_close_range, kept_from + 1, ~0U, 0) < 0) {
    for (int other = kept_from + 1; other < 1024; other++) close(other);
  }
  // The program runs from here on: nothing of what it has may be open here by then.
  if (send(from, "", 1, MSG_NOSIGNAL) != 1) _exit(failed);
  close(from);
  struct hello hello = {magic, version, 0, (uint32_t)program};
  for (;;) {
    int connection = connect_to(path);
    if (connection >= 0 && send_listener(connection, &hello, sizeof hello, listener) == 0) {
      obey(listener, connection, &hello.key);
    }
    if (connection >= 0) close(connection);
    wait_for(listener, -1, retry_ms);
  }
}

// Twice forked, so that the program finds no child that it does not know; 0, or an errno.
static int start_keeper(int ours, int theirs, const char *path) {
  pid_t program = getpid();
  pid_t between = fork();
  if (between < 0) return errno;
  if (between == 0) {
    close(ours);
    pid_t keeper = fork();
    if (keeper == 0) keep(theirs, path, program);
    // An errno fits: it is less than 134 everywhere.
    _exit(keeper < 0 ? errno : 0);
  }
  int status;
  while (waitpid(between, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  close(theirs);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int install_filter(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 6),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_by_handle_at, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_name_to_handle_at, 4, 0),
      // What goes through a ring is no system call, and is never seen by a filter.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_register, 2, 0),
      // Calls of another architecture, too: natively they are refused.
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  // Before Linux 5.19 there is only the wait that every signal ends.
  if (listener < 0 && errno == EINVAL) {
    listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  }
  return (int)listener;
}

int main(int argc, char **argv) {
  if (argc < 4 || strcmp(argv[2], "--") != 0 || argv[1][0] != '/') {
    fprintf(stderr, "usage: deputy-wrap /SOCKET -- COMMAND [ARGUMENT...]\n"
                    "The socket is a file: an abstract one would be everybody's.\n");
    return bad_usage;
  }
  if (strlen(argv[1]) >= sizeof ((struct sockaddr_un *)0)->sun_path) {
    fprintf(stderr, "deputy-wrap: the socket's path is longer than one may be\n");
    return bad_usage;
  }
  // Numbers that are free among the first three must not be taken for standard streams by anybody.
  for (int standard = 0; standard < 3; standard++) {
    if (fcntl(standard, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0) return failed;
  }
  int ends[2];
  int error = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? errno : 0;
  if (error == 0) error = start_keeper(ends[0], ends[1], argv[1]);
  if (error != 0) {
    say("the listener keeper", error);
    return failed;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    say("no_new_privs", errno);
    return failed;
  }
  int listener = install_filter();
  if (listener < 0) {
    // EBUSY: there is a filter with a listener already, a runtime's for example, and the kernel allows one.
    say("the filter", errno);
    return failed;
  }
  error = send_listener(ends[0], "", 1, listener);
  char answer;
  ssize_t got = 0;
  if (error == 0) {
    do got = recv(ends[0], &answer, 1, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) error = errno;
  }
  if (got != 1) {
    say("handing the listener over", error);
    return failed;
  }
  // While the program had a copy its calls would wait for ever once nobody answers.
  close(listener);
  close(ends[0]);
  execvp(argv[3], argv + 3);
  error = errno;
  say(argv[3], error);
  return error == ENOENT ? not_found : not_executable;
}
