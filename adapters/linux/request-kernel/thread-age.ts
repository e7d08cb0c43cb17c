import { uptime } from 'node:os';
import { readTextAt } from '../basic-files.js';

const statLimitBytes = 4096;
/** /proc counts in hundredths of a second on every machine (USER_HZ). */
const tickUs = 10_000;
/** Field 22 of proc_pid_stat(5), counted from the one behind the name. */
const startField = 19;
/** What both times are rounded by, and some more. */
const slackUs = 30_000;

/**
 * Did the thread whose /proc directory is open begin after this time of CLOCK_MONOTONIC? Then it is not one
 * that was there at that time, whatever its number. False when that can't be told.
 */
export function beganAfter(directory: number, timeUs: number): boolean {
  const text = readTextAt(directory, 'stat', statLimitBytes);
  if (typeof text === 'number') return false;
  const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[startField]);
  const ageUs = uptime() * 1_000_000 - ticks * tickUs;
  const agoUs = Number(process.hrtime.bigint()) / 1_000 - timeUs;
  return ageUs + slackUs < agoUs;
}
