// A target for the injector's tests: opens files by handle under a filter that notifies, and checks what it gets.
// Usage: injection-target DIRECTORY [key=value ...]; prints "listener N", waits for a line, works, prints JSON.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <dirent.h>
#include <unistd.h>

#define TYPES 6
#define CANARY_BYTES 1024
static const char *type_names[TYPES] = {"symlink", "fifo", "socket", "device", "regular", "directory"};
struct sample {
  char buffer[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  struct stat status;
};
static struct sample samples[TYPES];
static int mount_descriptor;
static int threads = 1, calls = 10, only_type = -1, rain_us = 0, own_tables = 0, small_stack = 0;
static int kill_recvmsg = 0, killable = 0, slots = -1, hold = 0, drop = 1, leader = 0;
static _Atomic long right, wrong, errors[200], handled, sent, acknowledged, acknowledged_lost, done_threads;
static _Atomic int rain_running;
static pthread_t workers[64];
static char first_wrong[512];
static pthread_mutex_t wrong_lock = PTHREAD_MUTEX_INITIALIZER;

struct call {
  long number, a, b, c;               // 0
  long result;                        // 32
  unsigned long out[12];              // 40: rbx rbp r12 r13 r14 r15 rdi rsi rdx r8 r9 r10
  long canary_errors;                 // 136
  void *stack;                        // 144: 0, or where rsp shall be during the call
  long canary_bytes;                  // 152
};
// Fills the memory below the stack pointer (red zone and more), loads every register that a call keeps with a
// pattern, makes the call, and stores what came back. Handlers run on their own stack.
void checked_call(struct call *call);
__asm__(
    ".text\n.globl checked_call\nchecked_call:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp,%rax\n"
    "mov 144(%rdi),%rcx; test %rcx,%rcx; jz 1f; mov %rcx,%rsp\n"
    "1: push %rax; push %rdi\n"
    "mov 152(%rdi),%rcx; shr $3,%rcx; mov %rsp,%rdx; movabs $0x5ca1ab1edeadbeef,%rax\n"
    "2: test %rcx,%rcx; jz 3f; sub $8,%rdx; mov %rax,(%rdx); dec %rcx; jmp 2b\n"
    "3: mov (%rdi),%rax; mov 16(%rdi),%rsi; mov 24(%rdi),%rdx; mov 8(%rdi),%rdi\n"
    "movabs $0x1111111111111111,%rbx; movabs $0x2222222222222222,%rbp; movabs $0x3333333333333333,%r12\n"
    "movabs $0x4444444444444444,%r13; movabs $0x5555555555555555,%r14; movabs $0x6666666666666666,%r15\n"
    "movabs $0x7777777777777777,%r8; movabs $0x8888888888888888,%r9; movabs $0x9999999999999999,%r10\n"
    "syscall\n"
    "mov (%rsp),%rcx\n"
    "mov %rax,32(%rcx); mov %rbx,40(%rcx); mov %rbp,48(%rcx); mov %r12,56(%rcx); mov %r13,64(%rcx)\n"
    "mov %r14,72(%rcx); mov %r15,80(%rcx); mov %rdi,88(%rcx); mov %rsi,96(%rcx); mov %rdx,104(%rcx)\n"
    "mov %r8,112(%rcx); mov %r9,120(%rcx); mov %r10,128(%rcx)\n"
    "mov %rcx,%rdi; mov 152(%rdi),%rcx; shr $3,%rcx; mov %rsp,%rdx; movabs $0x5ca1ab1edeadbeef,%rax\n"
    "xor %rsi,%rsi\n"
    "4: test %rcx,%rcx; jz 6f; sub $8,%rdx; cmp %rax,(%rdx); je 5f; inc %rsi\n"
    "5: dec %rcx; jmp 4b\n"
    "6: mov %rsi,136(%rdi)\n"
    "pop %rdi; pop %rax; mov %rax,%rsp\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static void die(const char *what) { perror(what); exit(99); }
static void complain(const char *format, long a, long b) {
  wrong++;
  pthread_mutex_lock(&wrong_lock);
  if (!first_wrong[0]) snprintf(first_wrong, sizeof first_wrong, format, a, b);
  pthread_mutex_unlock(&wrong_lock);
}
static void on_signal(int number) {
  if (number == SIGUSR1) acknowledged++;
  handled++;
}

static void make_samples(const char *directory) {
  if (chdir(directory)) die("chdir");
  unlink("symlink"); unlink("fifo"); unlink("socket"); unlink("device"); unlink("regular"); rmdir("directory");
  if (symlink("nowhere", "symlink") || mkfifo("fifo", 0600) || mknod("socket", S_IFSOCK | 0600, 0)) die("make");
  if (mknod("device", S_IFCHR | 0600, makedev(1, 3)) || mkdir("directory", 0700)) die("make");
  close(open("regular", O_CREAT | O_WRONLY, 0600));
  for (int i = 0; i < TYPES; i++) {
    struct file_handle *handle = (void *)samples[i].buffer;
    int mount_id;
    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, type_names[i], handle, &mount_id, 0)) die("name_to_handle_at");
    if (lstat(type_names[i], &samples[i].status)) die("lstat");
  }
  mount_descriptor = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int install(int number, unsigned action, unsigned flags) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, code};
  int result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (result < 0) die("seccomp");
  return result;
}

