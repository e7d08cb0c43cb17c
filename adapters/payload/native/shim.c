/*
 * The shim: what outlives deputy, one for each payload. It starts the joiner, holds the ends of the payload's
 * pipes (or its terminal) and its pidfd, and learns how it ended. It is parent of nothing in the target's pid
 * namespace. deputy speaks to it on DIRECTORY/shim.sock; whoever comes after a crash of deputy does so again:
 * output that was not acknowledged is sent again from where it was.
 *
 *   shim [--cgroup FOLDER]... DIRECTORY DEADLINE_MS BUFFER_BYTES MODE JOINER ARGUMENT...
 *
 * FOLDER: a cgroup that is made, if it is not there, and entered before anything else, one for each hierarchy.
 * MODE: letters. t: a terminal instead of pipes; l: lossy, the oldest output goes when the buffer is full;
 * a: the payload runs already, 4 is its own pidfd, and there is no joiner;
 * c: descriptors 5 and 6 are the payload's stdout and stderr (the container's own log).
 * Descriptors: 3 the lock (held for as long as the shim lives), 4 the target's pidfd; from 12 on the joiner's, as
 * they are: the program, then what its options name.
 *
 * Frames, both ways: kind (1 byte), 3 bytes of zero, length (4 bytes, little endian), then so many bytes.
 *   from the shim   R report of the joiner · J pid and start time · X executed · F step and errno · C credit for
 *                   stdin (u32) · O, E stdout, stderr: offset (u64), data · Q how it ended · B somebody else is
 *                   the owner · L bytes that were dropped, stdout and stderr (2 u64)
 *   to the shim     T take: offsets of stdout and stderr to go on from (2 u64) · G go · I data for stdin · Z its
 *                   end · A acknowledged up to (2 u64), and before it N how much of that was never sent (2 u64) ·
 *                   S signal (u32) · W rows and columns (2 u16) ·
 *                   D the end is told, the shim may end · H it is told by the exit of whoever says so: the shim may
 *                   end once that one has exited by itself, and keeps the end where it was killed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

enum { LOCK = 3, TARGET = 4, OUT = 5, ERR = 6, CONTROL_THERE = 10, TARGET_THERE = 11, FIRST_OWN = 500 };
enum { MAX_CLIENTS = 8, CHUNK = 65536, STDIN_BYTES = 262144, MAX_REPORTS = 64, REPORT_BYTES = 512, HEADER = 8 };
/* How long an end that nobody collects is kept, and how long a payload's end may stay unreaped. */
enum { LINGER_MS = 3600000, REAP_MS = 5000, REAPED_MS = 100, FAILED_LINGER_MS = 30000, UNHEARD_MS = 5000 };

struct ring {
  char *bytes;
  size_t size;
  uint64_t lost, lost_told; /* bytes that --lossy dropped, and how many of them were told */
  uint64_t had, gaps;       /* up to where its owner has it, and how much of that it was never sent */
  uint64_t lost_before;     /* when its owner came */
  uint64_t start, end, sent; /* positions in the stream since its beginning */
  int source;                      /* -1: at its end */
};

struct client {
  int socket; /* -1: free */
  int process; /* a pidfd of who is at the other end, or -1 */
  int owner;
  char in[HEADER + CHUNK];
  size_t in_count;
  char out[HEADER + 8 + CHUNK];
  size_t out_count, out_sent;
  int reports_sent;
};

static const char *directory;
static struct ring output[2], input;
static int input_sink = -1, input_ended, terminal = -1, listener = -1, control = -1, payload = -1;
static int lossy, executed, ended, collected, gone_through, start_failed, was_owned;
static pid_t joiner, payload_pid;
static char payload_record[128];
/* The code with which a command exits that tells how it ended; -1: any. */
static int told_by = -1;
static long long deadline_ms, ended_ms;
/* A pidfd of who is to tell the end by its own exit, and since when that one is gone. */
static int teller = -1;
static long long teller_gone_ms;
static struct client clients[MAX_CLIENTS];
/* Reports are kept whole: whoever attaches later reads the same history. */
static struct { char kind; size_t length; char text[REPORT_BYTES]; } reports[MAX_REPORTS];
static int report_count;

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Our own descriptors are far from the numbers that are handed over. */
static int own(int descriptor) {
  int moved = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_OWN);
  if (descriptor >= 0) close(descriptor);
  return moved;
}

