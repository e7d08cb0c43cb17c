// A file system that answers no READ before it is told to: fuse-stall DIRECTORY. Files are named page0 to page9.
// Attributes are valid for no time, so whoever asks for them without AT_STATX_DONT_SYNC asks the file system.
// On stdin: 'content HEX' (what every file begins with), 'all' (from now on nothing is answered), 'release' (every
// READ that waits is answered, and later ones at once). Prints 'ready', and 'stalled N' when a READ begins to wait.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int device, released, silent, waiting_count;
static uint64_t waiting[64];
static char content[4096];

static void reply(uint64_t unique, int error, const void *body, size_t bytes) {
  static char packet[8192];
  struct fuse_out_header header = {.len = sizeof header + bytes, .error = error, .unique = unique};
  memcpy(packet, &header, sizeof header);
  if (bytes > 0) memcpy(packet + sizeof header, body, bytes);
  if (write(device, packet, header.len) < 0 && errno != ENOENT) perror("reply");
}

static struct fuse_attr attributes(uint64_t node) {
  struct fuse_attr attr = {.ino = node, .mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644, .nlink = 1, .size = 4096};
  return attr;
}

static void lookup(uint64_t unique, const char *name) {
  if (strncmp(name, "page", 4) != 0) return reply(unique, -ENOENT, NULL, 0);
  struct fuse_entry_out entry = {.nodeid = 2 + name[4] - '0', .entry_valid = 3600};
  entry.attr = attributes(entry.nodeid);
  reply(unique, 0, &entry, sizeof entry);
}

static void serve(char *packet) {
  struct fuse_in_header *header = (void *)packet;
  if (silent) return;
  switch (header->opcode) {
    case FUSE_INIT: {
      struct fuse_init_out out = {.major = 7, .minor = 31, .max_readahead = 0, .max_write = 4096};
      return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_LOOKUP: return lookup(header->unique, packet + sizeof *header);
    case FUSE_GETATTR: {
      struct fuse_attr_out out = {.attr = attributes(header->nodeid)};
      return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
      struct fuse_open_out out = {0};
      return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_READ:
      if (released) return reply(header->unique, 0, content, sizeof content);
      waiting[waiting_count++] = header->unique;
      printf("stalled %d\n", waiting_count);
      return;
    case FUSE_STATFS: {
      struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255}};
      return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR: return reply(header->unique, 0, NULL, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: return;
    default: return reply(header->unique, -ENOSYS, NULL, 0);
  }
}

static int obey(char *line) {
  if (strncmp(line, "content ", 8) == 0) {
    for (int i = 0; sscanf(line + 8 + 2 * i, "%2hhx", (unsigned char *)&content[i]) == 1 && i < 4000; i++);
  } else if (strncmp(line, "all", 3) == 0) silent = 1;
  else if (strncmp(line, "release", 7) == 0) {
    released = 1;
    while (waiting_count > 0) reply(waiting[--waiting_count], 0, content, sizeof content);
  }
  puts("done");
  return 0;
}

int main(int argc, char **argv) {
  static char packet[1 << 17], line[16384], options[128];
  if (argc < 2) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  setvbuf(stdin, NULL, _IONBF, 0);
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
  if (device < 0 || mount("stall", argv[1], "fuse", 0, options) < 0) return perror("fuse"), 3;
  puts("ready");
  struct pollfd polls[2] = {{.fd = device, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  while (poll(polls, 2, -1) >= 0 || errno == EINTR) {
    if ((polls[0].revents & POLLIN) != 0 && read(device, packet, sizeof packet) > 0) serve(packet);
    if (polls[1].revents == 0) continue;
    if (fgets(line, sizeof line, stdin) == NULL) break;
    obey(line);
  }
  umount2(argv[1], MNT_DETACH);
  return 0;
}
