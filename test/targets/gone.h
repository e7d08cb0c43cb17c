// The handle of a file that is gone, whose answer is always ESTALE.
//
// While an inode number is being given to a new file, ext4 answers ENOMEM for an old handle with that number:
// iget_locked() finds the inode with I_CREATING set and gives NULL (fs/inode.c, fs/ext4/inode.c). So another
// file takes the number here, and nobody else gets it later.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { gone_attempts = 64 };

// Makes a file in `mount`, encodes it by `encode(name)` and removes it.
static void make_gone(int mount, void (*encode_it)(const char *name)) {
  char name[32];
  struct stat status;
  snprintf(name, sizeof name, "gone-%d", getpid());
  close(openat(mount, name, O_CREAT | O_RDWR, 0644));
  if (fstatat(mount, name, &status, 0) < 0) _exit(3);
  ino_t number = status.st_ino;
  encode_it(name);
  unlinkat(mount, name, 0);
  // A file system that never gives a number again leaves this many files behind, which harms nobody.
  for (int attempt = 0; attempt < gone_attempts; attempt++) {
    snprintf(name, sizeof name, "instead-%d-%d", getpid(), attempt);
    close(openat(mount, name, O_CREAT | O_RDWR, 0644));
    if (fstatat(mount, name, &status, 0) < 0 || status.st_ino == number) return;
  }
}
