/*
 * The probe of the file-handle strategy: does the kernel open a file by handle for a process that has privilege
 * in a user namespace of its own alone? It is found out by trying, in a throwaway child with a new user and mount
 * namespace, never in a target's. Static, so that it runs wherever deputy does.
 *
 *   handle-probe path DIRECTORY UID GID TRAILER     the child's root is UID:GID outside
 *   handle-probe idmapped DIRECTORY BASE RANGE TRAILER
 *                                      the child's ids are BASE..; it gets the directory by an idmapped mount
 *   handle-probe own TYPE TRAILER      on a file system that the child mounts itself
 *   handle-probe attach PATH           puts the detached mount 3 at PATH in the mount namespace 4
 *
 * Prints lines `NAME NUMBER`: 0 or more for success, else minus an errno. TRAILER is how many bytes stand behind
 * the kernel's own in a sealed handle; they are none of a real seal's.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_HANDLE = 128, MAX_PATH = 64, DEADLINE_S = 10, MOUNT = 3, NAMESPACE = 4 };
/* linux/mount.h and sys/mount.h don't go together in every C library. */
enum { BIND_ONLY_PRIVATE = 1 << 18 | 1 << 14 };
int mount(const char *, const char *, const char *, unsigned long, const void *);

struct handle {
  unsigned int bytes;
  int type;
  unsigned char data[MAX_HANDLE];
};

static int say(const char *name, long value) {
  printf("%s %ld\n", name, value);
  fflush(stdout);
  return value < 0;
}

static long result_of(long value) {
  return value < 0 ? -errno : value;
}

/* Opens and closes: only whether it can be is of interest. */
static void say_open(const char *name, int mount_descriptor, struct handle *handle, int flags) {
  long descriptor = result_of(syscall(SYS_open_by_handle_at, mount_descriptor, handle, flags));
  if (descriptor >= 0) close(descriptor);
  say(name, descriptor < 0 ? descriptor : 0);
}

/* What stands behind a sealed handle, and verifies nowhere. */
static void forge(struct handle *handle, unsigned int trailer) {
  if (handle->bytes + trailer > MAX_HANDLE) trailer = MAX_HANDLE - handle->bytes;
  memset(handle->data + handle->bytes, 0xa5, trailer);
  handle->bytes += trailer;
}

/* The handle of the first entry of a type, which the caller may only have for an ordinary one. */
static int encode_first(int directory, unsigned char type, struct handle *handle) {
  DIR *stream = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int found = -ENOENT, id, looked = 0;
  if (stream == NULL) return -errno;
  /* A folder can be long, and an entry as good as any other is at its beginning or nowhere. */
  for (struct dirent *entry; found < 0 && looked++ < 4096 && (entry = readdir(stream)) != NULL;) {
    if (entry->d_type != type || entry->d_name[0] == '.') continue;
    handle->bytes = MAX_HANDLE;
    found = result_of(syscall(SYS_name_to_handle_at, directory, entry->d_name, handle, &id, 0));
  }
  closedir(stream);
  return found;
}