static void keep_report(char kind, const char *text, size_t length) {
  if (report_count == MAX_REPORTS) return;
  if (length > REPORT_BYTES) length = REPORT_BYTES;
  reports[report_count].kind = kind;
  reports[report_count].length = length;
  memcpy(reports[report_count++].text, text, length);
}

/* Whole or not at all: what is read after a crash is one or the other. */
static int write_file(const char *name, const char *text) {
  char path[256], fresh[264];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  snprintf(fresh, sizeof fresh, "%s.new", path);
  int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return -1;
  ssize_t written = write(file, text, strlen(text));
  close(file);
  return written == (ssize_t)strlen(text) ? rename(fresh, path) : -1;
}

static void end_with(char kind, const char *text) {
  keep_report(kind, text, strlen(text));
  write_file(kind == 'F' ? "failed" : "ended", text);
  int number;
  if (sscanf(text, "exited %d", &number) == 1) told_by = number;
  if (sscanf(text, "signaled %d", &number) == 1) told_by = 128 + number;
  ended = 1;
  ended_ms = now_ms();
}

static void start_failure(const char *text) {
  start_failed = 1;
  if (payload >= 0) syscall(SYS_pidfd_send_signal, payload, SIGKILL, NULL, 0);
  if (joiner > 0) kill(joiner, SIGKILL);
  if (!ended) end_with('F', text);
}

/* The pid as this namespace has it (pidfd's line in proc_pid_fdinfo(5)); -1: it was reaped. */
static pid_t pid_of(int pidfd) {
  char path[64], line[128];
  pid_t pid = -1;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  FILE *file = fopen(path, "re");
  if (!file) return -1;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "Pid: %d", &pid) == 1) break;
  fclose(file);
  return pid;
}

static unsigned long long start_time_of(pid_t pid) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  if (count <= 0) return 0;
  text[count] = 0;
  char *at = strrchr(text, ')');
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  return at ? strtoull(at, NULL, 10) : 0;
}

/* On record before it may run: whoever comes after a crash finds it, and starts no second one. */
static void payload_arrived(int pidfd) {
  char text[128];
  payload = pidfd;
  payload_pid = pid_of(pidfd);
  snprintf(text, sizeof text, "%d %llu", payload_pid, start_time_of(payload_pid));
  if (write_file("payload", text)) {
    start_failure("record 5");
    return;
  }
  snprintf(payload_record, sizeof payload_record, "%s", text);
}

/* From here on it waits for the word to execute, below the target's init. */
static void payload_waits(void) { keep_report('J', payload_record, strlen(payload_record)); }

static void joiner_spoke(void) {
  char text[REPORT_BYTES + 1], space[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {text, REPORT_BYTES};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  ssize_t count = recvmsg(control, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    close(control);
    control = -1;
    if (start_failed) return;
    if (payload >= 0 && gone_through) {
      executed = 1;
      keep_report('X', "", 0);
      write_file("executed", "");
    } else start_failure("joiner 3");
    return;
  }
  text[count] = 0;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_type == SCM_RIGHTS) {
    int pidfd;
    memcpy(&pidfd, CMSG_DATA(header), sizeof pidfd);
    payload_arrived(pidfd);
    return;
  }
  if (!strncmp(text, "fail ", 5)) start_failure(text + 5);
  else keep_report('R', text, count);
  if (payload >= 0 && !strcmp(text, "done descriptors")) payload_waits();
}

/* ---- how it ended ---- */

struct pidfd_info {
  uint64_t mask, cgroup;
  uint32_t pid, tgid, ppid, ids[8];
  int32_t exit_code;
};
#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info)
#define PIDFD_INFO_EXIT (1ULL << 3)

/* Learnt from the pidfd once its parent, the target's init, has reaped it (Linux 6.15). */
static int learn_end(long long since_ms) {
  struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};
  if (ioctl(payload, PIDFD_GET_INFO, &info) == 0 && info.mask & PIDFD_INFO_EXIT) {
    char text[64];
    int status = info.exit_code;
    if (WIFSIGNALED(status)) snprintf(text, sizeof text, "signaled %d", WTERMSIG(status));
    else snprintf(text, sizeof text, "exited %d", WEXITSTATUS(status));
    end_with('Q', text);
    return 1;
  }
  if (now_ms() - since_ms < REAP_MS) return 0;
  end_with('Q', pid_of(payload) < 0 ? "unknown kernel" : "unknown unreaped");
  return 1;
}

