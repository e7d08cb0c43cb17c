import { closeSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { storageError } from './segment-error.js';
import { createMappedFile, type MappedFile, nameSegment } from './segment-file.js';
import type { SegmentHeader } from './segment-header.js';

/** A file of a segment's size that is made ready, under another name, before it is its process's turn. */
export class SpareSegment {
  private constructor(
    private readonly path: string,
    private readonly file: MappedFile,
  ) {}

  /** Makes one, and the directory if need be. Throws as createMappedFile(). */
  static create(directory: string): SpareSegment {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      removeSpares(directory);
    } catch (error) {
      throw storageError(directory, error);
    }
    const path = join(directory, `${process.pid}.spare`);
    return new SpareSegment(path, createMappedFile(path));
  }

  /** Makes it a segment. Throws, and stays a spare, when there is one of that number. */
  use(directory: string, header: SegmentHeader): MappedFile {
    nameSegment(this.path, this.file, directory, header);
    return this.file;
  }

  remove(): void {
    closeSync(this.file.descriptor);
    rmSync(this.path, { force: true });
  }
}

/** Files that processes had made ready which never had their turn, and are gone. */
function removeSpares(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = /^(\d+)\.spare$/.exec(name)?.[1];
    if (pid === undefined) continue;
    if (pid === `${process.pid}` || !existsSync(`/proc/${pid}`))
      rmSync(join(directory, name), { force: true });
  }
}
