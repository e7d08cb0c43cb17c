import type { MountEntry } from '../../core/ports/kernel.js';
import { readTextAt } from './basic-files.js';

/** A container with more mounts than fit is refused rather than read without end. */
const mountInformationLimitBytes = 8 << 20;

/**
 * Finds a mount by its id in the mountinfo of the thread whose /proc directory is open
 * (proc_pid_mountinfo(5)).
 * Undefined when the thread's mount namespace has none; or minus an errno.
 */
export function findMountEntry(directory: number, mountId: number): MountEntry | undefined | number {
  const text = readTextAt(directory, 'mountinfo', mountInformationLimitBytes);
  if (typeof text === 'number') return text;
  return parseMountEntry(text, mountId);
}

/** Looks one mount up in the text of mountinfo. Pure. */
export function parseMountEntry(text: string, mountId: number): MountEntry | undefined {
  const prefix = `${mountId} `;
  const line = text.split('\n').find((one) => one.startsWith(prefix));
  return line === undefined ? undefined : parseLine(line);
}

/** A mount as two namespaces can be compared by: device, root, and how it may be used. */
export interface PlacedMount {
  readonly entry: MountEntry;
  /** MAJOR:MINOR of the superblock, the same in every namespace. */
  readonly device: string;
  /** Options of the mount itself: `ro`, `nosuid`, `idmapped` ... */
  readonly options: readonly string[];
}

/** Looks one mount up in the mountinfo below a /proc directory: it, undefined, or minus an errno. */
export function findPlacedMount(directory: number, mountId: number): PlacedMount | undefined | number {
  const text = readTextAt(directory, 'mountinfo', mountInformationLimitBytes);
  return typeof text === 'number' ? text : parsePlacedMount(text, mountId);
}

/** The same in the text of mountinfo. Pure. */
export function parsePlacedMount(text: string, mountId: number): PlacedMount | undefined {
  const prefix = `${mountId} `;
  const line = text.split('\n').find((one) => one.startsWith(prefix));
  if (line === undefined) return undefined;
  const fields = line.split(' ');
  return { entry: parseLine(line), device: fields[2] ?? '', options: (fields[5] ?? '').split(',') };
}

/** All mounts in the text of mountinfo. Pure. */
export function parseMounts(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map(parseLine);
}

function parseLine(line: string): MountEntry {
  const [before, after] = line.split(' - ', 2);
  const fields = (before ?? '').split(' ');
  return {
    mountId: Number(fields[0]),
    root: unescapePath(fields[3] ?? ''),
    mountPoint: unescapePath(fields[4] ?? ''),
    fileSystemType: (after ?? '').split(' ', 1)[0] ?? '',
    verdict: -1,
  };
}

/** mountinfo writes space, tab, newline and backslash as octal escapes. */
function unescapePath(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return bytes;
}
