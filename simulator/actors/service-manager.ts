import type { StoredListener } from './agent.js';

/** A service manager's store of descriptors (FDSTORE of sd_notify(3)), which outlives the service. */
export class DescriptorStore {
  private readonly stored = new Map<number, StoredListener>();

  store(listener: StoredListener): void {
    if (this.stored.has(listener.key)) return;
    listener.listener.refer();
    this.stored.set(listener.key, listener);
  }

  remove(key: number): void {
    this.stored.get(key)?.listener.release();
    this.stored.delete(key);
  }

  has(listener: StoredListener['listener']): boolean {
    return [...this.stored.values()].some((one) => one.listener === listener);
  }

  get all(): readonly StoredListener[] {
    return [...this.stored.values()];
  }
}