/*
 * Has whoever was to tell the end by its own exit done so? Killed, or with another code than the payload's, it
 * has not. Where the kernel does not say how it went (before Linux 6.15) or nobody reaps it, it is taken to have told.
 */
static void check_teller(void) {
  struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};
  if (teller < 0 || poll(&(struct pollfd){teller, POLLIN, 0}, 1, 0) <= 0) return;
  if (!teller_gone_ms) teller_gone_ms = now_ms();
  int is_there = ioctl(teller, PIDFD_GET_INFO, &info) == 0, is_known = is_there && info.mask & PIDFD_INFO_EXIT;
  // ESRCH is no word yet: where it is reaped just now the kernel has looked for how it went first, then for the task.
  int patience_ms = is_there ? REAP_MS : errno == ESRCH ? REAPED_MS : 0;
  if (!is_known && now_ms() - teller_gone_ms < patience_ms) return;
  close(teller);
  teller = -1;
  teller_gone_ms = 0;
  int has_exited = is_known && WIFEXITED(info.exit_code);
  if (!is_known || (has_exited && (told_by < 0 || WEXITSTATUS(info.exit_code) == told_by))) collected = 1;
}

/* ---- rings ---- */

static size_t held(const struct ring *ring) { return ring->end - ring->start; }

static void make_ring(struct ring *ring, size_t size, int source) {
  ring->bytes = malloc(size);
  ring->size = size;
  ring->source = source;
  if (!ring->bytes) _exit(125);
}

static void read_output(struct ring *ring) {
  size_t room = ring->size - held(ring);
  if (room == 0 && lossy) {
    size_t drop = ring->size < CHUNK ? ring->size : CHUNK;
    ring->start += drop;
    if (ring->sent < ring->start) {
      ring->lost += ring->start - ring->sent;
      ring->sent = ring->start;
    }
    room = drop;
  }
  size_t at = ring->end % ring->size, straight = ring->size - at;
  ssize_t count = read(ring->source, ring->bytes + at, room < straight ? room : straight);
  if (count > 0) ring->end += count;
  // EIO: the last user of the terminal's other side is gone.
  else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    if (ring->source != terminal) close(ring->source);
    ring->source = -1;
  }
}

static void write_input(void) {
  size_t at = input.start % input.size, straight = input.size - at, count = held(&input);
  if (count > straight) count = straight;
  ssize_t written = count ? write(input_sink, input.bytes + at, count) : 0;
  if (written > 0) input.start += written;
  else if (written < 0 && errno != EAGAIN && errno != EINTR) input.start = input.end;
  if (input_ended && held(&input) == 0) {
    // A terminal's input has no end; Ctrl-D is what says so there (termios(3), VEOF).
    if (terminal >= 0) (void)!write(terminal, "\004", 1);
    else close(input_sink);
    input_sink = -1;
  }
}

/* ---- clients ---- */

static int is_hung_up(int socket) {
  struct pollfd one = {socket, 0, 0};
  return poll(&one, 1, 0) > 0 && one.revents & (POLLHUP | POLLERR);
}

static void drop_client(struct client *client) {
  close(client->socket);
  if (client->process >= 0) close(client->process);
  client->socket = client->process = -1;
  client->owner = 0;
}

static void receive(struct client *client);

/* One that has hung up is none; what it said last, such as what it had taken, counts still. */
static int has_owner(void) {
  for (int at = 0; at < MAX_CLIENTS; at++) {
    struct client *client = &clients[at];
    while (client->socket >= 0 && client->owner && is_hung_up(client->socket)) receive(client);
    if (client->socket >= 0 && client->owner) return 1;
  }
  return 0;
}

static int is_free_to_send(const struct client *client) { return client->out_count == client->out_sent; }

static void put(struct client *client, char kind, const void *head, size_t head_length, size_t length) {
  uint32_t total = head_length + length;
  memset(client->out, 0, HEADER);
  client->out[0] = kind;
  memcpy(client->out + 4, &total, 4);
  memcpy(client->out + HEADER, head, head_length);
  client->out_count = HEADER + total;
  client->out_sent = 0;
}

