/** Where descriptors are kept that outlive the keeper itself: the service manager's store, say. */
export interface DescriptorStorage {
  store(name: string, descriptor: number): void;
  remove(name: string): void;
  /** Resolves when all is said that was to be said, or given up. */
  settled(): Promise<void>;
}

/** A descriptor that an earlier keeper had stored. */
export interface StoredDescriptor {
  readonly name: string;
  readonly descriptor: number;
}

export const socketName = 'socket';
/** What injectors have written down of what they did. */
export const scoreboardName = 'scoreboard';

/** The name under which a listener is stored. */
export function listenerName(key: number): string {
  return `listener-${key}`;
}

/** The key of a stored listener, or undefined when the name is another's. */
export function listenerKey(name: string): number | undefined {
  const key = /^listener-(\d+)$/.exec(name)?.[1];
  return key === undefined ? undefined : Number(key);
}
