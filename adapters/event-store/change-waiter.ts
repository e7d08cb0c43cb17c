import { type FSWatcher, watch } from 'node:fs';

/**
 * Waits until a directory may have changed. Looking again now and then is what makes it sure; fs.watch and
 * `poke` only make it quick, since a machine can run out of inotify watches.
 */
export class ChangeWaiter {
  readonly #pollIntervalMs: number;
  #watcher: FSWatcher | undefined;
  #hasChanged = false;
  #wake: (() => void) | undefined;

  constructor(directory: string, pollIntervalMs: number) {
    this.#pollIntervalMs = pollIntervalMs;
    try {
      this.#watcher = watch(directory, { persistent: false }, () => this.poke());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  /** Something has changed: ends the wait that is on, or the next one. */
  poke(): void {
    this.#hasChanged = true;
    this.#wake?.();
  }

  /** Resolves after a change since the last wait, or when it is time to look again. */
  async wait(): Promise<void> {
    if (!this.#hasChanged) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pollIntervalMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#hasChanged = false;
  }

  close(): void {
    this.#watcher?.close();
    this.poke();
  }
}