static int put_output(struct client *client, int which) {
  struct ring *ring = &output[which];
  if (ring->sent == ring->end) return 0;
  size_t at = ring->sent % ring->size, count = ring->end - ring->sent;
  if (count > ring->size - at) count = ring->size - at;
  if (count > CHUNK) count = CHUNK;
  put(client, which ? 'E' : 'O', &ring->sent, 8, count);
  memcpy(client->out + HEADER + 8, ring->bytes + at, count);
  ring->sent += count;
  return 1;
}

/* How much was dropped so far, whenever that is more than was told. */
static int put_lost(struct client *client) {
  uint64_t lost[2] = {output[0].lost, output[1].lost};
  if (lost[0] == output[0].lost_told && lost[1] == output[1].lost_told) return 0;
  for (int which = 0; which < 2; which++) output[which].lost_told = lost[which];
  put(client, 'L', lost, sizeof lost, 0);
  return 1;
}

static uint32_t credit_given;

/* The next frame for a client, if there is one: reports first, an end only behind all output. */
static int next_frame(struct client *client) {
  // Who has not asked yet might be told of the end before it is given the output.
  if (!client->owner) return 0;
  while (client->reports_sent < report_count) {
    char kind = reports[client->reports_sent].kind;
    if (kind == 'Q') {
      if (put_output(client, 0) || put_output(client, 1) || put_lost(client)) return 1;
      if (output[0].source >= 0 || output[1].source >= 0) return 0;
    }
    size_t length = reports[client->reports_sent].length;
    put(client, kind, reports[client->reports_sent].text, length, 0);
    client->reports_sent++;
    return 1;
  }
  uint32_t room = input_sink < 0 ? 0 : input.size - held(&input);
  if (room > credit_given && (room - credit_given >= CHUNK || credit_given == 0)) {
    uint32_t more = room - credit_given;
    credit_given = room;
    put(client, 'C', &more, 4, 0);
    return 1;
  }
  return put_output(client, 0) || put_output(client, 1) || put_lost(client);
}

static void send_frames(struct client *client) {
  for (int frames = 0; frames < 64; frames++) {
    if (is_free_to_send(client) && !next_frame(client)) return;
    ssize_t count = send(client->socket, client->out + client->out_sent, client->out_count - client->out_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
    // One that is gone is dropped where it is heard to the end: it may have said what it had taken.
    if (count < 0) return;
    client->out_sent += count;
  }
}

static uint64_t word(const char *at) {
  uint64_t value;
  memcpy(&value, at, 8);
  return value;
}

static uint64_t within(uint64_t value, uint64_t low, uint64_t high) {
  return value < low ? low : value > high ? high : value;
}

static void take(struct client *client, const char *body) {
  check_teller();
  int is_owned = has_owner();
  if (collected) return;
  if (is_owned || teller >= 0) {
    put(client, 'B', "", 0, 0);
    return;
  }
  client->owner = was_owned = 1;
  credit_given = 0;
  for (int which = 0; which < 2; which++) {
    struct ring *ring = &output[which];
    ring->sent = within(word(body + 8 * which), ring->start, ring->end);
    // With the one before went what was sent to it and dropped here meanwhile.
    uint64_t lost = ring->lost_before + ring->gaps + ring->start - ring->had;
    if (lossy && lost > ring->lost) ring->lost = lost;
    ring->start = ring->had = ring->sent;
    ring->lost_before = ring->lost;
    ring->lost_told = ring->gaps = 0;
  }
}

static void take_input(const char *body, size_t length) {
  if (input_sink < 0 || length > input.size - held(&input)) return;
  for (size_t done = 0; done < length;) {
    size_t at = input.end % input.size, count = length - done;
    if (count > input.size - at) count = input.size - at;
    memcpy(input.bytes + at, body + done, count);
    input.end += count;
    done += count;
  }
  credit_given = credit_given > length ? credit_given - length : 0;
}

static void go(void) {
  if (payload < 0 || control < 0 || gone_through) return;
  gone_through = send(control, "go", 2, MSG_NOSIGNAL) == 2;
}

static void send_signal(uint32_t number) {
  if (payload >= 0) syscall(SYS_pidfd_send_signal, payload, number, NULL, 0);
  else if (!ended) start_failure("stopped 125");
}

static void handle(struct client *client, char kind, const char *body, uint32_t length) {
  uint32_t small = 0;
  if (length >= 4) memcpy(&small, body, 4);
  if (kind == 'T' && length == 16) take(client, body);
  if (!client->owner) return;
  if (kind == 'G') go();
  if (kind == 'I') take_input(body, length);
  if (kind == 'Z') {
    // Now, if nothing is held: nothing else would wake us for it.
    input_ended = 1;
    if (input_sink >= 0) write_input();
  }
  if (kind == 'A' && length == 16)
    for (int which = 0; which < 2; which++) {
      struct ring *ring = &output[which];
      ring->had = within(word(body + 8 * which), ring->had, ring->sent);
      ring->start = within(ring->had, ring->start, ring->sent);
    }
  if (kind == 'N' && length == 16)
    for (int which = 0; which < 2; which++) output[which].gaps = word(body + 8 * which);
  if (kind == 'S' && length == 4) send_signal(small);
  if (kind == 'W' && length == 4 && terminal >= 0) {
    struct winsize size = {.ws_row = small & 0xffff, .ws_col = small >> 16};
    ioctl(terminal, TIOCSWINSZ, &size);
  }
  if (kind == 'D' && ended) collected = 1;
  if (kind == 'H' && ended) {
    if (teller >= 0) close(teller);
    teller = client->process;
    client->process = -1;
    if (teller < 0) collected = 1;
  }
}

static void receive(struct client *client) {
  ssize_t count = recv(client->socket, client->in + client->in_count, sizeof client->in - client->in_count, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    drop_client(client);
    return;
  }
  client->in_count += count;
  while (client->socket >= 0 && client->in_count >= HEADER) {
    uint32_t length;
    memcpy(&length, client->in + 4, 4);
    if (length > CHUNK) {
      drop_client(client);
      return;
    }
    if (client->in_count < HEADER + length) return;
    handle(client, client->in[0], client->in + HEADER, length);
    client->in_count -= HEADER + length;
    memmove(client->in, client->in + HEADER + length, client->in_count);
  }
}

/* Asked for while it lives, so that it can be told from whoever has its number later. */
static int process_of(int socket) {
  struct ucred peer;
  socklen_t length = sizeof(int);
  int pidfd = -1;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) == 0) return own(pidfd);
  length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length)) return -1;
  return own(syscall(SYS_pidfd_open, peer.pid, 0));
}