static int count_descriptors(void) {
  int count = 0;
  DIR *directory = opendir("/proc/thread-self/fd");
  while (readdir(directory)) count++;
  closedir(directory);
  return count - 3;
}

static void check(struct call *call, int type, int close_on_exec, int expected) {
  static const unsigned long kept[6] = {0x1111111111111111, 0x2222222222222222, 0x3333333333333333,
                                        0x4444444444444444, 0x5555555555555555, 0x6666666666666666};
  unsigned long others[6] = {call->a, call->b, call->c, 0x7777777777777777, 0x8888888888888888, 0x9999999999999999};
  for (int i = 0; i < 6; i++) {
    if (call->out[i] != kept[i]) return complain("callee-saved register %ld is %lx", i, call->out[i]);
    if (call->out[6 + i] != others[i]) return complain("argument register %ld is %lx", i, call->out[6 + i]);
  }
  if (call->canary_errors) return complain("%ld words below the stack pointer changed", call->canary_errors, 0);
  if (call->result < 0) {
    errors[-call->result < 200 ? -call->result : 199]++;
    return;
  }
  int descriptor = call->result;
  struct stat status;
  if (fstat(descriptor, &status)) complain("descriptor %ld: fstat errno %ld", descriptor, errno);
  else if (status.st_ino != samples[type].status.st_ino || status.st_mode != samples[type].status.st_mode)
    complain("wrong file: mode %lo, inode %ld", status.st_mode, status.st_ino);
  else if (!(fcntl(descriptor, F_GETFL) & O_PATH)) complain("descriptor %ld: no O_PATH", descriptor, 0);
  else if (fcntl(descriptor, F_GETFD) != (close_on_exec ? FD_CLOEXEC : 0)) complain("FD_CLOEXEC wrong on %ld", descriptor, 0);
  else if (expected >= 0 && descriptor != expected) complain("descriptor %ld, lowest was %ld", descriptor, expected);
  else right++;
  close(descriptor);
}

// small_stack 1: the stack has no room left; 2: it has, but it is a file's memory.
static void *odd_stack(void) {
  if (small_stack == 2) {
    int file = memfd_create("stack", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 8192)) die("memfd_create");
    char *shared = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return shared + 8192;
  }
  char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || mprotect(pages, 4096, PROT_NONE)) die("mmap");
  return pages + 4096 + 64;
}

static void *work(void *argument) {
  long index = (long)argument;
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, 0);
  if (own_tables && unshare(CLONE_FILES)) die("unshare");
  void *small = small_stack ? odd_stack() : 0;
  for (int i = 0; i < calls; i++) {
    int type = only_type >= 0 ? only_type : (i + index) % TYPES;
    int close_on_exec = (i / TYPES) & 1;
    int expected = -1;
    if ((threads == 1 || own_tables) && slots < 0) {
      expected = dup(0);
      close(expected);
    }
    struct call call = {.number = SYS_open_by_handle_at, .a = mount_descriptor, .b = (long)samples[type].buffer,
                        .c = O_PATH | O_NOFOLLOW | (close_on_exec ? O_CLOEXEC : 0), .stack = small,
                        .canary_bytes = small_stack ? 0 : CANARY_BYTES};
    checked_call(&call);
    check(&call, type, close_on_exec, expected);
  }
  done_threads++;
  // A signal to a thread that is gone would be nobody's loss, so the threads outlive the rain.
  while (rain_running) usleep(1000);
  return 0;
}

