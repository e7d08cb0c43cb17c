/*
 * The placeholder: the process of a container whose work is done by a payload that deputy puts there. It is
 * process 1 of its pid namespace: it reaps everything, ends with the payload and with its exit code, and passes
 * signals on to it.
 *
 *   placeholder --socket PATH
 *
 * Whoever is outside this pid namespace (SO_PEERCRED has no number for it here, unix(7)) names the payload on the
 * socket with the line 'payload PID' and is told 'ended PID STATUS', STATUS as wait(2) has it. Others may connect
 * and are told nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Strangers may hold connections; those who were first are dropped first. */
enum { MAX_PEERS = 32, MAX_REAPED = 64, LINE = 64 };

struct peer {
  int socket, is_outside;
  size_t count;
  char line[LINE];
};

static struct peer peers[MAX_PEERS];
static int next_peer, listener, signals;
static pid_t payload;
/* A payload may end before it is named. */
static struct { pid_t pid; int status; } reaped[MAX_REAPED];
static int reaped_count;

static void fail(const char *what) {
  fprintf(stderr, "placeholder: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void end_with(int status) {
  char text[LINE];
  int length = snprintf(text, sizeof text, "ended %d %d\n", payload, status);
  for (int at = 0; at < MAX_PEERS; at++)
    if (peers[at].socket >= 0 && peers[at].is_outside)
      send(peers[at].socket, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Whatever the signal said, and whoever sent it: what counts is who is there to be reaped. */
static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == payload) end_with(status);
    reaped[reaped_count % MAX_REAPED].pid = pid;
    reaped[reaped_count++ % MAX_REAPED].status = status;
  }
}

static void name_payload(pid_t pid) {
  if (payload || pid < 2) return;
  payload = pid;
  for (int back = 1; back <= MAX_REAPED && back <= reaped_count; back++) {
    int at = (reaped_count - back) % MAX_REAPED;
    if (reaped[at].pid == pid) end_with(reaped[at].status);
  }
}

static void drop(struct peer *peer) {
  close(peer->socket);
  peer->socket = -1;
}

static void accept_peer(void) {
  int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) return;
  struct ucred who = {0};
  socklen_t length = sizeof who;
  struct peer *peer = &peers[next_peer++ % MAX_PEERS];
  if (peer->socket >= 0) drop(peer);
  peer->socket = socket;
  peer->count = 0;
  peer->is_outside = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 && who.pid == 0;
}

static void hear(struct peer *peer) {
  ssize_t count = recv(peer->socket, peer->line + peer->count, LINE - 1 - peer->count, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0 || !peer->is_outside) {
    drop(peer);
    return;
  }
  peer->count += count;
  peer->line[peer->count] = 0;
  char *end = strchr(peer->line, '\n');
  int pid;
  if (end && sscanf(peer->line, "payload %d", &pid) == 1) {
    name_payload(pid);
    send(peer->socket, "named\n", 6, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  if (end || peer->count == LINE - 1) peer->count = 0;
}

static void take_signal(void) {
  struct signalfd_siginfo info;
  if (read(signals, &info, sizeof info) != sizeof info) return;
  reap();
  if (info.ssi_signo == SIGCHLD) return;
  if (payload && kill(payload, info.ssi_signo) == 0) return;
  // Nobody to pass it on to. Whoever is in here yet goes with process 1.
  if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT || info.ssi_signo == SIGQUIT)
    exit(128 + info.ssi_signo);
}

int main(int count, char **words) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (count == 2 && !strncmp(words[1], "--socket=", 9)) words[2] = words[1] + 9;
  else if (count != 3 || strcmp(words[1], "--socket")) {
    fprintf(stderr, "usage: placeholder --socket PATH\n");
    return 2;
  }
  if (strlen(words[2]) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    fail(words[2]);
  }
  strcpy(address.sun_path, words[2]);
  prctl(PR_SET_DUMPABLE, 0);
  // Outside of a pid namespace of its own, orphans come here as well.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  for (int at = 0; at < MAX_PEERS; at++) peers[at].socket = -1;
  signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (signals < 0 || listener < 0) fail("start");
  unlink(address.sun_path);
  if (bind(listener, (struct sockaddr *)&address, sizeof address)) fail(words[2]);
  if (listen(listener, 16)) fail(words[2]);
  for (;;) {
    struct pollfd set[MAX_PEERS + 2] = {{signals, POLLIN, 0}, {listener, POLLIN, 0}};
    for (int at = 0; at < MAX_PEERS; at++) set[at + 2] = (struct pollfd){peers[at].socket, POLLIN, 0};
    if (poll(set, MAX_PEERS + 2, -1) < 0 && errno != EINTR) fail("poll");
    if (set[0].revents) take_signal();
    for (int at = 0; at < MAX_PEERS; at++)
      if (set[at + 2].revents && peers[at].socket == set[at + 2].fd) hear(&peers[at]);
    if (set[1].revents) accept_peer();
  }
}
