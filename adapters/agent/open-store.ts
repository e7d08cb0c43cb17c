import type { Logger } from '../../core/ports/logger.js';
import { Outage } from '../logging/outage.js';

/** How often a store that can't be opened is tried. */
const retryMs = 1_000;
const fails = 'the event store can not be opened; requests are answered, their events stay in the journal';

/** Opens the event store, however often that takes; undefined when `isEnding` comes first. */
export async function openStore<Store>(
  open: () => Promise<Store>,
  isEnding: () => boolean,
  logger: Logger,
): Promise<Store | undefined> {
  const outage = new Outage(logger, fails, 'the event store is open');
  while (!isEnding()) {
    try {
      const store = await open();
      outage.end();
      return store;
    } catch (error) {
      outage.note(error);
      await new Promise<void>((resolve) => setTimeout(resolve, retryMs).unref());
    }
  }
  return undefined;
}
