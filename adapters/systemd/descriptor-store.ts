import type { NotifySocket } from './notify-socket.js';

const EAGAIN = -11;
/** The service manager's queue is full: it is asked again this often, and not for ever. */
const retryMs = 50;
const retries = 200;

/** The service manager's descriptor store, as a keeper uses it: what finds its queue full is said again. */
export function descriptorStore(notify: NotifySocket): {
  store(name: string, descriptor: number): void;
  remove(name: string): void;
  settled(): Promise<void>;
} {
  const removed = new Set<string>();
  const late = new Set<string>();
  const again = (name: string, say: () => number, left = retries): void => {
    const isLate = say() === EAGAIN && left > 0;
    if (!isLate) return void late.delete(name);
    late.add(name);
    setTimeout(() => {
      if (removed.has(name)) late.delete(name);
      else again(name, say, left - 1);
    }, retryMs).unref();
  };
  return {
    store: (name, descriptor) => again(name, () => notify.storeDescriptor(name, descriptor)),
    remove: (name) => {
      // Names are never given twice, so that a late storing can be told from an early one.
      removed.add(name);
      if (removed.size > 4096) removed.delete([...removed][0] as string);
      notify.removeDescriptor(name);
    },
    settled: async () => {
      while (late.size > 0) await new Promise((resolve) => setTimeout(resolve, retryMs));
    },
  };
}
