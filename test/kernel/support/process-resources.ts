import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process holds: counted, so that a leak shows. */
export interface Resources {
  /** Without the files of the state directory, of which a few more or fewer are open at a time. */
  readonly descriptors: number;
  readonly stateFiles: number;
  readonly residentKiB: number;
  readonly threads: number;
  readonly tracedThreads: number;
}

/** Reads /proc/PID (proc(5)). */
export function resourcesOf(pid: number): Resources {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? -1);
  const tasks = readdirSync(`/proc/${pid}/task`);
  const traced = tasks.filter(
    (task) => !/^TracerPid:\s+0$/m.test(readText(`/proc/${pid}/task/${task}/status`)),
  );
  const descriptors = descriptorsOf(pid);
  const stateFiles = descriptors.filter((text) => /\/state\/(journal|events)\//.test(text)).length;
  return {
    descriptors: descriptors.length - stateFiles,
    stateFiles,
    residentKiB: field('VmRSS'),
    threads: field('Threads'),
    tracedThreads: traced.length,
  };
}

/** Zombie children of a process. */
export function zombiesOf(pid: number): number {
  const children = readText(`/proc/${pid}/task/${pid}/children`).trim().split(/\s+/).filter(Boolean);
  return children.filter((child) => /^State:\s+Z/m.test(readText(`/proc/${child}/status`))).length;
}

/** What a process's descriptors are, for a message when there are too many. */
export function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return `${fd} -> ${readlinkSync(`/proc/${pid}/fd/${fd}`)}`;
    } catch {
      return `${fd} -> (gone)`;
    }
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
