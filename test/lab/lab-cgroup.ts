import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from './child.js';

let made = 0;

/** Where cgroup version 2 is mounted: alone, or beside version 1; undefined where it isn't. */
export function cgroupMount(): string | undefined {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.find((line) => line.includes(' - cgroup2 '))?.split(' ')[4];
}

/** Makes an empty cgroup named after this process; those whose makers are gone are removed first. */
export function makeLabCgroup(): string {
  const mount = cgroupMount();
  if (mount === undefined) throw new Error('no cgroup2 file system is mounted');
  for (const name of readdirSync(mount)) {
    const pid = /^deputy-systemd-(\d+)-\d+$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeTree(join(mount, name));
  }
  const path = join(mount, `deputy-systemd-${process.pid}-${made++}`);
  mkdirSync(path);
  return path;
}

/** Removes a cgroup and those below it as soon as their last process is gone. */
export async function removeLabCgroup(path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (removeTree(path)) return;
    await sleep(50);
  }
  throw new Error(`${path} still has processes`);
}

function removeTree(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(path, entry.name));
    }
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}
