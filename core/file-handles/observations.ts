/**
 * What a probe of opens by handle sees, step by step; each is 0 or more, or minus an errno. A step that was
 * not reached, or for which there was nothing to try it on, is missing.
 */
export const probeSteps = [
  /** A user and a mount namespace of its own. */
  'unshare',
  /** An idmapped, detached mount, made for it from outside and put into its mount namespace. */
  'open_tree',
  'mount_setattr',
  'move_mount',
  /** Ids that are mapped there. */
  'map',
  /** A file system that it mounts itself. */
  'mount',
  'open',
  /** name_to_handle_at(2), and the size of that handle. */
  'encode',
  'bytes',
  /** open_by_handle_at(2) of a directory: with O_DIRECTORY, without, with O_PATH. */
  'directory',
  'plain',
  'path',
  /** With O_DIRECTORY and bytes of a seal behind the kernel's own; of the directory, and of one below it. */
  'sealed',
  'below',
  /** Of a regular file, and the same with O_DIRECTORY. */
  'file',
  'file-directory',
] as const;
export type ProbeStep = (typeof probeSteps)[number];
export type HandleObservations = Readonly<Partial<Record<ProbeStep, number>>>;

const isStep = (name: string): name is ProbeStep => (probeSteps as readonly string[]).includes(name);

/** Reads the lines `NAME NUMBER` that a probe prints; others are left out. Pure. */
export function parseObservations(text: string): HandleObservations {
  const seen: Partial<Record<ProbeStep, number>> = {};
  for (const line of text.split('\n')) {
    const [name = '', value = ''] = line.split(' ', 2);
    const number = Number(value);
    if (isStep(name) && value !== '' && Number.isSafeInteger(number)) seen[name] = number;
  }
  return seen;
}
