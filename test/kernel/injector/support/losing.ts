import { setImmediate } from 'node:timers/promises';
import { ReissueClient, type ReissueResult } from '../../../../adapters/injector/reissue-client.js';
import { allocate } from '../../../../adapters/linux/memory.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { runSession, type SessionOptions, type SessionResult, type TestInjector } from './session.js';
import type { Target } from './target.js';

const openByHandleAt = 304;
/** WNOHANG, WUNTRACED and WCONTINUED of waitpid(2). */
const anyChange = 1 | 2 | 8;

/** What the reissues of a session gave. */
export interface LosingResult extends SessionResult {
  readonly results: (ReissueResult | number)[];
  /** Stops and continuations of its child that the target's parent was told of. */
  readonly reported: number;
}

/** Names all that is lost now; with false, the fresh calls are lost as well. */
export type AskForReissue = (answersNext?: boolean) => Promise<ReissueResult | number>;

/** How a session that loses notifications goes. */
export interface LosingOptions extends SessionOptions {
  /** What is done instead of one reissue, once all threads wait in lost calls. */
  readonly reissueBy?: (ask: AskForReissue, target: Target) => Promise<unknown>;
}

/**
 * Runs a target each of whose calls is lost once: received, and never written down. When all its threads wait
 * in lost calls they are reissued, and the fresh notifications are answered by injection.
 */
export async function runLosingSession(
  targetOptions: Record<string, number>,
  injector: TestInjector,
  options: LosingOptions = {},
): Promise<LosingResult> {
  const threads = targetOptions['threads'] ?? 1;
  const lost = new Map<number, bigint>();
  const due = new Set<number>();
  const results: (ReissueResult | number)[] = [];
  const status = allocate(4096);
  const rounds = targetOptions['calls'] ?? 10;
  let begun = 0;
  let reported = 0;
  let loop = injector.control.openLoop();
  let client = new ReissueClient(loop);

  const reissueAll = async (target: Target): Promise<void> => {
    // The target is blocked, so it can't have ended, and this can't take its end from Node.
    if (systemCall('wait4', target.processId, status.address, anyChange, 0) !== 0) reported++;
    begun++;
    const ask = async (answersNext = true): Promise<ReissueResult | number> => {
      const [threadIds, ids] = [[...lost.keys()], [...lost.values()]];
      // The fresh calls can be answered, and the next ones lost, before the reissue says that it is done.
      if (answersNext) {
        for (const threadId of threadIds) due.add(threadId);
        lost.clear();
      }
      const result = await client.reissue(target.listener, threadIds, ids, [openByHandleAt]);
      results.push(result);
      return result;
    };
    if (options.reissueBy) await options.reissueBy(ask, target);
    else await ask();
  };

  const session = await runSession(targetOptions, {
    ...options,
    injector,
    loses: (threadId, id) => {
      // A thread that a signal took out of its call has more to do than the others, and loses no more of it.
      if (due.delete(threadId) || begun >= rounds) return false;
      lost.set(threadId, id);
      return true;
    },
    ...(options.successor && {
      successor: async () => {
        const next = await (options.successor as () => Promise<TestInjector>)();
        client.close();
        loop = next.control.openLoop();
        client = new ReissueClient(loop);
        return next;
      },
    }),
    meanwhile: async (target) => {
      let ended = false;
      void target.ended.then(() => {
        ended = true;
      });
      while (!ended) {
        if (lost.size === threads) await reissueAll(target);
        await setImmediate();
      }
    },
  });
  client.close();
  return { ...session, results, reported };
}
