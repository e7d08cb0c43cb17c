import { join } from 'node:path';
import type { Logger } from '../../core/ports/logger.js';
import { lostCallsEveryMs, lostCallsRounds, withFormer } from '../../core/serving/lost-calls.js';
import type { Serving } from '../host/serving.js';
import { knownCalls, reissueLostCalls } from '../supervisor/lost-calls.js';
import type { KeeperLink, OfferedListener } from './keeper-link.js';

export interface LostSearchOptions {
  readonly serving: Serving;
  readonly stateDirectory: string;
  readonly link: KeeperLink;
  readonly logger: Logger;
}

/**
 * A record may be lost with a damaged journal. Its call is looked for several times: what tells where to
 * look for it, a call of the same target, may come a little later. For listeners that somebody has served.
 */
export async function searchLost(
  listeners: readonly OfferedListener[],
  options: LostSearchOptions,
): Promise<void> {
  for (let round = 0; round < lostCallsRounds; round++) {
    for (const { key, state } of listeners) {
      try {
        await reissueLost(key, state.processId, options);
      } catch (error) {
        options.logger.error({ err: error, listener: key }, 'lost calls could not be looked for');
      }
    }
    await new Promise<void>((resolve) => setTimeout(resolve, lostCallsEveryMs).unref());
  }
}

async function reissueLost(
  key: number,
  processId: number,
  { serving: { server, journal }, stateDirectory, link, logger }: LostSearchOptions,
): Promise<void> {
  const served = server.served(key);
  if (served === undefined) return;
  const journalDirectory = join(stateDirectory, 'journal');
  await reissueLostCalls(
    { key, descriptor: served.descriptor, processId },
    {
      injector: link,
      logger,
      known: () =>
        withFormer(knownCalls(journalDirectory, key, journal.firstSegment), server.served(key)?.former ?? []),
      expect: (threadIds) => served.tell({ kind: 'reissued', key, threadIds }),
    },
  );
}
