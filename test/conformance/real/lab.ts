import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeShare, targetId } from '../../kernel/support/share.js';
import { TrapTarget } from '../../kernel/support/trap-target.js';
import { Hand } from './hand-client.js';

const handleStructBytes = 136;

/** Threads that do things in their own name. They outlive a case: starting one takes its time. */
export class Hands {
  private readonly known = new Map<string, Hand>();

  of(name: string): Hand {
    const known = this.known.get(name) ?? new Hand();
    this.known.set(name, known);
    return known;
  }

  async end(name: string): Promise<void> {
    const known = this.known.get(name);
    this.known.delete(name);
    await known?.end();
  }

  async forget(): Promise<void> {
    await this.known.get('loop')?.ask('forget');
  }

  async endAll(): Promise<void> {
    for (const name of [...this.known.keys()]) await this.end(name);
  }
}

/** What cases have in common: a share that is made anew only when a case took a file from it. */
export class Lab {
  readonly hands = new Hands();
  private made: { directory: string; share: string } | undefined;
  private helper: TrapTarget | undefined;
  private readonly handles = new Map<string, Uint8Array>();

  get share(): string {
    this.made ??= this.make();
    return this.made.share;
  }

  /** The files that every test of the kernel has, and a program that runs. */
  private make(): { directory: string; share: string } {
    const made = makeShare();
    const program = join(made.share, 'program');
    copyFileSync('/bin/sleep', program);
    chmodSync(program, 0o755);
    chownSync(program, targetId, targetId);
    this.running = spawn(program, ['600'], { stdio: 'ignore' });
    return made;
  }
  private running: ChildProcess | undefined;

  /** A file's handle, from a process that is under no filter. */
  async handleOf(path: string): Promise<Uint8Array> {
    const known = this.handles.get(path);
    if (known !== undefined) return known;
    this.helper ??= TrapTarget.start(this.share);
    const result = await this.helper.encode('handle', path);
    if (typeof result === 'string') throw new Error(`${path}: ${result}`);
    const bytes = new Uint8Array(handleStructBytes);
    bytes.set(Buffer.from(await this.helper.handleHex('handle'), 'hex'));
    this.handles.set(path, bytes);
    return bytes;
  }

  async remove(path: string): Promise<void> {
    unlinkSync(join(this.share, path));
    this.isSpoilt = true;
  }
  private isSpoilt = false;

  /** A case is over. */
  async tidyUp(): Promise<void> {
    if (this.isSpoilt) await this.forgetShare();
  }

  async end(): Promise<void> {
    await this.hands.endAll();
    await this.forgetShare();
  }

  private async forgetShare(): Promise<void> {
    await this.helper?.end();
    this.helper = undefined;
    this.running?.kill('SIGKILL');
    this.handles.clear();
    if (this.made !== undefined) spawnSync('rm', ['-rf', this.made.directory]);
    this.made = undefined;
    this.isSpoilt = false;
  }
}
