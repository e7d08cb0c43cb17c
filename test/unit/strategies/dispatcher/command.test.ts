import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../../core/engine/engine-options.js';
import { deputyError } from '../../../../core/errors/deputy-error.js';
import type { DelegationStateName } from '../../../../core/machines/delegation-life.js';
import type { PayloadEnd } from '../../../../core/ports/payload.js';
import {
  commandSteps,
  type DispatchWork,
  dispatchSteps,
  runCommand,
} from '../../../../strategies/dispatcher/index.js';

const three: PayloadEnd = { kind: 'exited', code: 3 };

interface World {
  /** Ends of earlier lives that nobody has heard of, and those of a container that is gone. */
  readonly earlier?: PayloadEnd[];
  readonly late?: PayloadEnd;
  /** The state of the delegation that a predecessor left open. */
  readonly open?: DelegationStateName;
  readonly isBusy?: boolean;
  readonly isLeft?: boolean;
  readonly fails?: Error;
}

/** Work that does nothing but write down what it was asked for. */
function workOf(world: World): { readonly work: DispatchWork; readonly calls: string[] } {
  const calls: string[] = [];
  const say = (text: string): void => void calls.push(text);
  const left = (end: PayloadEnd | undefined, which: string) =>
    end && { end, settle: async () => say(`settle ${which}`), collect: () => say(`collect ${which}`) };
  const engine = {
    settlePredecessors: async () => say('settle predecessors'),
    delegate: async () => {
      say('delegate');
      if (world.fails) throw world.fails;
    },
    adopt: async ({ delegationId }: { delegationId: string }) => say(`adopt ${delegationId}`),
    close: async () => say('close'),
  } as unknown as Engine;
  const open =
    world.open && ({ delegationId: 'one', tenant: '', state: world.open, counts: {} as never } as const);
  const sequencer = {
    append: () => 0,
    published: async () => {},
    caughtUp: async () => (open ? [open] : []),
  };
  const work: DispatchWork = {
    findEarlier: async () => left(world.earlier?.shift(), 'earlier'),
    findLate: async () => left(world.late, 'late'),
    open: async () => {
      say('open');
      if (world.isBusy) return undefined;
      return { engine, stateDirectory: { sequencer, epoch: 2 }, target: { containerId: 'vm' } };
    },
    follow: async () => {
      say('follow');
      return world.isLeft ? undefined : three;
    },
    collect: () => say('collect'),
    shut: async (error) => say(error === undefined ? 'shut' : 'shut with an error'),
  };
  return { work, calls };
}

async function run(world: World) {
  const { work, calls } = workOf(world);
  const outcome = await runCommand(work).catch((error: { code: string }) => error.code);
  return { outcome, calls };
}

describe('deputy dispatch', () => {
  test('delegates, follows, and has the shim forget the end behind its last event', async () => {
    expect(await run({})).toEqual({
      outcome: { kind: 'ended', end: three },
      calls: ['open', 'settle predecessors', 'delegate', 'follow', 'close', 'collect', 'shut'],
    });
  });

  test.each(['active', 'recovering'] as const)('adopts what was left %s', async (open) => {
    const { calls } = await run({ open });
    expect(calls).toEqual(['open', 'adopt one', 'follow', 'close', 'collect', 'shut']);
  });

  test('leaves what is another one’s, or is to be left', async () => {
    expect(await run({ isBusy: true })).toEqual({ outcome: { kind: 'running' }, calls: ['open', 'shut'] });
    const { outcome, calls } = await run({ isLeft: true });
    expect({ outcome, last: calls.slice(-2) }).toEqual({
      outcome: { kind: 'left' },
      last: ['follow', 'shut'],
    });
  });

  test('tells the ends of earlier lives first, and no more of them than its bound', async () => {
    const told = ['settle earlier', 'collect earlier'];
    const { calls } = await run({ earlier: [three, three] });
    expect(calls.slice(0, 5)).toEqual([...told, ...told, 'open']);
    const { calls: many } = await run({ earlier: Array.from({ length: 100 }, () => three) });
    expect(many.filter((call) => call === 'collect earlier')).toHaveLength(16);
  });

  test('of a container that is gone it tells what waits, once all is shut', async () => {
    const fails = deputyError('DEPUTY_E_TARGET_GONE', { detail: 'ESRCH' });
    const begun = ['open', 'settle predecessors', 'delegate', 'shut with an error'];
    expect(await run({ fails, late: three })).toEqual({
      outcome: { kind: 'ended', end: three },
      calls: [...begun, 'settle late', 'collect late'],
    });
    expect(await run({ fails })).toEqual({ outcome: 'DEPUTY_E_TARGET_GONE', calls: begun });
  });

  test('what fails otherwise is not looked for, and fails as it did', async () => {
    const fails = deputyError('DEPUTY_E_HANDLER_FAILED');
    const { outcome, calls } = await run({ fails, late: three });
    expect({ outcome, last: calls.at(-1) }).toEqual({
      outcome: 'DEPUTY_E_HANDLER_FAILED',
      last: 'shut with an error',
    });
  });

  test('never begins another payload where one ended of which nobody was told', async () => {
    const { work, calls } = workOf({ open: 'active' });
    const asked: boolean[] = [];
    const findUntold = async (isOpen: boolean) => {
      asked.push(isOpen);
      return { end: three, settle: async () => undefined, collect: () => void calls.push('collect untold') };
    };
    expect(await runCommand({ ...work, findUntold })).toEqual({ kind: 'ended', end: three });
    expect(calls).toEqual(['open', 'settle predecessors', 'collect untold', 'shut']);
    expect(asked).toEqual([true]);
  });

  test('follows its container from life to life, also where one failed, until that is waited for no more', async () => {
    const { work, calls } = workOf({ open: 'active' });
    const waits: unknown[] = [];
    const fails = deputyError('DEPUTY_E_TARGET_COULD_TAKE_OVER', { detail: 'it has just been started' });
    let lives = 0;
    const follow = async () => {
      lives++;
      if (lives === 2) throw fails;
      return three;
    };
    const awaitRestart = async (failure: unknown) => waits.push(failure) < 3;
    expect(await runCommand({ ...work, follow, awaitRestart })).toEqual({ kind: 'ended', end: three });
    expect(waits).toEqual([undefined, fails, undefined]);
    expect(calls.filter((call) => call.startsWith('shut'))).toEqual(['shut', 'shut with an error', 'shut']);
    const stays = runCommand({ ...work, follow: async () => Promise.reject(fails), awaitRestart });
    await expect(stays).rejects.toBe(fails);
  });

  test('a step is known by its name, also to who looks for one of the strategy’s own', () => {
    const names = [...commandSteps, ...dispatchSteps].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
