import { aCase, type Case } from '../language.js';

/** RECV, SEND and ID_VALID of seccomp_unotify(2). */
export const answeringCases: readonly Case[] = [
  aCase(
    'a value is what the call returns',
    `P filter plain => 4
     A new
     A open own => waiting
     S poll => IN
     S receive n => id+0 A flags 0 open_by_handle_at c000003e 3 0
     S poll => OUT
     S valid n => 0
     S send n value 41 => 0
     A returns => 41
     S valid n => ENOENT`,
    'answering by id',
  ),
  aCase(
    'an errno is what the call returns',
    `P filter plain
     A new
     A open own
     S receive n
     S send n error EXDEV => 0
     A returns => EXDEV`,
  ),
  aCase(
    'ids are consecutive',
    `P filter plain
     A new
     A open own
     S receive n
     S send n value 1
     A returns
     A open own
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 2
     A returns => 2
     A open own
     S receive o => id+2 A flags 0 open_by_handle_at c000003e 3 0
     S send o value 0
     A returns => 0`,
    'ids',
  ),
  aCase(
    'a received call can not be received again',
    `P filter plain
     A new
     A open own
     S receive n
     S receive m => would wait
     S poll => OUT
     S send n value 1
     A returns => 1`,
    'a received notification can not be received again',
  ),
  aCase(
    'what is answered can not be answered again',
    `P filter plain
     A new
     A open own
     S receive n
     S send n value 1 => 0
     A returns => 1
     S send n value 2 => ENOENT`,
  ),
  aCase(
    'an answer on the heels of another',
    `P filter plain
     A new
     A open own
     S receive n
     S send n value 1 => 0
     S send n value 2 => EINPROGRESS | ENOENT
     A returns => 1`,
  ),
  aCase(
    'what nobody has received can not be answered',
    `P filter plain
     A new
     A open own
     S receive n
     S send n value 1
     A returns
     A open own
     S valid n => ENOENT
     S send stranger value 1 => ENOENT
     S valid stranger => ENOENT
     S add stranger 0 => ENOENT
     S receive m
     S send m value 3
     A returns => 3`,
  ),
  aCase(
    'a call is received in the order in which it came',
    `P filter plain
     A new
     B new
     A open own
     B open secret RDWR
     S receive n => id+0 A flags 0 open_by_handle_at c000003e 3 0
     S poll => IN OUT
     S receive m => id+1 B flags 0 open_by_handle_at c000003e 3 2
     S send m value 7
     B returns => 7
     A returns => waiting
     S send n value 8
     A returns => 8`,
  ),
  aCase(
    'a buffer of RECV that is not zeroed',
    `P filter plain
     A new
     A open own
     S receive n dirty => EINVAL
     S receive n => id+0 A flags 0 open_by_handle_at c000003e 3 0
     S send n value 1
     A returns => 1`,
    'RECV can write straight into the journal',
  ),
  aCase(
    'a buffer of RECV that is nowhere',
    `P filter plain
     A new
     A open own
     S receive n nowhere => EFAULT
     S poll => IN
     S receive n
     S send n value 1
     A returns => 1`,
  ),
  aCase(
    'a copy that faults puts the call back',
    `P filter plain
     A new
     A open own
     S receive n read-only => EFAULT
     S poll => IN
     S receive n => id+0 A flags 0 open_by_handle_at c000003e 3 0
     S send n value 1
     A returns => 1`,
    'RECV can write straight into the journal',
  ),
  aCase(
    'flags of an answer that nobody knows',
    `P filter plain
     A new
     A open own
     S receive n
     S send n value 1 flags=2 => EINVAL
     S send n continue 1 => EINVAL
     S valid n => 0
     S send n value 5 => 0
     A returns => 5`,
  ),
  aCase(
    'an answer that lets the kernel go on',
    `P filter plain
     A new
     A user 107
     A open own
     S receive n
     S send n continue => 0
     A returns => EPERM`,
    'open_by_handle_at as uid 65534 without capabilities',
  ),
  aCase(
    'a value that looks like an errno is one',
    `P filter plain
     A new
     A open own
     S receive n
     S send n value -2 => 0
     A returns => ENOENT`,
  ),
  aCase(
    'an error that is positive is a value',
    `P filter plain
     A new
     A open own
     S receive n
     S send n raw-error 5 => 0
     A returns => 5`,
  ),
  aCase(
    'a restart that nobody asked for is shown to the program',
    `P filter plain
     A new
     A open own
     S receive n
     S send n raw-error -513 => 0
     A returns => errno 513`,
    '-513 must only be sent while a stop is pending',
  ),
  aCase(
    'a restart of the other kind is shown to the program, too',
    `P filter plain
     A new
     A open own
     S receive n
     S send n raw-error -512 => 0
     A returns => errno 512`,
  ),
  aCase(
    'flags of the listener: synchronous wake-up, and nothing else',
    `P filter plain
     S flags 1 => 0
     S flags 0 => 0
     S flags 2 => EINVAL`,
    'sync wake-up',
  ),
  aCase(
    'a command that a listener does not know',
    `P filter plain
     S ioctl 0x40042105 => EINVAL`,
  ),
  aCase(
    'an interrupted call leaves RECV nothing but an errno',
    `P filter plain
     A new
     P on USR1 fail
     A open own => waiting
     A kill USR1
     A returns => EINTR
     S poll => nothing
     S receive n anyway => ENOENT
     A open own => waiting
     S receive m
     S send m value 4
     A returns => 4`,
    'EINTR',
  ),
];