static void accept_client(void) {
  int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) return;
  for (int at = 0; at < MAX_CLIENTS; at++) {
    struct client *client = &clients[at];
    if (client->socket >= 0) continue;
    client->socket = socket;
    client->process = process_of(socket);
    client->owner = client->reports_sent = 0;
    client->in_count = client->out_count = client->out_sent = 0;
    return;
  }
  close(socket);
}

/* ---- start ---- */

/*
 * Out of the cgroups of deputy's unit or pod: whoever ends those must not end us. In a cgroup namespace of a
 * pod's own the rest of the hierarchy can be seen through a mount, but is entered from process 1's namespace only
 * (cgroup_namespaces(7)); where that is our own, nothing changes.
 */
static void leave_unit(const char *folder) {
  char path[4096];
  int space = open("/proc/1/ns/cgroup", O_RDONLY | O_CLOEXEC);
  if (space >= 0) {
    (void)!setns(space, CLONE_NEWCGROUP);
    close(space);
  }
  snprintf(path, sizeof path, "%s/cgroup.procs", folder);
  // Whoever tidies up may remove it, empty as it is, before we are in it: once more, but not for ever.
  for (int tries = 0; tries < 10; tries++) {
    mkdir(folder, 0755);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) continue;
    ssize_t written = write(file, "0", 1);
    close(file);
    if (written == 1) return;
  }
}

/* The first report says where we are, whoever brought us there: the kernel's word, not the wish. */
static void report_place(void) {
  char line[REPORT_BYTES - 16], text[REPORT_BYTES] = "done shim ?";
  FILE *file = fopen("/proc/self/cgroup", "re");
  while (file && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    int is_unified = !strncmp(line, "0::", 3);
    if (is_unified || strstr(line, ":name=systemd:")) snprintf(text, sizeof text, "done shim %s", strrchr(line, ':') + 1);
    if (is_unified && strcmp(line, "0::/")) break;
  }
  if (file) fclose(file);
  keep_report('R', text, strlen(text));
}

static void must(int result, const char *what) {
  if (result >= 0) return;
  char text[128];
  snprintf(text, sizeof text, "%s %d", what, errno);
  write_file("failed", text);
  _exit(125);
}

