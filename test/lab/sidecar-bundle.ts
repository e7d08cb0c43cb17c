import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deputyCommand } from './agent-process.js';
import { targetGid, targetUid } from './bundle.js';
import type { Container } from './container.js';
import type { LabHost } from './lab-host.js';
import { checkoutDirectory } from './paths.js';

/** A new folder that belongs to the target. */
export function ownedFolder(path: string): string {
  mkdirSync(path);
  chownSync(path, targetUid, targetGid);
  return path;
}

/** Calls of crun on a lab's host, as a program and its words. */
export function crunCommand(host: LabHost): (...words: string[]) => readonly [string, string[]] {
  return (...words) => {
    const [program = '', ...rest] = [...host.enter, 'crun', '--root', host.stateDirectory('crun'), ...words];
    return [program, rest];
  };
}

/** A root file system with Node and this checkout in it, by mounts that nobody can write to. */
function makeRoot(host: LabHost): { readonly path: string; readonly mounts: object[] } {
  const path = join(host.directory, 'sidecar-root');
  mkdirSync(path);
  for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(path, folder));
  const places = ['/usr', checkoutDirectory(), realpathSync(join(checkoutDirectory(), 'node_modules'))];
  const options = ['rbind', 'ro', 'nosuid', 'nodev'];
  const mounts = [...new Set(places)].map((place) => ({
    destination: place,
    source: place,
    type: 'bind',
    options,
  }));
  return { path, mounts };
}

/**
 * What `deputy sidecar render` prints for a sidecar beside a container, with the program's own files put where
 * an image would have them: the bundle's directory. `words`: the form, and what it wants besides.
 */
export function writeSidecarBundle(
  host: LabHost,
  target: Container,
  name: string,
  words: readonly string[],
): string {
  const state = ownedFolder(join(host.directory, 'sidecar-state'));
  const root = makeRoot(host);
  const rendered = spawnSync(
    process.execPath,
    [
      ...[deputyCommand(), 'sidecar', 'render', '--format', 'oci', '--user', `${targetUid}:${targetGid}`],
      ...['--socket-source', target.socketDirectory, '--state-source', state, '--root', root.path],
      ...['--target-pid', `${target.pid}`, '--cgroups-path', `${host.cgroup}/${name}`, ...words],
      ...['--command', process.execPath, deputyCommand()],
    ],
    { encoding: 'utf8' },
  );
  if (rendered.status !== 0) throw new Error(rendered.stderr);
  const config = JSON.parse(rendered.stdout) as { mounts: object[] };
  config.mounts.push(...root.mounts);
  const bundle = join(host.directory, 'sidecar-bundle');
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}
