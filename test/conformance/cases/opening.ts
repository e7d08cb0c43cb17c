import { aCase, type Case } from '../language.js';

/** A case of one open by the real handler: uid 107, one call, and what came of it. */
function opening(name: string, call: string, outcome: string, fact?: string, before = ''): Case {
  const closing = /^\d+$/.test(outcome) ? `A describe ${outcome}` : 'A fds';
  return aCase(
    name,
    `${before}
     P filter plain
     A new
     A user 107
     ${call} => waiting
     S serve
     A returns => ${outcome}
     ${closing}`,
    fact,
  );
}

/** open_by_handle_at(2) as the real handler answers it. */
export const openingCases: readonly Case[] = [
  opening('a file of its own, to read', 'A open own', '4'),
  opening('a file of its own, to read and write', 'A open own RDWR,APPEND', '4'),
  opening('a file of its own, emptied', 'A open own WRONLY,TRUNC', '4'),
  opening('a file of its own, with O_NOATIME and closed on exec', 'A open own NOATIME,CLOEXEC', '4'),
  opening('a directory', 'A open folder DIRECTORY', '4'),
  opening('a file that everybody may read', 'A open public', '4'),
  opening('a file that its group may read', 'A open group', '4', 'The permission check in one call'),
  opening('a file that its group may not write', 'A open group RDWR', 'EACCES'),
  opening("root's own file", 'A open secret', 'EACCES', 'The permission check in one call'),
  opening('a file that everybody may read, to write', 'A open public WRONLY', 'EACCES'),
  opening('a file of its own that it may not write', 'A open readonly RDWR', 'EACCES'),
  opening('a file that may not be emptied', 'A open public TRUNC', 'EACCES'),
  opening("another's file with O_NOATIME", 'A open public NOATIME', 'EPERM', '`opath: fast`'),
  opening('a symlink', 'A open link', 'ELOOP'),
  opening('a symlink with O_NOFOLLOW', 'A open link NOFOLLOW', 'ELOOP'),
  opening('a file with O_DIRECTORY', 'A open own DIRECTORY', 'ENOTDIR'),
  opening('a directory to write', 'A open folder WRONLY', 'EISDIR'),
  opening('a directory to empty', 'A open folder TRUNC', 'EISDIR'),
  opening('a program that runs, to write', 'A open program RDWR', 'ETXTBSY'),
  opening('a program that runs, to read', 'A open program', '4'),
  opening('a pipe as the mount', 'A open own mount=0', 'EPERM', 'special mount_fd values'),
  opening('a socket', 'A open socket', 'ENXIO'),
  opening('a fifo is refused', 'A open fifo', 'EPERM', 'a fifo opened O_RDONLY by handle'),
  opening('a character device is refused', 'A open null', 'EPERM', 'device cgroup'),
  opening('a block device is refused', 'A open block', 'EPERM', 'device cgroup'),
  opening('a device with O_DIRECTORY', 'A open null DIRECTORY', 'ENOTDIR'),
  opening('flags that create', 'A open own CREAT', 'EINVAL', 'flags'),
  opening('flags that make a temporary file', 'A open folder TMPFILE,RDWR', 'EINVAL', 'flags'),
  opening('unknown flags are ignored', 'A open own 0x40000000', '4', 'flags'),
  opening('a handle of nothing', 'A open own generation=stale', 'ESTALE'),
  opening('a handle of size 0', 'A open own size=0', 'EINVAL'),
  opening('a handle of size 129', 'A open own size=129', 'EINVAL'),
  opening('a handle of a negative type', 'A open own type=-1', 'EINVAL'),
  opening('a handle with user flags that nobody knows', 'A open own type=0x40001', 'EINVAL'),
  opening('a handle that is too short for its type', 'A open own size=4', 'ESTALE'),
  opening('a handle of a type that the file system does not know', 'A open own type=77', 'ESTALE'),
  opening('a pointer that leads nowhere', 'A open own pointer=bad', 'EFAULT'),
  opening('a pointer beyond user space', 'A open own pointer=wild', 'EFAULT'),
  opening('a header that is cut off', 'A open own pointer=4', 'EFAULT'),
  opening('a handle that is cut off', 'A open own pointer=12', 'EFAULT'),
  opening('a handle at the end of memory', 'A open own pointer=16', '4'),
  opening('no mount descriptor', 'A open own mount=99', 'EBADF'),
  opening('a negative mount descriptor', 'A open own mount=-1', 'EBADF'),
  opening('pidfs as the mount', 'A open own mount=-10002', 'EBADF', 'special mount_fd values'),
  opening('nsfs as the mount', 'A open own mount=-10003', 'EBADF', 'special mount_fd values'),
  opening('the working directory as the mount', 'A open own mount=-100', '4', 'special mount_fd values'),
  opening('an O_PATH mount descriptor', 'A open own mount=4', 'EBADF', undefined, 'P opens folder PATH => 4'),
  opening('a file as the mount descriptor', 'A open folder mount=4', '5', undefined, 'P opens own => 4'),
  opening('proc as the mount', 'A open own mount=4', 'EPERM', 'special mount_fd values', 'P opens-proc => 4'),
  opening(
    'a mount that is not shared',
    'A open own',
    'EPERM',
    undefined,
    'S policy shares [{"name":"other","path":"/other"}]',
  ),
  opening(
    'a read-only mount, to write',
    'A open own RDWR mount=4',
    'EROFS',
    '`nodev` and `ro` are honoured',
    'P opens-read-only-mount => 4',
  ),
  opening(
    'a read-only mount, to empty',
    'A open own TRUNC mount=4',
    'EROFS',
    undefined,
    'P opens-read-only-mount => 4',
  ),
  opening('a read-only mount, to read', 'A open own mount=4', '5', undefined, 'P opens-read-only-mount => 4'),
  opening(
    'O_PATH of a file, where the fast way is allowed',
    'A open own PATH',
    '4',
    'O_PATH on a regular file or directory',
    'S policy opath "fast"',
  ),
  opening(
    'O_PATH of a directory, where the fast way is allowed',
    'A open folder PATH,DIRECTORY',
    '4',
    'O_PATH on a regular file or directory',
    'S policy opath "fast"',
  ),
  opening(
    "O_PATH of root's file is no way around its permissions",
    'A open secret PATH',
    'EPERM',
    '`opath: fast`',
    'S policy opath "fast"',
  ),
  opening('O_PATH without an injector', 'A open link PATH', 'EPERM', 'O_PATH on a symlink'),
  opening('O_PATH and O_DIRECTORY of a file', 'A open own PATH,DIRECTORY', 'ENOTDIR'),
  opening('O_PATH and flags that create', 'A open own PATH,CREAT', '4'),
  opening('who may read what: not asked for', 'A open secret', '4', '`dac`', 'S policy dac "capability"'),
  opening(
    'a call that the policy does not list goes on by itself',
    'A open own',
    'EPERM',
    undefined,
    'S policy syscalls ["name_to_handle_at"]',
  ),
  aCase(
    'a table that is full',
    `P filter plain
     P limit 4
     A new
     A user 107
     A open own
     S serve
     A returns => EMFILE
     A fds => 0 1 2 3`,
    "the target's fd table is full",
  ),
  aCase(
    'a removed file',
    `P filter plain
     A new
     A user 107
     A open own
     S serve
     A returns => 4
     A call close 4
     A open public
     P removes public
     S serve
     A returns => ESTALE`,
    'what confines it',
  ),
  aCase(
    'two threads with two users',
    `P filter plain
     A new
     B new
     A user 107
     A open secret
     S serve
     A returns => EACCES
     B open secret
     S serve
     B returns
     A open own RDWR
     S serve
     A returns`,
    'Credentials that can not change are read once a thread',
  ),
  aCase(
    'a thread with a table of its own names its own mount',
    `P filter plain
     A new
     B new
     A user 107
     A call unshare 1024 => 0
     A call close 3 => 0
     A open own mount=3
     S serve
     A returns => EBADF
     B user 107
     B open own
     S serve
     B returns => 4
     A open own mount=-100
     S serve
     A returns => 3`,
    'threads with fd tables of their own',
  ),
];
