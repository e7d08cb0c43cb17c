import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '../../../adapters/host/build.js';

/** What decides how a run goes: deputy's own code and the model, not how it is shown. */
const rooms = ['core', 'strategies', 'simulator'];
const notDeciding = /^simulator\/(cli|show|compare)[/.]/;
let known: string | undefined;

/** The build's name: the version, a digest of the code that a run's course depends on, and Node's version. */
export function buildIdentity(): string {
  known ??= `deputy ${version} code ${codeDigest()} node ${process.versions.node}`;
  return known;
}

function codeDigest(): string {
  // This file stands at simulator/cli/library/ below the built or the source tree.
  const top = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
  const hash = createHash('sha256');
  for (const room of rooms) {
    const names = readdirSync(join(top, room), { recursive: true, encoding: 'utf8' }).sort();
    for (const name of names) {
      const path = `${room}/${name}`;
      if (!/(?<!\.d)\.(js|ts)$/.test(name) || notDeciding.test(path)) continue;
      hash
        .update(path)
        .update('\0')
        .update(readFileSync(join(top, path)));
    }
  }
  return hash.digest('hex').slice(0, 12);
}
