import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../core/ports/logger.js';
import { systemCall } from '../linux/native.js';
import { EpollSet } from '../linux/poll.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import type { ListenerNote, LostListener } from './protocol.js';

/** Keys below are others' in the loops' epoll sets. */
const firstKey = 16;
const hangupsAtOnce = 64;

/** A listener that is kept. */
export interface KeptListener {
  readonly key: number;
  readonly descriptor: number;
  readonly state: ContainerProcessState;
  readonly origin: string;
  note?: ListenerNote;
}

/**
 * The listeners that outlive supervisors: held here and looked at for nothing but their end (POLLHUP). What
 * a later keeper has to know of each is in a file, since descriptors can be stored elsewhere and words not.
 */
export class ListenerBook {
  private readonly kept = new Map<number, KeptListener>();
  private readonly epoll = new EpollSet(hangupsAtOnce);
  private readonly watch: Watch;
  private readonly directory: string;
  private nextKey: number;
  private writing: Promise<unknown> = Promise.resolve();

  constructor(
    stateDirectory: string,
    private readonly logger: Logger,
    private readonly onGone: (listener: KeptListener) => void,
  ) {
    this.directory = join(stateDirectory, 'listeners');
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    this.nextKey = Math.max(firstKey, ...this.stored().map((key) => key + 1));
    this.watch = watchReadable(this.epoll.descriptor, () => this.look());
  }

  get all(): readonly KeptListener[] {
    return [...this.kept.values()];
  }

  /**
   * Takes a listener that a runtime handed over. What is known of it is written before this returns: stored
   * elsewhere without it, the descriptor would tell a later keeper nothing.
   */
  take(state: ContainerProcessState, descriptor: number, origin = 'runtime'): KeptListener {
    const listener: KeptListener = { key: this.nextKey++, descriptor, state, origin };
    this.hold(listener);
    const path = this.path(listener.key);
    try {
      writeFileSync(`${path}.new`, JSON.stringify({ state }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      this.notWritten(error);
    }
    return listener;
  }

  /** Takes back one that an earlier keeper had, by its key; undefined when nothing is known of it. */
  takeBack(key: number, descriptor: number): KeptListener | undefined {
    const text = this.read(key);
    if (text === undefined) return undefined;
    const listener: KeptListener = { ...text, key, descriptor, origin: 'runtime' };
    this.hold(listener);
    return listener;
  }

  /** Lets a listener go: its target is gone, or nobody is to serve it. */
  drop(key: number): void {
    const listener = this.kept.get(key);
    if (listener === undefined) return;
    this.epoll.remove(listener.descriptor);
    this.kept.delete(key);
    systemCall('close', listener.descriptor);
    this.remove(key);
    this.onGone(listener);
  }

  note(key: number, note: ListenerNote): void {
    const listener = this.kept.get(key);
    if (listener === undefined) return;
    listener.note = note;
    this.write(listener);
  }

  /** Listeners that an earlier keeper had and nobody brought back: forgotten, and told of once. */
  takeLost(): LostListener[] {
    const lost: LostListener[] = [];
    for (const key of this.stored()) {
      if (this.kept.has(key)) continue;
      const known = this.read(key);
      if (known?.note !== undefined) lost.push({ state: known.state, note: known.note });
      this.remove(key);
    }
    return lost;
  }

  /** Resolves when all files say what is known. */
  async close(): Promise<void> {
    this.watch.stop();
    this.epoll.close();
    await this.writing;
  }

  private hold(listener: KeptListener): void {
    this.kept.set(listener.key, listener);
    // Interest in nothing: hang-ups are reported all the same.
    this.epoll.add(listener.descriptor, listener.key, 0);
  }

  private look(): void {
    const ready = this.epoll.wait(0);
    for (let index = 0; index < ready; index++) {
      this.drop(this.epoll.key(index));
    }
  }

  private path(key: number): string {
    return join(this.directory, `${key}.json`);
  }

  private stored(): number[] {
    return readdirSync(this.directory)
      .map((name) => /^(\d+)\.json$/.exec(name)?.[1])
      .filter((key) => key !== undefined)
      .map(Number);
  }

  private read(key: number): { state: ContainerProcessState; note?: ListenerNote } | undefined {
    try {
      const known = JSON.parse(readFileSync(this.path(key), 'utf8'));
      return typeof known?.state?.containerId === 'string' ? known : undefined;
    } catch {
      return undefined;
    }
  }

  /** One write follows the other, so that a file never ends as an older one. */
  private write(listener: KeptListener): void {
    const path = this.path(listener.key);
    const text = textOf(listener);
    this.afterwards(async () => {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    });
  }

  private remove(key: number): void {
    this.afterwards(() => rm(this.path(key), { force: true }));
  }

  private afterwards(work: () => Promise<unknown>): void {
    this.writing = this.writing.then(work).catch((error: unknown) => this.notWritten(error));
  }

  private notWritten(error: unknown): void {
    this.logger.warn({ err: error }, 'what is known of a listener could not be written down');
  }
}

/** What the files of a state directory say of listeners that an earlier keeper had, by key. */
export function rememberedListeners(stateDirectory: string): ReadonlyMap<number, ContainerProcessState> {
  const directory = join(stateDirectory, 'listeners');
  const found = new Map<number, ContainerProcessState>();
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const key = /^(\d+)\.json$/.exec(name)?.[1];
    if (key === undefined) continue;
    try {
      const known = JSON.parse(readFileSync(join(directory, name), 'utf8'));
      if (typeof known?.state?.containerId === 'string') found.set(Number(key), known.state);
    } catch {
      // Half a file says nothing; the keeper forgets it.
    }
  }
  return found;
}

function textOf({ state, note }: KeptListener): string {
  return JSON.stringify({ state, note });
}
