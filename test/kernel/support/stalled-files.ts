import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileTarget } from './compile.js';
import { LineProcess } from './line-process.js';

/** A FUSE file system whose READ waits until it is told to answer (test/targets/fuse-stall.c). */
export class StalledFiles {
  private constructor(
    private readonly process: LineProcess,
    readonly directory: string,
  ) {}

  static async mount(): Promise<StalledFiles> {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-stall-'));
    const process = new LineProcess(compileTarget('fuse-stall'), [directory]);
    const word = await process.next('fuse-stall');
    if (word !== 'ready') throw new Error(`fuse-stall: ${word}`);
    return new StalledFiles(process, directory);
  }

  /** What every file begins with, as hexadecimal. */
  async setContent(hex: string): Promise<void> {
    await this.process.ask(`content ${hex}`);
  }

  /** Resolves when a READ waits. */
  stalled(): Promise<string> {
    return this.process.next('a stalled READ');
  }

  /** From now on nothing at all is answered. */
  async stallAll(): Promise<void> {
    await this.process.ask('all');
  }

  /** Answers what waits. */
  async release(): Promise<void> {
    await this.process.ask('release');
  }

  /** Ends the file system and unmounts it; whoever still waits gets an error. */
  async stop(): Promise<void> {
    await this.process.end();
  }

  /** As stop, and nothing is left behind. */
  async close(): Promise<void> {
    await this.stop();
    rmdirSync(this.directory);
  }
}
