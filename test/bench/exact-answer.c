#define _GNU_SOURCE
#include "exact-answer.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/** What the caller's recvmsg needs, laid out at the place in its memory where it will stand. */
struct scratch {
  struct msghdr message;
  struct iovec vector;
  _Alignas(8) char control[CMSG_SPACE(sizeof(int))];
  char byte;
};

static void die(const char *what) {
  perror(what);
  exit(99);
}

/** Waits for the thread's next stop; false when it is gone. Spinning first keeps both on one CPU apart. */
static int stopped(pid_t thread) {
  int status;
  return waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status);
}

static long run_call(pid_t thread, const struct user_regs_struct *at, long number, long a, long b, long c) {
  struct user_regs_struct registers = *at;
  registers.rax = number;
  registers.rdi = a;
  registers.rsi = b;
  registers.rdx = c;
  registers.orig_rax = -1;
  if (ptrace(PTRACE_SETREGS, thread, 0, &registers)) return -ESRCH;
  for (int side = 0; side < 2; side++)
    if (ptrace(PTRACE_SYSCALL, thread, 0, 0) || !stopped(thread)) return -ESRCH;
  if (ptrace(PTRACE_GETREGS, thread, 0, &registers)) return -ESRCH;
  return registers.rax;
}

static void queue(int socket, int descriptor) {
  char byte = 0, control[CMSG_SPACE(sizeof descriptor)] = {0};
  struct iovec vector = {&byte, 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  if (sendmsg(socket, &message, 0) != 1) die("sendmsg");
}

/** Runs recvmsg, dup3 and close in the caller: the descriptor's number there, or minus an errno. */
static long take_over(pid_t thread, const struct user_regs_struct *original, int socket, int close_on_exec) {
  struct user_regs_struct at = *original;
  uintptr_t base = (original->rsp - 128 - sizeof(struct scratch)) & ~63UL;
  struct scratch scratch = {0}, saved;
  scratch.message.msg_iov = (void *)(base + offsetof(struct scratch, vector));
  scratch.message.msg_iovlen = 1;
  scratch.message.msg_control = (void *)(base + offsetof(struct scratch, control));
  scratch.message.msg_controllen = sizeof scratch.control;
  scratch.vector = (struct iovec){(void *)(base + offsetof(struct scratch, byte)), 1};
  struct iovec local = {&scratch, sizeof scratch}, kept = {&saved, sizeof saved}, remote = {(void *)base, sizeof scratch};
  process_vm_readv(thread, &kept, 1, &remote, 1, 0);
  process_vm_writev(thread, &local, 1, &remote, 1, 0);
  at.rip -= 2;
  long result = run_call(thread, &at, SYS_recvmsg, socket, base, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (result == 1) {
    int received;
    process_vm_readv(thread, &local, 1, &remote, 1, 0);
    memcpy(&received, CMSG_DATA((struct cmsghdr *)scratch.control), sizeof received);
    result = run_call(thread, &at, SYS_dup3, received, socket, close_on_exec);
    run_call(thread, &at, SYS_close, received, 0, 0);
  }
  process_vm_writev(thread, &kept, 1, &remote, 1, 0);
  return result;
}

void answer_exactly(int listener, const struct seccomp_notif *request, int descriptor, int close_on_exec) {
  int ends[2];
  pid_t thread = request->pid;
  struct user_regs_struct original;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) die("socketpair");
  queue(ends[0], descriptor);
  struct seccomp_notif_addfd add = {request->id, 0, ends[1], 0, O_CLOEXEC};
  int socket = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
  if (socket < 0) goto over;
  if (ptrace(PTRACE_SEIZE, thread, 0, 0)) die("PTRACE_SEIZE");
  if (ptrace(PTRACE_INTERRUPT, thread, 0, 0) || !stopped(thread)) die("PTRACE_INTERRUPT");
  if (ptrace(PTRACE_GETREGS, thread, 0, &original)) die("PTRACE_GETREGS");
  long result = take_over(thread, &original, socket, close_on_exec);
  original.rax = result;
  original.orig_rax = -1;
  ptrace(PTRACE_SETREGS, thread, 0, &original);
  ptrace(PTRACE_DETACH, thread, 0, 0);
over:
  close(ends[0]);
  close(ends[1]);
}