static void listen_in_directory(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  // The path may be longer than sun_path; the name in the directory never is.
  must(chdir(directory), "directory");
  directory = ".";
  strcpy(address.sun_path, "shim.sock");
  unlink(address.sun_path);
  listener = own(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  must(listener, "socket");
  must(bind(listener, (struct sockaddr *)&address, sizeof address), "socket");
  must(listen(listener, MAX_CLIENTS), "socket");
}

static void open_terminal(int ends[3]) {
  char name[64];
  terminal = own(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  must(terminal, "terminal");
  must(grantpt(terminal) || unlockpt(terminal) || ptsname_r(terminal, name, sizeof name) ? -1 : 0, "terminal");
  ends[0] = ends[1] = ends[2] = own(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  must(ends[0], "terminal");
  fcntl(terminal, F_SETFL, O_NONBLOCK);
  output[0].source = input_sink = terminal;
}

static void open_pipe(int pair[2]) {
  must(pipe2(pair, O_CLOEXEC), "pipe");
  for (int side = 0; side < 2; side++) must(pair[side] = own(pair[side]), "pipe");
}

static void open_pipes(int ends[3], int container_log) {
  int pair[2];
  open_pipe(pair);
  ends[0] = pair[0];
  input_sink = pair[1];
  fcntl(input_sink, F_SETFL, O_NONBLOCK);
  for (int which = 0; which < 2; which++) {
    if (container_log) {
      ends[1 + which] = which ? ERR : OUT;
      continue;
    }
    open_pipe(pair);
    ends[1 + which] = pair[1];
    output[which].source = pair[0];
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
  }
}

static void start_joiner(char **words, const int ends[3]) {
  int pair[2];
  must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socket");
  for (int side = 0; side < 2; side++) must(pair[side] = own(pair[side]), "socket");
  joiner = fork();
  must(joiner, "fork");
  if (joiner == 0) {
    signal(SIGPIPE, SIG_DFL);
    int log[3] = {ends[0], ends[1], ends[2]};
    for (int at = 0; at < 3; at++)
      if (log[at] < FIRST_OWN) log[at] = fcntl(log[at], F_DUPFD_CLOEXEC, FIRST_OWN);
    for (int at = 0; at < 3; at++)
      if (dup2(log[at], at) < 0) _exit(125);
    if (dup2(pair[1], CONTROL_THERE) < 0 || dup2(TARGET, TARGET_THERE) < 0) _exit(125);
    close_range(3, 9, 0);
    execv(words[0], words);
    _exit(127);
  }
  control = pair[0];
  close(pair[1]);
  // What the joiner has now is not ours: a payload's stdout that we held open would never end.
  for (int at = 0; at < 3; at++)
    if (ends[at] >= FIRST_OWN) close(ends[at]);
  close_range(OUT, FIRST_OWN - 1, 0);
}

/* A payload whose own shim was killed: its output is gone with that one, its end is still to be learnt. */
static void adopt(void) {
  executed = 1;
  payload_arrived(own(fcntl(TARGET, F_DUPFD_CLOEXEC, FIRST_OWN)));
  payload_waits();
  keep_report('X', "", 0);
}

static void add(struct pollfd *set, int *count, int descriptor, short events) {
  if (descriptor < 0) return;
  set[*count].fd = descriptor;
  set[*count].events = events;
  set[(*count)++].revents = 0;
}

static short happened(const struct pollfd *set, int count, int descriptor) {
  for (int at = 0; at < count; at++)
    if (descriptor >= 0 && set[at].fd == descriptor) return set[at].revents;
  return 0;
}

/* A start that failed is for whoever began it: once that is gone, the next one begins anew. */
static long long linger_ms(void) {
  if (!start_failed) return LINGER_MS;
  if (has_owner()) return FAILED_LINGER_MS;
  return was_owned ? 0 : UNHEARD_MS;
}

static long long left_ms(void) {
  if (ended) return ended_ms + linger_ms() - now_ms();
  return executed ? -1 : deadline_ms - now_ms();
}

static int may_leave(void) { return ended && (collected || left_ms() <= 0); }

static void check_payload(short events) {
  static long long since_ms;
  if (ended || payload < 0 || !(events & (POLLIN | POLLHUP) || since_ms)) return;
  if (!since_ms) since_ms = now_ms();
  // Its end before it was executed is the joiner's to explain.
  if (control < 0 && !start_failed) learn_end(since_ms);
}

static void serve(void) {
  while (!may_leave()) {
    struct pollfd set[MAX_CLIENTS + 8];
    int count = 0, leaving = 0;
    add(set, &count, listener, POLLIN);
    add(set, &count, control, POLLIN);
    if (!ended) add(set, &count, payload, POLLIN);
    if (!teller_gone_ms) add(set, &count, teller, POLLIN);
    if (!executed && !ended) add(set, &count, TARGET, POLLIN);
    for (int which = 0; which < 2; which++)
      if (output[which].source >= 0 && (lossy || held(&output[which]) < output[which].size))
        add(set, &count, output[which].source, POLLIN);
    if (input_sink >= 0 && input_sink != terminal && held(&input)) add(set, &count, input_sink, POLLOUT);
    for (int at = 0; at < MAX_CLIENTS; at++) {
      struct client *client = &clients[at];
      if (client->socket < 0) continue;
      int wants = !is_free_to_send(client);
      if (client->owner)
        wants |= client->reports_sent < report_count || output[0].sent < output[0].end || output[1].sent < output[1].end;
      add(set, &count, client->socket, wants ? POLLIN | POLLOUT : POLLIN);
    }
    if (payload >= 0 && !ended) leaving = poll(&(struct pollfd){payload, POLLIN, 0}, 1, 0) > 0;
    long long left = left_ms();
    int patience = left < 0 ? -1 : left > 60000 ? 60000 : (int)left;
    // A pidfd tells of an end at once, of the reaping not: ask again soon.
    // The same of the joiner: its end of the socket closes before it can be reaped.
    if (leaving || teller_gone_ms || (joiner > 0 && control < 0)) patience = 5;
    if (poll(set, count, patience) < 0 && errno != EINTR) _exit(125);

    if (happened(set, count, control)) joiner_spoke();
    if (!executed && !ended && happened(set, count, TARGET)) start_failure("target 3");
    if (!executed && !ended && now_ms() >= deadline_ms) start_failure("deadline 110");
    for (int which = 0; which < 2; which++)
      if (output[which].source >= 0 && happened(set, count, output[which].source)) read_output(&output[which]);
    check_payload(leaving ? POLLIN : 0);
    check_teller();
    // What somebody else still holds open after the payload's end is not waited for.
    if (ended && !start_failed)
      for (int which = 0; which < 2; which++)
        if (output[which].source >= 0 && poll(&(struct pollfd){output[which].source, POLLIN, 0}, 1, 0) <= 0)
          output[which].source = -1;
    if (input_sink >= 0 && (held(&input) || input_ended)) write_input();
    if (happened(set, count, listener)) accept_client();
    for (int at = 0; at < MAX_CLIENTS; at++) {
      if (clients[at].socket >= 0 && happened(set, count, clients[at].socket) & (POLLIN | POLLHUP | POLLERR))
        receive(&clients[at]);
      if (clients[at].socket >= 0) send_frames(&clients[at]);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) joiner = 0;
  }
}

int main(int count, char **words) {
  for (; count > 2 && !strcmp(words[1], "--cgroup"); words += 2, count -= 2) leave_unit(words[2]);
  if (count < 6) return 125;
  directory = words[1];
  deadline_ms = now_ms() + atoll(words[2]);
  size_t buffer = strtoull(words[3], NULL, 10);
  const char *mode = words[4];
  lossy = strchr(mode, 'l') != NULL;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  prctl(PR_SET_NAME, "deputy-shim");
  prctl(PR_SET_DUMPABLE, 0);
  fcntl(LOCK, F_SETFD, FD_CLOEXEC);
  setsid();
  for (int at = 0; at < MAX_CLIENTS; at++) clients[at].socket = clients[at].process = -1;
  make_ring(&output[0], buffer, -1);
  make_ring(&output[1], buffer, -1);
  make_ring(&input, STDIN_BYTES, -1);
  int ends[3];
  report_place();
  listen_in_directory();
  if (strchr(mode, 'a')) adopt();
  else {
    if (strchr(mode, 't')) open_terminal(ends);
    else open_pipes(ends, strchr(mode, 'c') != NULL);
    start_joiner(words + 5, ends);
  }
  serve();
  // What was not told is on record still, for whoever comes when we are gone.
  if (collected) unlink("ended");
  unlink("shim.sock");
  return 0;
}
