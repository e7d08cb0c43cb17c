import { readFileSync } from 'node:fs';

/** The soft limit in the text of proc_pid_limits(5); undefined for none or unlimited. Pure. */
export function parseFileLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/**
 * The soft limit of open files that whoever started deputy had, which is what a program that it had started
 * itself would have got: Node has raised deputy's own to the hard limit. Undefined when it can't be read.
 */
export function starterFileLimit(): number | undefined {
  try {
    return parseFileLimit(readFileSync(`/proc/${process.ppid}/limits`, 'utf8'));
  } catch {
    return undefined;
  }
}
