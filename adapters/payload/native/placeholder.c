/*
 * The placeholder: the process of a container whose work is done by a payload that deputy puts there. It is
 * process 1 of its pid namespace: it reaps everything, ends with the payload and with its exit code, and passes
 * signals on to it.
 *
 *   placeholder --socket PATH
 *
 * Whoever is outside this pid namespace (SO_PEERCRED has no number for it here, unix(7)) names a payload on the
 * socket with the line 'payload PID', is answered 'named', or 'unknown' where that is no child of ours, and is told
 * 'ended PID STATUS', STATUS as wait(2) has it. The first one that is named is the one to end with. Others may
 * connect: the connection is closed at once.
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

/*
 * Anybody outside may hold a connection: for a new one, one goes that has named nothing. How many are taken in at a
 * time is bounded, so that a flood of them holds up neither signals nor those who were there before.
 */
enum { MAX_PEERS = 32, MAX_REAPED = 64, LINE = 64, BACKLOG = 128, MAX_ACCEPTED = 64 };

struct peer {
  int socket; /* -1: free */
  pid_t named;
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

static void tell(const struct peer *peer, const char *text) {
  send(peer->socket, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void has_ended(pid_t pid, int status) {
  char text[LINE];
  snprintf(text, sizeof text, "ended %d %d\n", pid, status);
  for (int at = 0; at < MAX_PEERS; at++)
    if (peers[at].socket >= 0 && peers[at].named == pid) tell(&peers[at], text);
  if (pid == payload) exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Whatever the signal said, and whoever sent it: what counts is who is there to be reaped. */
static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    has_ended(pid, status);
    reaped[reaped_count % MAX_REAPED].pid = pid;
    reaped[reaped_count++ % MAX_REAPED].status = status;
  }
}

/* How it ended, or NULL. The newest first: a number may have been used again. */
static const int *find_reaped(pid_t pid) {
  for (int back = 1; back <= MAX_REAPED && back <= reaped_count; back++) {
    int at = (reaped_count - back) % MAX_REAPED;
    if (reaped[at].pid == pid) return &reaped[at].status;
  }
  return NULL;
}

static int is_child(pid_t pid) {
  siginfo_t info;
  return pid > 0 && waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* What nobody will ever reap here would keep the container for ever. */
static void name_payload(struct peer *peer, pid_t pid) {
  const int *status = NULL;
  if (!is_child(pid) && !(status = find_reaped(pid))) {
    tell(peer, "unknown\n");
    return;
  }
  peer->named = pid;
  if (!payload) payload = pid;
  tell(peer, "named\n");
  if (status) has_ended(pid, *status);
}

static void drop(struct peer *peer) {
  close(peer->socket);
  peer->socket = -1;
}

/* A free place, or that of somebody who has named nothing. NULL: there is neither. */
static struct peer *find_place(void) {
  struct peer *found = NULL;
  for (int at = 0; at < MAX_PEERS; at++) {
    struct peer *one = &peers[(next_peer + at) % MAX_PEERS];
    if (one->socket < 0) return one;
    if (!found && !one->named) found = one;
  }
  if (!found) return NULL;
  // Round and round, so that none is always the first to go.
  next_peer = found - peers + 1;
  drop(found);
  return found;
}

static int is_outside(int socket) {
  struct ucred who = {0};
  socklen_t length = sizeof who;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 && who.pid == 0;
}

static void accept_peers(void) {
  for (int taken = 0; taken < MAX_ACCEPTED; taken++) {
    int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) return;
    struct peer *peer = is_outside(socket) ? find_place() : NULL;
    if (peer) *peer = (struct peer){.socket = socket};
    else close(socket);
  }
}

static void hear(struct peer *peer) {
  ssize_t count = recv(peer->socket, peer->line + peer->count, LINE - 1 - peer->count, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    drop(peer);
    return;
  }
  peer->count += count;
  peer->line[peer->count] = 0;
  char *end = strchr(peer->line, '\n');
  int pid;
  if (end && sscanf(peer->line, "payload %d", &pid) == 1) name_payload(peer, pid);
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
  if (listen(listener, BACKLOG)) fail(words[2]);
  for (;;) {
    struct pollfd set[MAX_PEERS + 2] = {{signals, POLLIN, 0}, {listener, POLLIN, 0}};
    for (int at = 0; at < MAX_PEERS; at++) set[at + 2] = (struct pollfd){peers[at].socket, POLLIN, 0};
    if (poll(set, MAX_PEERS + 2, -1) < 0 && errno != EINTR) fail("poll");
    if (set[0].revents) take_signal();
    for (int at = 0; at < MAX_PEERS; at++)
      if (set[at + 2].revents && peers[at].socket == set[at + 2].fd) hear(&peers[at]);
    if (set[1].revents) accept_peers();
  }
}
