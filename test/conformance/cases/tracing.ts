import { aCase, type Case } from '../language.js';

/** ptrace(2) on a thread whose call waits, for both flavours of the filter. */
export const tracingCases: readonly Case[] = [
  aCase(
    'seize, interrupt, detach: the call comes again',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A => 0
     A returns => waiting
     S valid n => 0
     T waits A => nothing
     T interrupt A => 0
     T waits A => event 128 with 5
     T waits A => nothing
     A returns => traced
     S valid n => ENOENT
     T registers A
     T detach A => 0
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 3
     A returns => 3
     T waits A => ECHILD`,
    're-issue by interruption',
  ),
  aCase(
    'killable: an interrupt waits for the answer, a restart makes the call anew',
    `P filter killable
     A new
     A open own
     S receive n
     T seize A
     T interrupt A => 0
     T waits A => nothing
     A returns => waiting
     S valid n => 0
     S send n raw-error -513 => 0
     T waits A => event 128 with 5
     T registers A
     T detach A
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 3
     A returns => 3`,
    're-issue with WAIT_KILLABLE_RECV',
  ),
  aCase(
    'killable: an answer while a stop is pending is not lost',
    `P filter killable
     A new
     A open own
     S receive n
     T seize A
     T interrupt A
     S send n value 12
     T waits A => event 128 with 5
     T registers A
     T detach A
     A returns => 12`,
  ),
  aCase(
    'a thread that is traced already',
    `P filter plain
     A new
     T seize A => 0
     T seize A => EPERM
     U seize A => EPERM
     U interrupt A => ESRCH
     U detach A => ESRCH
     T detach A => ESRCH
     A open own => waiting
     S receive n
     S send n value 1
     A returns => 1`,
    'being traced already',
  ),
  aCase(
    'a thread that runs takes no orders but an interrupt',
    `P filter plain
     A new
     T seize A
     T registers A => ESRCH
     T continue A => ESRCH
     T mask A => ESRCH
     T options A EXITKILL => ESRCH
     T interrupt A => 0
     T waits A => event 128 with 5
     T options A EXITKILL => 0
     T continue A => 0
     A returns => idle`,
  ),
  aCase(
    'the tracer dies: its thread runs on, and the call comes again',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A
     T interrupt A
     T waits A => event 128 with 5
     T dies
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     U seize A => 0
     S send m value 4
     A returns => 4`,
    'the tracer dies in mid-injection',
  ),
  aCase(
    'killable: the tracer dies between its interruption and the restart: the call comes again',
    `P filter killable
     A new
     A open own
     S receive n
     T seize A
     T interrupt A => 0
     T dies
     S valid n => 0
     S send n raw-error -513 => 0
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 4
     A returns => 4`,
    'the tracer dies in mid-injection',
  ),
  aCase(
    'killable: the tracer is gone, and an answer is what the call returns',
    `P filter killable
     A new
     A open own
     S receive n
     T seize A
     T interrupt A => 0
     T dies
     S send n value 4 => 0
     A returns => 4
     A open own
     S receive m
     S send m raw-error -513 => 0
     A returns`,
    'the tracer dies in mid-injection',
  ),
  aCase(
    'the tracer dies, and had asked for it: so does its thread',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A TRACESYSGOOD,EXITKILL
     A returns => waiting
     T dies
     A returns => gone
     S valid n => ENOENT
     S poll => HUP`,
    'the tracer dies in mid-injection',
  ),
  aCase(
    'the tracer dies in a window without EXITKILL: the target gets the wrong result',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A TRACESYSGOOD,SUSPEND_SECCOMP
     T interrupt A
     T waits A => event 128 with 5
     T sets A dup 0 => 0
     T syscall A => 0
     T waits A => at a call
     T syscall A => 0
     T waits A => at a call
     T registers A
     T dies
     A returns => 4
     A fds => 0 1 2 3 4
     S poll => nothing`,
    'the tracer dies in mid-injection',
  ),
  aCase(
    'the tracer dies in a window with EXITKILL: dead, and not wrong',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A TRACESYSGOOD,SUSPEND_SECCOMP
     T interrupt A
     T waits A
     T options A TRACESYSGOOD,SUSPEND_SECCOMP,EXITKILL => 0
     T sets A dup 0
     T syscall A
     T waits A => at a call
     T dies
     A returns => gone
     S poll => HUP`,
    'the tracer dies in mid-injection',
  ),
  aCase(
    "a call in the thread's name, and its registers back",
    `P filter plain
     A new
     A open own
     S receive n
     T seize A TRACESYSGOOD,SUSPEND_SECCOMP
     T interrupt A
     T waits A => event 128 with 5
     T registers A
     T sets A dup 3 => 0
     T syscall A
     T waits A => at a call
     T registers A
     T syscall A
     T waits A => at a call
     T registers A
     T sets A dup3 4 9 0 => 0
     T syscall A
     T waits A => at a call
     T syscall A
     T waits A => at a call
     T registers A
     T sets A close 4
     T syscall A
     T waits A => at a call
     T syscall A
     T waits A => at a call
     T restores A 9 => 0
     T detach A => 0
     A returns => 9
     A fds => 0 1 2 3 9
     A describe 9
     S poll => nothing`,
    'O_PATH on a symlink, fifo, socket, device',
  ),
  aCase(
    'registers back as they were: the call comes again',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A TRACESYSGOOD,SUSPEND_SECCOMP
     T interrupt A
     T waits A
     T sets A close 77
     T syscall A
     T waits A
     T syscall A
     T waits A => at a call
     T registers A
     T restores A
     T detach A
     A returns => waiting`,
  ),
  aCase(
    'a filtered call in the window, with filters suspended and without',
    `P filter plain
     A new
     A user 107
     A open own
     S receive n
     T seize A TRACESYSGOOD,SUSPEND_SECCOMP
     T interrupt A
     T waits A => event 128 with 5
     T sets A open_by_handle_at 3 8 0
     T syscall A
     T waits A => at a call
     T syscall A
     T waits A => at a call
     T registers A
     T restores A 1
     T options A TRACESYSGOOD
     T sets A open_by_handle_at 3 8 0
     T syscall A
     T waits A => at a call
     T syscall A
     T waits A => nothing
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m error EXDEV
     T waits A => at a call
     T registers A
     T restores A 5
     T detach A
     A returns => 5`,
    "the target's own filter on recvmsg",
  ),
  aCase(
    'a signal for a traced thread stops it first',
    `P filter plain
     A new
     P on USR1 fail
     A open own
     S receive n
     T seize A
     A kill USR1
     T waits A => signal 10
     A returns => traced
     P handled => 0
     S valid n => ENOENT
     T registers A
     T detach A USR1
     A returns => EINTR
     P handled => 1`,
    'a signal in mid-injection',
  ),
  aCase(
    'a signal that the tracer keeps for itself: the call comes again',
    `P filter plain
     A new
     P on USR1 fail
     A open own
     S receive n
     T seize A
     A kill USR1
     T waits A => signal 10
     T continue A => 0
     A returns => waiting
     P handled => 0
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 5
     A returns => 5`,
    'a signal in mid-injection',
  ),
  aCase(
    'a signal in the window is masked, and comes afterwards',
    `P filter plain
     A new
     P on USR1 restart
     A open own
     S receive n
     T seize A TRACESYSGOOD,SUSPEND_SECCOMP
     T interrupt A
     T waits A
     T mask A => 0 0 0 0 0 0 0 0
     T masks-all A => 0
     A kill USR1
     T sets A dup 3
     T syscall A
     T waits A => at a call
     T syscall A
     T waits A => at a call
     T registers A
     T masks-none A => 0
     T restores A 4
     T detach A
     A returns => 4
     P handled => 1`,
    'a signal in mid-injection',
  ),
  aCase(
    'a signal in the window that is not masked: the call of the tracer is not made',
    `P filter plain
     A new
     P on USR1 restart
     A open own
     S receive n
     T seize A TRACESYSGOOD,SUSPEND_SECCOMP
     T interrupt A
     T waits A
     A kill USR1
     T sets A dup 3
     T syscall A
     T waits A => signal 10
     A fds => 0 1 2 3
     T restores A
     T detach A USR1
     S receive m
     P handled => 1
     A returns`,
    'a signal in mid-injection',
  ),
  aCase(
    'SIGSTOP for a traced thread: first the signal, then the stop of the group',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A
     A kill STOP
     T waits A => signal 19
     S valid n => ENOENT
     T continue A STOP => 0
     T waits A => event 128 with 19
     T continue A => 0
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     P signal CONT
     T waits A => event 128 with 5
     S valid m => ENOENT
     T detach A => 0
     A returns => waiting
     S receive o => id+2 A flags 0 open_by_handle_at c000003e 3 0
     S send o value 4
     A returns => 4`,
  ),
  aCase(
    'a stopped thread is seized, interrupted and left: it stays stopped',
    `P filter plain
     A new
     A open own
     S receive n
     P signal STOP
     A returns => stopped
     T seize A => 0
     T interrupt A => 0
     T waits A => event 128 with 19
     T detach A => 0
     A returns => stopped
     S poll => nothing
     P signal CONT
     A returns => waiting
     S receive m
     S send m value 4
     A returns => 4`,
    'a cgroup that someone else froze',
  ),
  aCase(
    'a traced thread dies: its tracer is told',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A
     P signal KILL
     T waits A => killed by 9
     T interrupt A => ESRCH
     T waits A => ECHILD
     S valid n => ENOENT`,
  ),
  aCase(
    'a thread that is gone can not be seized',
    `P filter plain
     A new
     A exit
     T seize A => ESRCH
     T interrupt A => ESRCH`,
  ),
  aCase(
    'killed while it stands in a stop',
    `P filter plain
     A new
     A open own
     S receive n
     T seize A
     T interrupt A
     T waits A => event 128 with 5
     P signal KILL
     T registers A => ESRCH
     T waits A => killed by 9
     A returns => gone
     S poll => HUP`,
  ),
];
