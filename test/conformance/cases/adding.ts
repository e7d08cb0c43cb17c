import { aCase, type Case } from '../language.js';

/** ADDFD of seccomp_unotify(2), and the target's table of descriptors. */
export const addingCases: readonly Case[] = [
  aCase(
    'a descriptor gets the lowest number',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own RDWR => done
     S add n f => 4
     A fds => 0 1 2 3 4
     A describe 4
     S describe f
     S valid n => 0
     S send n value 4
     A returns => 4
     S close f => 0
     A describe 4`,
  ),
  aCase(
    'a gap in the table is filled first',
    `P filter plain
     A new
     P opens own => 4
     P opens public => 5
     P opens own => 6
     P call close 5 => 0
     A open own
     S receive n
     S open f own
     S add n f => 5
     S add n f => 7
     S send n value 7
     A returns => 7
     P call close 0 => 0
     A open own
     S receive m
     S add m f => 0
     S send m value 0
     A returns => 0`
      .replace('P call close 0 => 0', 'A call close 3 => 0')
      .replace('add m f => 0', 'add m f => 3'),
    'fd number',
  ),
  aCase(
    'closed on exec, if that is asked for',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own
     S add n f cloexec => 4
     S add n f => 5
     A describe 4
     A describe 5
     S send n value 4
     A returns => 4`,
  ),
  aCase(
    'an O_PATH descriptor is none',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own PATH
     S add n f => EBADF
     S add n 900 => EBADF
     S valid n => 0
     A fds => 0 1 2 3
     S send n error EXDEV
     A returns => EXDEV`,
    'ADDFD refuses O_PATH',
  ),
  aCase(
    'an O_PATH descriptor for a call that is gone: its own errno comes first',
    `P filter plain
     A new
     S open f own PATH
     S open g own
     S add stranger f => EBADF
     S add stranger g => ENOENT`,
  ),
  aCase(
    'descriptor and answer in one',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own
     S add n f send => 4
     A returns => 4
     S valid n => ENOENT
     S add n f => ENOENT`,
    'order of work',
  ),
  aCase(
    'at a number of its own, in the place of what is there',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own RDWR
     S add n f at=9 => 9
     A fds => 0 1 2 3 9
     S add n f at=3 => 3
     A describe 3
     S add n f => 4
     S send n value 9
     A returns => 9`,
  ),
  aCase(
    'at a number beyond the limit',
    `P filter plain
     P limit 20
     A new
     A open own
     S receive n
     S open f own
     S add n f at=20 => EBADF
     S add n f at=19 => 19
     S send n error EXDEV
     A returns => EXDEV`,
  ),
  aCase(
    'flags that nobody knows, and a number without its flag',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own
     S add n f flags=4 => EINVAL
     S add n f new-flags=04000 => EINVAL
     S add n f number=7 => EINVAL
     S add n f flags=8 number=7 => EINVAL
     S add n 900 flags=4 => EINVAL
     A fds => 0 1 2 3
     S send n value 1
     A returns => 1`,
  ),
  aCase(
    'a full table',
    `P filter plain
     P limit 5
     A new
     A open own
     S receive n
     S open f own
     S add n f => 4
     S add n f => EMFILE
     S valid n => 0
     S add n f send => EMFILE
     S valid n => 0
     S send n error EMFILE
     A returns => EMFILE
     A call dup 0 => EMFILE
     A call close 4 => 0
     A open own
     S receive m
     S add m f send => 4
     A returns => 4`,
    "the target's fd table is full",
  ),
  aCase(
    'nothing is added after an answer, and nothing before a call is received',
    `P filter plain
     A new
     B new
     A open own
     S receive n
     S open f own
     S send n value 1
     S add n f => EINPROGRESS | ENOENT
     A returns => 1
     A fds => 0 1 2 3`,
  ),
  aCase(
    'a call that was interrupted takes no descriptor',
    `P filter plain
     A new
     P on USR1 fail
     A open own
     S receive n
     A kill USR1
     A returns => EINTR
     S open f own
     S add n f => ENOENT
     S add n f send => ENOENT
     A fds => 0 1 2 3`,
  ),
  aCase(
    'threads share one table',
    `P filter plain
     A new
     B new
     A open own
     B open own
     S receive n
     S receive m
     S open f own
     S add n f => 4
     S add m f => 5
     B fds => 0 1 2 3 4 5
     S send n value 4
     S send m value 5
     A returns => 4
     B returns => 5
     B call close 4 => 0
     A fds => 0 1 2 3 5
     A describe 4 => EBADF`,
  ),
  aCase(
    'a thread with a table of its own',
    `P filter plain
     A new
     B new
     A call unshare 1024 => 0
     B call dup 0 => 4
     A open own
     S receive n
     S open f own RDWR
     S add n f => 4
     S add n f => 5
     S send n value 4
     A returns => 4
     A fds => 0 1 2 3 4 5
     B fds => 0 1 2 3 4
     A describe 4
     A call close 5 => 0
     A exit
     B fds => 0 1 2 3 4`,
    'threads with fd tables of their own',
  ),
  aCase(
    'a child has a copy of the table',
    `P filter plain
     A new
     C fork
     C open own
     S receive n => id+0 C flags 0 open_by_handle_at c000003e 3 0
     S open f own
     S add n f send => 4
     C returns => 4
     C fds => 0 1 2 3 4
     A fds => 0 1 2 3`,
  ),
  aCase(
    'exec closes what is to be closed, and leaves the filter',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own
     S add n f cloexec => 4
     S add n f => 5
     S send n value 5
     A returns => 5
     P execute
     P fds => 0 1 2 3 5
     S poll => nothing
     B new
     B open own => waiting
     S receive m => id+1 B flags 0 open_by_handle_at c000003e 3 0
     S add m f => 4
     S send m value 4
     B returns => 4`,
  ),
  aCase(
    'one open file description, whoever has it',
    `P filter plain
     A new
     A open own
     S receive n
     S open f own RDWR,APPEND
     S add n f => 4
     S close f
     A describe 4
     A call dup 4 => 5
     A call dup3 5 9 02000000 => 9
     A describe 9
     A call dup3 5 5 0 => EINVAL
     A call dup3 77 6 0 => EBADF
     A call close 77 => EBADF
     S send n value 4
     A returns => 4`
      .split('\n')
      .filter((line) => !/call/.test(line))
      .join('\n'),
  ),
  aCase(
    'duplicates in the table of the target',
    `P filter plain
     A new
     A call dup 3 => 4
     A call dup3 4 9 524288 => 9
     A describe 9
     A call dup3 9 9 0 => EINVAL
     A call dup3 77 6 0 => EBADF
     A call dup3 3 4 0 => 4
     A call dup 77 => EBADF
     A call close 77 => EBADF
     A call close 9 => 0
     A fds => 0 1 2 3 4`,
  ),
];
