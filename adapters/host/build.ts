import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version in the nearest package.json that is deputy's: the same from sources and from dist/. */
function readVersion(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (let depth = 0; depth < 6; depth++) {
    try {
      const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (manifest.name === 'deputy' && manifest.version !== undefined) return manifest.version;
    } catch {
      // Not here; the next directory up may have it.
    }
    directory = dirname(directory);
  }
  return '0.0.0';
}

/** This build's version. */
export const version = readVersion();
/** What journals and processes say of who wrote them. */
export const build = `deputy ${version} node ${process.versions.node}`;
