import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { goldenPath } from './recorded.js';

const kept = /^(journal\/\d{12}\.segment|journal\/checkpoint\.json|events\/events-\d{16}\.log)$/;

/** Keeps a state directory as one text file: nearly all of its segments is zeros. */
export function keepState(stateDirectory: string, name: string): void {
  const files = readdirSync(stateDirectory, { recursive: true, encoding: 'utf8' })
    .filter((path) => kept.test(path))
    .sort();
  const packed = files.map((path) => {
    const bytes = gzipSync(readFileSync(join(stateDirectory, path)), { level: 9 });
    return `${path} ${bytes.toString('base64')}`;
  });
  writeFileSync(goldenPath(name), `${packed.join('\n')}\n`);
}

/** Makes a state directory of a kept one; the caller removes it. */
export function unpackState(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'deputy-history-'));
  for (const line of readFileSync(goldenPath(name), 'latin1').trim().split('\n')) {
    const [path = '', packed = ''] = line.split(' ');
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), gunzipSync(Buffer.from(packed, 'base64')));
  }
  return directory;
}

export function removeState(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
