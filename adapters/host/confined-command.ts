import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { capability, getCapabilities, hasCapability } from '../linux/credentials.js';

/** Where util-linux puts it; a name that is looked up in PATH could be anybody's. */
const places = ['/usr/bin/setpriv', '/bin/setpriv'];
const tryTimeoutMs = 5_000;

let found: { readonly path: string | undefined } | undefined;

/**
 * The words that start a program with these capabilities and no others in any set, bounding included, and
 * with no_new_privs. A process that drops what it has can do so for one thread only, and Node has started
 * others before our code runs: so setpriv(1) drops it before there is a Node. Where that can't be done the
 * words are the program's own, and what is left is what each loop drops for its own thread.
 */
export function confinedCommand(kept: readonly number[], words: readonly string[]): readonly string[] {
  const path = setprivPath();
  return path === undefined ? words : [path, ...options(kept), '--', ...words];
}

/** The words that start a program as a user without any capability; undefined where that can't be done. */
export function unprivilegedCommand(
  user: number,
  group: number,
  words: readonly string[],
): readonly string[] | undefined {
  const path = setprivPath();
  if (path === undefined) return undefined;
  const ids = [`--reuid=${user}`, `--regid=${group}`, '--clear-groups'];
  return [path, ...ids, ...options([]), '--', ...words];
}

/** Can children be started with less than all of root's capabilities? */
export function mayConfineChildren(): boolean {
  return setprivPath() !== undefined;
}

/** Numbers instead of names: setpriv knows those of its own time. */
function options(kept: readonly number[]): string[] {
  const bounding = ['-all', ...kept.map((number) => `+cap_${number}`)].join(',');
  return [`--bounding-set=${bounding}`, '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs'];
}

/** Asked each time whether this process may cut: a sidecar of `deputy run` was root before. */
function setprivPath(): string | undefined {
  const held = getCapabilities();
  const mayCut = typeof held !== 'number' && hasCapability(held.effective, capability.SETPCAP);
  if (!mayCut || process.getuid?.() !== 0) return undefined;
  found ??= { path: findSetpriv() };
  return found.path;
}

/** Tried, since others than util-linux's have the name, too, and fewer options. */
function findSetpriv(): string | undefined {
  return places.find((path) => {
    if (!existsSync(path)) return false;
    const words = [...options([capability.SETUID]), '--', path, '--help'];
    return spawnSync(path, words, { stdio: 'ignore', timeout: tryTimeoutMs }).status === 0;
  });
}