static void try_directory(const char *path, unsigned int trailer) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), id;
  if (say("open", result_of(directory))) return;
  struct handle handle = {.bytes = MAX_HANDLE};
  if (say("encode", result_of(syscall(SYS_name_to_handle_at, directory, "", &handle, &id, AT_EMPTY_PATH)))) return;
  say("bytes", handle.bytes);
  say_open("directory", directory, &handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  say_open("plain", directory, &handle, O_RDONLY | O_CLOEXEC);
  say_open("path", directory, &handle, O_PATH | O_CLOEXEC);
  forge(&handle, trailer);
  say_open("sealed", directory, &handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct handle below;
  if (encode_first(directory, DT_DIR, &below) >= 0) {
    forge(&below, trailer);
    say_open("below", directory, &below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (encode_first(directory, DT_REG, &below) >= 0) {
    say_open("file", directory, &below, O_RDONLY | O_CLOEXEC);
    say_open("file-directory", directory, &below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  fflush(stdout);
}

static int write_text(pid_t process, const char *file, const char *text) {
  char path[MAX_PATH];
  snprintf(path, sizeof path, "/proc/%d/%s", process, file);
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  long written = result_of(write(descriptor, text, strlen(text)));
  close(descriptor);
  return written < 0 ? (int)written : 0;
}

/* Whoever may map only himself must give up setgroups first (user_namespaces(7)). */
static int map(pid_t process, const char *uid, const char *gid, const char *range) {
  char text[MAX_PATH];
  if (geteuid() != 0) write_text(process, "setgroups", "deny");
  snprintf(text, sizeof text, "0 %s %s", uid, range);
  int result = write_text(process, "uid_map", text);
  if (result < 0) return result;
  snprintf(text, sizeof text, "0 %s %s", gid, range);
  return write_text(process, "gid_map", text);
}

static int idmapped_mount(const char *path, pid_t process) {
  char name[MAX_PATH];
  snprintf(name, sizeof name, "/proc/%d/ns/user", process);
  int space = open(name, O_RDONLY | O_CLOEXEC);
  int tree = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (say("open_tree", result_of(tree))) return -1;
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = space};
  long set = syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
  return say("mount_setattr", result_of(set)) ? -1 : tree;
}

static int send_descriptor(int socket, int passed) {
  char byte = 'm', room[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec vector = {&byte, 1};
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
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* The mount, -1 when there is none to come, -2 when there is nothing to go on with. */
static int receive_descriptor(int socket) {
  char byte, room[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {&byte, 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -2;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  int passed = -1;
  if (header != NULL) memcpy(&passed, CMSG_DATA(header), sizeof(int));
  return passed;
}

static void run_child(int socket, const char *mode, const char *path, unsigned int trailer) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  alarm(DEADLINE_S);
  if (say("unshare", result_of(unshare(CLONE_NEWUSER | CLONE_NEWNS)))) _exit(0);
  if (send(socket, "u", 1, MSG_NOSIGNAL) != 1) _exit(0);
  int tree = receive_descriptor(socket);
  if (tree == -2) _exit(0);
  /* Nothing of it shows anywhere else. */
  mount(NULL, "/", NULL, BIND_ONLY_PRIVATE, NULL);
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) say("ids", -errno);
  if (strcmp(mode, "own") == 0) {
    if (say("mount", result_of(mount("probe", "/proc", path, 0, NULL)))) _exit(0);
    path = "/proc";
    mkdir("/proc/folder", 0755);
    close(open("/proc/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  }
  if (tree >= 0) {
    long moved = syscall(SYS_move_mount, tree, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH);
    if (say("move_mount", result_of(moved))) _exit(0);
    path = "/proc";
  }
  try_directory(path, trailer);
  _exit(0);
}

static int probe(const char *mode, const char *path, const char *uid, const char *gid, const char *range,
                 unsigned int trailer) {
  int ends[2], status;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return say("socketpair", -errno);
  pid_t child = fork();
  if (child < 0) return say("fork", -errno);
  if (child == 0) {
    close(ends[0]);
    run_child(ends[1], mode, path, trailer);
  }
  close(ends[1]);
  char byte;
  if (recv(ends[0], &byte, 1, 0) == 1) {
    int result = map(child, uid, gid, range);
    int tree = result == 0 && strcmp(mode, "idmapped") == 0 ? idmapped_mount(path, child) : -1;
    int goes_on = !say("map", result) && (tree >= 0 || strcmp(mode, "idmapped") != 0);
    if (goes_on) send_descriptor(ends[0], tree);
  }
  close(ends[0]);
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) say("killed", -WTERMSIG(status));
  return 0;
}

/* Its path is walked without symbolic links: whoever made the namespace has no say in where this ends. */
static int attach(const char *path) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  if (say("setns", result_of(setns(NAMESPACE, CLONE_NEWNS)))) return 1;
  int place = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  if (say("place", result_of(place))) return 1;
  int flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  return say("move_mount", result_of(syscall(SYS_move_mount, MOUNT, "", place, "", flags)));
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  alarm(DEADLINE_S);
  if (argc == 3 && strcmp(mode, "attach") == 0) return attach(argv[2]);
  if (argc == 4 && strcmp(mode, "own") == 0) {
    char uid[16], gid[16];
    snprintf(uid, sizeof uid, "%u", geteuid());
    snprintf(gid, sizeof gid, "%u", getegid());
    return probe(mode, argv[2], uid, gid, "1", atoi(argv[3]));
  }
  if (argc == 6 && strcmp(mode, "path") == 0) return probe(mode, argv[2], argv[3], argv[4], "1", atoi(argv[5]));
  if (argc == 6 && strcmp(mode, "idmapped") == 0) {
    return probe(mode, argv[2], argv[3], argv[3], argv[4], atoi(argv[5]));
  }
  return 2;
}
