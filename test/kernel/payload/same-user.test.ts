import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { LinuxPayloadSession } from '../../../adapters/payload/index.js';
import type { PayloadSpec } from '../../../core/ports/payload.js';
import { dispatchSteps, runDispatch } from '../../../strategies/dispatcher/index.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';
import { Meddler } from './meddler.js';
import { plainPayload } from './payload-spec.js';

/** A start takes so long under load; only what never comes waits for it. */
const startMsMax = 20_000;
/** Who waits inside is to wait for so long; the later ones are for a machine on which it isn't there by then. */
const deadlinesMs = [1_000, 5_000, 20_000];
const user = 107;
const CAP_DAC_READ_SEARCH = 2;
const [SIGKILL, SIGCONT, SIGSTOP] = [9, 18, 19];

/** All ways into another process that ptrace(2) has a word in. */
const waysIn = ['seize', 'attach', 'memory', 'read', 'program', 'environment', 'input', 'take'];

function isStopped(pid: number): boolean {
  try {
    return /^State:\t[Tt]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

describeWhen(missingForKernel(), "a process of the payload's own user, in its pid namespace", () => {
  let target: DispatchTarget;
  let meddler: Meddler;
  afterEach(async () => {
    await meddler.end();
    await target.end();
  });

  const begin = async (): Promise<string> => {
    target = await new DispatchTarget().start({ user });
    meddler = Meddler.start(target, user);
    // It is there, and the only one besides the placeholder.
    expect(await meddler.told('find /nobody')).toBe('ESRCH');
    return compileTarget('payload', ['-static']);
  };

  async function expectNoWayIn(): Promise<void> {
    for (const way of waysIn) expect(`${way}: ${await meddler.told(way)}`).toMatch(/: (EPERM|EACCES)$/);
  }

  /** The one beside the meddler. */
  const others = (own: readonly number[]): number[] => target.processes().filter((pid) => !own.includes(pid));

  test('stops it, lets it go on and ends it; deputy waits, answers, and says how it ended', async () => {
    const program = await begin();
    const own = target.processes();
    const flags = ['--user', `${user}`, '--capabilities', 'DAC_READ_SEARCH'];
    const dispatch = target.begin(flags, [program, 'copy']);
    const exited = new Promise((resolve) => dispatch.once('exit', resolve));
    let output = '';
    dispatch.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    dispatch.stdin?.write('begun\n');
    await until(() => output === 'begun\n', 'the payload', startMsMax);
    const [payload = 0] = others(own);
    expect(await meddler.told('find /payload')).toMatch(/ done$/);
    await expectNoWayIn();
    // What the kernel grants to any process of the same user: see the how-to.
    expect(await meddler.told('limit')).toBe('0 done');

    expect(await meddler.told(`signal ${SIGSTOP}`)).toBe('0 done');
    await until(() => isStopped(payload), 'the payload to be stopped');
    dispatch.stdin?.write('while it was stopped\n');
    // Whoever asks for it meanwhile is answered.
    const second = await target.run(flags, [program, 'copy']);
    expect({ code: second.code, stdout: second.stdout.toString() }).toEqual({
      code: 0,
      stdout: `running ${payload}\n`,
    });
    expect(isStopped(payload)).toBe(true);
    expect(await meddler.told(`signal ${SIGCONT}`)).toBe('0 done');
    await until(() => output === 'begun\nwhile it was stopped\n', 'what was written meanwhile');

    expect(await meddler.told(`signal ${SIGSTOP}`)).toBe('0 done');
    await until(() => isStopped(payload), 'the payload to be stopped again');
    expect(await meddler.told(`signal ${SIGKILL}`)).toBe('0 done');
    expect(await exited).toBe(128 + SIGKILL);
    expect(others(own)).toEqual([]);
  });

  /** A dispatch during which somebody acts upon the one that waits inside to become the payload: its error. */
  async function meddleWithNewcomer(program: string, name: string, act: () => Promise<void>) {
    let failed: unknown;
    for (const deadlineMs of deadlinesMs) {
      const spec: PayloadSpec = {
        ...plainPayload,
        capabilities: [CAP_DAC_READ_SEARCH],
        argv: [program, 'sleep', '60'],
        deadlineMs,
      };
      const session = new LinuxPayloadSession(
        {
          target: `${target.processId}`,
          stateDirectory: target.stateDirectory,
          name: `${name}-${deadlineMs}`,
        },
        spec,
      );
      let isDone = false;
      const steps = dispatchSteps.map((step) => {
        if (step.name !== 'execute') return step;
        const before: typeof step.act = async (dispatch) => {
          await act();
          isDone = true;
          return step.act(dispatch);
        };
        return { ...step, act: before };
      });
      const dispatch = { session, spec, isAdopted: false };
      const error = await runDispatch(dispatch, () => undefined, steps).catch((reason) => reason);
      await session.abandon();
      if (isDone) return error;
      // It was not there yet, or had to end while somebody acted upon it.
      failed = error;
    }
    throw failed;
  }

  test.each([
    ['stopped', SIGSTOP, 'step deadline: ETIMEDOUT'],
    ['killed', SIGKILL, 'step joiner: ESRCH'],
  ])(
    'has no way into the one that waits to become it; %s, that is a failed start',
    { timeout: 60_000 },
    async (name, sent, what) => {
      const program = await begin();
      const own = target.processes();
      const error = await meddleWithNewcomer(program, name, async () => {
        // The one that made it may be about to end still.
        await until(() => others(own).length === 1, 'the newcomer to be the only one', 2_000);
        const [newcomer = 0] = others(own);
        expect(await meddler.told('find /joiner')).toMatch(/ done$/);
        await expectNoWayIn();
        expect(await meddler.told(`signal ${sent}`)).toBe('0 done');
        await until(() => isGone(newcomer) || isStopped(newcomer), 'the signal to arrive');
      });
      expect(error).toMatchObject({ code: 'DEPUTY_E_PAYLOAD_NOT_JOINED' });
      expect(error.message).toContain(what);
      await until(() => others(own).length === 0, 'the end of the newcomer');
      await until(() => target.helpers('shim').length === 0, 'the end of its shim');
    },
  );
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
