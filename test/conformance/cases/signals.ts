import { aCase, type Case } from '../language.js';

/** Signals and stops while a call waits, for both flavours of the filter. */
export const signalCases: readonly Case[] = [
  aCase(
    'a handler that restarts: the call comes again, under another id',
    `P filter plain
     A new
     P on USR1 restart
     A open own
     S receive n
     A kill USR1
     A returns => waiting
     P handled => 1
     S valid n => ENOENT
     S send n value 1 => ENOENT
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 2
     A returns => 2`,
    're-issue by interruption',
  ),
  aCase(
    'a handler that does not restart: EINTR',
    `P filter plain
     A new
     P on USR1 fail
     A open own
     S receive n
     A kill USR1
     A returns => EINTR
     P handled => 1
     S valid n => ENOENT`,
    'EINTR',
  ),
  aCase(
    'a signal before anybody has received the call',
    `P filter plain
     A new
     P on USR1 restart
     A open own
     A kill USR1
     A returns => waiting
     S receive n => id+0 A flags 0 open_by_handle_at c000003e 3 0
     S send n value 1
     A returns => 1
     P handled => 1`,
  ),
  aCase(
    'killable: a received call is not interrupted, its handler waits',
    `P filter killable
     A new
     P on USR1 fail
     A open own
     S receive n
     A kill USR1
     A returns => waiting
     P handled => 0
     S valid n => 0
     S send n value 5 => 0
     A returns => 5
     P handled => 1`,
    'EINTR',
  ),
  aCase(
    'killable: a call that nobody has received is interrupted as any other',
    `P filter killable
     A new
     P on USR1 fail
     A open own
     A kill USR1
     A returns => EINTR
     P handled => 1
     S poll => nothing`,
  ),
  aCase(
    'killable: received while it is interrupted and made anew',
    `P filter killable
     A new
     P on USR1 restart
     A open own
     A kill USR1
     A returns => waiting
     S receive n
     A kill USR1
     A returns => waiting
     P handled => 1
     S send n value 8
     A returns => 8
     P handled => 2`,
  ),
  aCase(
    'killable: a pending signal and a restart make the call anew',
    `P filter killable
     A new
     P on USR1 fail
     A open own
     S receive n
     A kill USR1
     S send n raw-error -513 => 0
     A returns => waiting
     P handled => 1
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 3
     A returns => 3`,
    're-issue with WAIT_KILLABLE_RECV',
  ),
  aCase(
    'killable: a pending signal and the weaker restart: EINTR',
    `P filter killable
     A new
     P on USR1 fail
     A open own
     S receive n
     A kill USR1
     S send n raw-error -512 => 0
     A returns => EINTR
     P handled => 1`,
  ),
  aCase(
    'a signal that is ignored, by default or by choice',
    `P filter plain
     A new
     P on USR1 ignore
     A open own
     S receive n
     A kill CHLD
     A kill WINCH
     A kill USR1
     A returns => waiting
     S valid n => 0
     S send n value 1
     A returns => 1`,
  ),
  aCase(
    'a signal that is blocked waits for its time',
    `P filter plain
     A new
     P on USR1 fail
     A blocks USR1
     A open own
     S receive n
     A kill USR1
     A returns => waiting
     S valid n => 0
     P handled => 0
     S send n value 1
     A returns => 1
     A unblocks USR1
     P handled => 1`,
  ),
  aCase(
    'a signal that nobody handles is deadly',
    `P filter plain
     A new
     A open own
     S receive n
     A kill TERM
     A returns => gone
     S valid n => ENOENT
     S poll => HUP`,
  ),
  aCase(
    'killable: a deadly signal ends the wait',
    `P filter killable
     A new
     A open own
     S receive n
     A kill TERM
     A returns => gone
     S valid n => ENOENT
     S poll => HUP`,
  ),
  aCase(
    'killable: SIGKILL ends the wait',
    `P filter killable
     A new
     A open own
     S receive n
     P signal KILL
     A returns => gone
     S send n value 1 => ENOENT`,
  ),
  aCase(
    'stopped and continued: the call comes again',
    `P filter plain
     A new
     A open own
     S receive n
     P signal STOP
     A returns => stopped
     S valid n => ENOENT
     S poll => nothing
     P signal CONT
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 6
     A returns => 6`,
    're-issue by interruption',
  ),
  aCase(
    'killable: stop and continue do nothing to a received call',
    `P filter killable
     A new
     A open own
     S receive n
     P signal STOP
     P returns => stopped
     A returns => waiting
     P signal CONT
     A returns => waiting
     S valid n => 0
     S send n value 6
     A returns => 6`,
    're-issue with WAIT_KILLABLE_RECV',
  ),
  aCase(
    'killable: stop, a restart sent, continue: the call comes again',
    `P filter killable
     A new
     A open own
     S receive n
     P signal STOP
     P returns => stopped
     S send n raw-error -513 => 0
     A returns => stopped
     P signal CONT
     A returns => waiting
     S receive m => id+1 A flags 0 open_by_handle_at c000003e 3 0
     S send m value 7
     A returns => 7`,
    're-issue with WAIT_KILLABLE_RECV',
  ),
  aCase(
    'killable: a restart that is sent before the stop has reached the thread',
    `P filter killable
     A new
     A open own
     S receive n
     P signal STOP
     S send n raw-error -513 => 0
     P returns => stopped
     P signal CONT
     A returns => waiting | errno 513`,
    '-513 must only be sent while a stop is pending',
  ),
  aCase(
    'an answer for a thread that is to stop is not lost',
    `P filter killable
     A new
     A open own
     S receive n
     P signal STOP
     P returns => stopped
     S send n value 9 => 0
     A returns => stopped
     P signal CONT
     A returns => 9`,
  ),
  aCase(
    'killable: a descriptor reaches a thread that is to stop',
    `P filter killable
     A new
     A open own
     S receive n
     S open f own
     P signal STOP
     P returns => stopped
     S add n f => 4
     S valid n => 0
     S send n value 4 => 0
     P signal CONT
     A returns => 4`,
  ),
  aCase(
    'SIGCONT alone does nothing',
    `P filter plain
     A new
     A open own
     S receive n
     P signal CONT
     A returns => waiting
     S valid n => 0
     S send n value 2
     A returns => 2`,
  ),
  aCase(
    'two signals in one wait',
    `P filter plain
     A new
     P on USR1 restart
     P on USR2 fail
     A blocks USR1
     A open own
     S receive n
     A kill USR1
     A kill USR2
     A returns => EINTR
     P handled => 1
     A unblocks USR1
     P handled => 2`,
  ),
];
