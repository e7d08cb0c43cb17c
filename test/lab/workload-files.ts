/** Checks of single files. Functions named `check_*` are found and run by the driver in guest-workload.ts. */
export const fileChecks = `
check_create() {
  : > created
  is type "$(stat -c %F created)" 'regular empty file'
  is size "$(stat -c %s created)" 0
  echo one > exclusive
  if (set -C; echo two > exclusive) 2>/dev/null; then die 'O_EXCL on an existing file succeeded'; fi
  is contents "$(cat exclusive)" one
}
check_read() {
  printf 'first\\nsecond\\n' > readable
  drop_caches
  is contents "$(cat readable)" "$(printf 'first\\nsecond')"
  is middle "$(dd if=readable bs=1 skip=6 count=6 2>/dev/null)" second
  if cat no-such-file 2>/dev/null; then die 'a file that is not there was read'; fi
}
check_write_8_mebibytes() {
  dd if=/dev/urandom of=/tmp/big bs=1M count=8 2>/dev/null
  wanted=$(sum /tmp/big)
  cp /tmp/big big
  drop_caches
  is size "$(stat -c %s big)" 8388608
  is sha256 "$(sum big)" "$wanted"
  # Overwritten in the middle, the rest must stay.
  dd if=/dev/zero of=big bs=4096 seek=1000 count=10 conv=notrunc 2>/dev/null
  dd if=/dev/zero of=/tmp/big bs=4096 seek=1000 count=10 conv=notrunc 2>/dev/null
  drop_caches
  is sha256 "$(sum big)" "$(sum /tmp/big)"
  rm /tmp/big big
}
check_append() {
  echo one > appended
  drop_caches
  echo two >> appended
  drop_caches
  is contents "$(cat appended)" "$(printf 'one\\ntwo')"
  is size "$(stat -c %s appended)" 8
}
check_truncate() {
  printf 0123456789 > truncated
  truncate -s 4 truncated
  drop_caches
  is smaller "$(cat truncated)" 0123
  truncate -s 10000 truncated
  drop_caches
  is larger "$(stat -c %s truncated)" 10000
  is zeros "$(tr -d '\\0' < truncated)" 0123
}
check_overwrites_200() {
  for i in $(seq 1 200); do
    echo "value $i" > overwritten
    is "read back" "$(cat overwritten)" "value $i"
  done
  drop_caches
  is last "$(cat overwritten)" 'value 200'
}
check_chmod() {
  echo x > modes
  for mode in 640 755 400 777 600; do
    chmod $mode modes
    is mode "$(stat -c %a modes)" $mode
  done
  chmod 2750 modes
  drop_caches
  is "mode after dropping caches" "$(stat -c %a modes)" 2750
}
check_times() {
  echo x > times
  touch -d '2001-02-03 04:05:06' times
  wanted=$(date -d '2001-02-03 04:05:06' +%s)
  is mtime "$(stat -c %Y times)" "$wanted"
  drop_caches
  is "mtime after dropping caches" "$(stat -c %Y times)" "$wanted"
  is "atime after dropping caches" "$(stat -c %X times)" "$wanted"
}
check_rename_file() {
  echo moved > before
  inode=$(stat -c %i before)
  mv before after
  gone before
  drop_caches
  gone before
  is contents "$(cat after)" moved
  is inode "$(stat -c %i after)" "$inode"
}
check_rename_over() {
  echo old > over
  echo new > source
  inode=$(stat -c %i source)
  exec 3< over
  mv source over
  gone source
  read -r line <&3
  is "the old file, still open," "$line" old
  exec 3<&-
  drop_caches
  is contents "$(cat over)" new
  is inode "$(stat -c %i over)" "$inode"
}
check_hard_link() {
  echo linked > name-1
  ln name-1 name-2
  drop_caches
  is nlink "$(stat -c %h name-1)" 2
  is "nlink of the other" "$(stat -c %h name-2)" 2
  is inode "$(stat -c %i name-2)" "$(stat -c %i name-1)"
  echo more >> name-2
  is contents "$(cat name-1)" "$(printf 'linked\\nmore')"
  rm name-1
  drop_caches
  is "nlink at last" "$(stat -c %h name-2)" 1
  is "contents at last" "$(cat name-2)" "$(printf 'linked\\nmore')"
}
check_symlink() {
  mkdir link-target
  echo through > link-target/file
  ln -s link-target/file link
  ln -s link-target folder-link
  ln -s nowhere dangling
  drop_caches
  is value "$(readlink link)" link-target/file
  is type "$(stat -c %F link)" 'symbolic link'
  is contents "$(cat link)" through
  drop_caches
  is "contents through the folder" "$(cat folder-link/file)" through
  is "dangling value" "$(readlink dangling)" nowhere
  if cat dangling 2>/dev/null; then die 'a dangling link was read'; fi
  echo written > link
  is "written through" "$(cat link-target/file)" written
}
check_fifo() {
  mkfifo pipe
  drop_caches
  is type "$(stat -c %F pipe)" fifo
  [ -p pipe ] || die 'test -p says no'
  (echo passed > pipe) &
  is passed "$(timeout 10 cat pipe)" passed
  wait
}
check_unix_socket() {
  # busybox can't bind a socket anywhere but here; syslogd follows the link.
  rm -f /dev/log
  ln -s "$PWD/socket" /dev/log
  syslogd -n -O /tmp/messages &
  daemon=$!
  for i in $(seq 1 50); do [ -S socket ] && break; sleep 0.1; done
  drop_caches
  is type "$(stat -c %F socket)" socket
  logger -t lab 'hello through the socket'
  for i in $(seq 1 50); do grep -q 'hello through' /tmp/messages 2>/dev/null && break; sleep 0.1; done
  kill $daemon
  grep -q 'hello through the socket' /tmp/messages || die 'nothing came through'
}
check_unlink_while_open() {
  echo before > unlinked
  exec 3>> unlinked 4< unlinked
  rm unlinked
  gone unlinked
  drop_caches
  echo after >&3
  read -r first <&4
  read -r second <&4
  exec 3>&- 4<&-
  is first "$first" before
  is second "$second" after
  gone unlinked
}
`;
