import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Flags column of /proc/net/unix (proc_pid_net(5)) for a socket that listens: __SO_ACCEPTCON. */
const listening = 0x10000;
const pollMs = 5;

/**
 * Does a process listen on a unix socket of this path? Asked of the kernel's own table: connecting would take
 * the one connection that a vhost-user server accepts.
 */
export function isListening(processId: number, path: string): boolean {
  const inodes = listeningInodes(readFileSync(`/proc/${processId}/net/unix`, 'utf8'), posix.normalize(path));
  return inodes.length > 0 && hasSocket(processId, new Set(inodes));
}

/** Waits until a process listens on a socket of this path: false when it is over, or late. */
export async function beginsToListen(
  processId: number,
  path: string,
  { deadlineMs, isOver }: { readonly deadlineMs: number; readonly isOver: () => boolean },
): Promise<boolean> {
  for (const end = performance.now() + deadlineMs; performance.now() < end && !isOver(); ) {
    try {
      if (isListening(processId, path)) return true;
    } catch {
      // It is about to end.
    }
    await sleep(pollMs);
  }
  return false;
}

/** Inode numbers of sockets that listen there. Pure. */
export function listeningInodes(table: string, path: string): string[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const isMeant = posix.normalize(fields.slice(7).join(' ') || '.') === path;
    return isMeant && (Number.parseInt(fields[3] ?? '', 16) & listening) !== 0 ? [fields[6] ?? ''] : [];
  });
}

function hasSocket(processId: number, inodes: ReadonlySet<string>): boolean {
  for (const name of readdirSync(`/proc/${processId}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${processId}/fd/${name}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) return true;
    } catch {
      // It was closed meanwhile.
    }
  }
  return false;
}

/** Was anything written to the other end of the pipe in time? Closes this end. */
export async function hasSaidSo(pipe: number, deadlineMs: number): Promise<boolean> {
  const reader = new Socket({ fd: pipe, readable: true, writable: false });
  try {
    return await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), deadlineMs);
      const settle = (isReady: boolean): void => {
        clearTimeout(late);
        resolve(isReady);
      };
      reader.once('data', () => settle(true));
      reader.once('close', () => settle(false));
    });
  } finally {
    reader.destroy();
  }
}
