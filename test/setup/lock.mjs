import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './run.mjs';

const waitSecondsMax = 900;
const ownerlessSecondsMax = 10;

/** A pid with its start time, because a pid alone is used again. */
function processIdentity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${pid} ${fields[19]}`;
  } catch {
    return `${pid} gone`;
  }
}

/** A lock is stale when its owner is gone, or when its owner died before it wrote its name. */
function isStale(lockDirectory) {
  try {
    const owner = readFileSync(join(lockDirectory, 'owner'), 'utf8');
    return processIdentity(owner.split(' ')[0]) !== owner;
  } catch {
    try {
      return Date.now() - statSync(lockDirectory).mtimeMs > ownerlessSecondsMax * 1000;
    } catch {
      return false;
    }
  }
}

/** Moved away first and looked at again: another waiter may have removed it and taken the lock meanwhile. */
function removeStale(lockDirectory) {
  const aside = `${lockDirectory}.stale-${process.pid}`;
  try {
    renameSync(lockDirectory, aside);
    if (isStale(aside)) rmSync(aside, { recursive: true, force: true });
    else renameSync(aside, lockDirectory);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function tryLock(lockDirectory) {
  try {
    mkdirSync(lockDirectory);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
  writeFileSync(join(lockDirectory, 'owner'), processIdentity(process.pid));
  return true;
}

/** Runs `work` while no other prepare does. The lock is a directory, because mkdir is atomic everywhere. */
export async function withLock(lockDirectory, onWait, work) {
  mkdirSync(dirname(lockDirectory), { recursive: true });
  const deadline = Date.now() + waitSecondsMax * 1000;
  let told = false;
  while (!tryLock(lockDirectory)) {
    if (isStale(lockDirectory)) {
      removeStale(lockDirectory);
      continue;
    }
    if (Date.now() > deadline)
      throw new SetupError(`still locked after ${waitSecondsMax} s`, `remove ${lockDirectory}`);
    if (!told) onWait();
    told = true;
    await new Promise((wake) => setTimeout(wake, 250));
  }
  try {
    return await work();
  } finally {
    rmSync(lockDirectory, { recursive: true, force: true });
  }
}