// Half of the signals are acknowledged SIGUSR1, half queued real-time ones: none of them can merge with another.
static void *rain(void *argument) {
  (void)argument;
  for (unsigned i = 0; rain_running; i++) {
    pthread_t worker = workers[i / 2 % threads];
    long before = acknowledged;
    union sigval value = {.sival_int = (int)i};
    if (i & 1) {
      if (pthread_sigqueue(worker, SIGRTMIN + 1, value) == 0) sent++;
      usleep(rain_us);
      continue;
    }
    if (pthread_kill(worker, SIGUSR1)) continue;
    sent++;
    for (int wait = 0; acknowledged == before && wait < 20000; wait++) usleep(100);
    if (acknowledged == before) acknowledged_lost++;
  }
  return 0;
}

static void parse(int count, char **arguments) {
  struct { const char *name; int *value; } options[] = {
      {"threads", &threads}, {"calls", &calls}, {"type", &only_type}, {"rain", &rain_us}, {"tables", &own_tables},
      {"smallstack", &small_stack}, {"killrecvmsg", &kill_recvmsg}, {"killable", &killable}, {"slots", &slots},
      {"hold", &hold}, {"drop", &drop}, {"leader", &leader}};
  for (int i = 2; i < count; i++)
    for (size_t j = 0; j < sizeof options / sizeof *options; j++) {
      size_t length = strlen(options[j].name);
      if (!strncmp(arguments[i], options[j].name, length) && arguments[i][length] == '=')
        *options[j].value = atoi(arguments[i] + length + 1);
    }
}

static void start_filters(void) {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (drop && geteuid() == 0 && (setresgid(107, 107, 107) || setresuid(107, 107, 107))) die("setresuid");
  if (kill_recvmsg) install(SYS_recvmsg, SECCOMP_RET_KILL_PROCESS, 0);
  unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | (killable ? 1u << 5 : 0);
  int listener = install(SYS_open_by_handle_at, SECCOMP_RET_USER_NOTIF, flags);
  printf("listener %d\n", listener);
  fflush(stdout);
  char line[16];
  if (!fgets(line, sizeof line, stdin)) exit(98);
  close(listener);
}

static void fill_table(void) {
  struct rlimit limit = {64, 64};
  setrlimit(RLIMIT_NOFILE, &limit);
  int last = -1, descriptor;
  while ((descriptor = dup(mount_descriptor)) >= 0) last = descriptor;
  for (int i = 0; i < slots; i++) close(last - i);
}

int main(int count, char **arguments) {
  parse(count, arguments);
  make_samples(arguments[1]);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
  sigaction(SIGUSR1, &action, 0);
  sigaction(SIGRTMIN + 1, &action, 0);
  start_filters();
  int before = count_descriptors();
  if (slots >= 0) fill_table();
  // leader=1: the only worker is the thread that its parent waits for; without rain.
  if (leader) workers[0] = pthread_self();
  else for (long i = 0; i < threads; i++) pthread_create(&workers[i], 0, work, (void *)i);
  pthread_t rainer;
  rain_running = rain_us > 0;
  if (rain_us) pthread_create(&rainer, 0, rain, 0);
  if (leader) work(0);
  if (rain_us) {
    while (done_threads < threads) usleep(1000);
    rain_running = 0;
    pthread_join(rainer, 0);
  }
  for (int i = 0; i < threads && !leader; i++) pthread_join(workers[i], 0);
  int after = slots >= 0 ? before : count_descriptors();
  printf("{\"right\":%ld,\"wrong\":%ld,\"first\":\"%s\",\"sent\":%ld,\"handled\":%ld,\"lost\":%ld,\"before\":%d,\"after\":%d,\"errors\":{",
         right, wrong, first_wrong, sent, handled, acknowledged_lost, before, after);
  const char *comma = "";
  for (int i = 0; i < 200; i++)
    if (errors[i]) printf("%s\"%d\":%ld", comma, i, errors[i]), comma = ",";
  printf("}}\n");
  fflush(stdout);
  if (hold) pause();
  return 0;
}
