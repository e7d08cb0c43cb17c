import { aCase, type Case } from '../language.js';

/** The life of a listener: who holds it, who hangs up, and what is left then. */
export const listenerCases: readonly Case[] = [
  aCase(
    'the last holder closes: what waits gets ENOSYS, and so does all that comes',
    `P filter plain
     A new
     B new
     A open own
     B open own
     S receive n
     S close L => 0
     A returns => ENOSYS
     B returns => ENOSYS
     A open own => ENOSYS
     B name own => ENOSYS`,
    'last listener fd closed',
  ),
  aCase(
    'a killable filter whose last holder closes',
    `P filter killable
     A new
     B new
     A open own
     S receive n
     B open own
     S close L => 0
     A returns => ENOSYS
     B returns => ENOSYS
     A open own => ENOSYS`,
    'last listener fd closed',
  ),
  aCase(
    'another holder keeps everything as it is',
    `P filter plain
     A new
     S duplicate L M => done
     A open own
     S receive n
     S close L => 0
     A returns => waiting
     S poll M => OUT
     S duplicate M L
     S valid n => 0
     S close M
     A returns => waiting
     S close L
     A returns => ENOSYS`,
    'listener held by another process',
  ),
  aCase(
    'another descriptor answers what this one has received',
    `P filter plain
     A new
     S duplicate L M
     A open own
     S receive n of=L
     S close L
     B new
     B open own
     S receive m of=M
     S send m value 6
     B returns => 6
     A returns => waiting
     S close M
     A returns => ENOSYS`,
    'answering by id',
  ),
  aCase(
    'the target holds its own listener: nothing is lost with the answerer',
    `P install plain => 4
     S take P 4 => done
     A new
     A open own
     S receive n
     S close L
     A returns => waiting
     S take P 4
     S valid n => ENOENT | 0
     S poll => OUT
     P call close 4
     A returns => waiting
     S close L
     A returns => ENOSYS`
      .split('\n')
      .filter((line) => !/valid/.test(line))
      .join('\n'),
    'listener held by another process',
  ),
  aCase(
    'a second listener for the same thread',
    `P filter plain
     P filter plain M => EBUSY
     P filter killable M => EBUSY
     A new
     A filter plain M => EBUSY
     A open own
     S receive n
     S send n value 1
     A returns => 1`,
  ),
  aCase(
    'a thread from before the filter is not under it, and may have one of its own',
    `A new
     P filter plain
     A open own => 4
     A filter plain M => 5
     A open own => waiting
     S poll L => nothing
     S poll M => IN
     S receive n of=M => id+0 A flags 0 open_by_handle_at c000003e 3 0
     S send n value 9
     A returns => 9
     S close M
     A open own => ENOSYS`
      .replace('A open own => 4', 'A user 107\n     A open own => EPERM')
      .replace('A filter plain M => 5', 'A filter plain M => 4'),
  ),
  aCase(
    'after the listener is lost, a new filter can have one again',
    `P filter plain
     S close L
     P filter plain M => 4
     A new
     A open own => waiting
     S receive n of=M => id+0 A flags 0 open_by_handle_at c000003e 3 0
     S send n value 2
     A returns => 2`,
  ),
  aCase(
    'the listener hangs up with the last task',
    `P filter plain
     A new
     C fork
     A open own
     S receive n
     S poll => OUT
     C open own
     S receive m => id+1 C flags 0 open_by_handle_at c000003e 3 0
     C signal KILL
     C returns => gone
     S valid m => ENOENT
     S poll => OUT
     S send m value 3 => ENOENT
     S send n value 4 => 0
     A returns => 4
     S poll => nothing
     P signal KILL
     A returns => gone
     S poll => HUP`,
    'RECV ignores O_NONBLOCK',
  ),
  aCase(
    'nobody is left: POLLHUP, and RECV says so',
    `P filter plain
     A new
     A open own
     S receive n
     P signal KILL
     A returns => gone
     S poll => HUP
     S receive m anyway => ENOENT
     S open f own
     S add n f => ENOENT
     S send n value 1 => ENOENT
     S valid n => ENOENT
     S close L => 0`,
    'RECV ignores O_NONBLOCK',
  ),
  aCase(
    'a killed target, received or not',
    `P filter plain
     A new
     B new
     A open own
     S receive n
     B open own
     S poll => IN OUT
     P signal KILL
     B returns => gone
     S poll => HUP
     S valid n => ENOENT`,
  ),
  aCase(
    'a child of before the filter goes on without',
    `C fork
     C user 107
     P filter plain
     C open own => EPERM
     S poll => nothing`,
  ),
  aCase(
    'what is no listener',
    `P filter plain
     S open f own
     S ioctl 0x40082104 => EINVAL | EFAULT | 0`,
  ),
  aCase(
    'the descriptor of the listener is closed on exec',
    `P install plain => 4
     P describe 4
     P execute
     P fds => 0 1 2 3`,
  ),
];
