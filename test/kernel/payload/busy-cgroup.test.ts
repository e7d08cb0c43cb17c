import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxPayloadSession } from '../../../adapters/payload/index.js';
import type { PayloadSpec } from '../../../core/ports/payload.js';
import { dispatchSteps, runDispatch } from '../../../strategies/dispatcher/index.js';
import { cgroupMount, makeLabCgroup, removeLabCgroup } from '../../lab/lab-cgroup.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';
import { plainPayload } from './payload-spec.js';

const deadlineMs = 20_000;
/** The joiner is frozen, and so waits for all of it. */
const frozenDeadlineMs = 500;
/** Those that threads may compete for: a cgroup with nothing else enabled takes processes (cgroups(7)). */
const threaded = ['cpu', 'cpuset', 'perf_event', 'pids'];

const mount = cgroupMount();
const words = (path: string): string[] => readFileSync(path, 'latin1').trim().split(' ').filter(Boolean);
/** Version 1 may have all the others. */
const controller =
  mount === undefined
    ? undefined
    : words(join(mount, 'cgroup.controllers')).find((name) => !threaded.includes(name));

const missing = [...missingForKernel(), ...(mount === undefined ? ['a mounted cgroup2 file system'] : [])];

describeWhen(missing, "a target's cgroup is not what it was when it was looked at", () => {
  let target: DispatchTarget;
  let group: string;
  let elsewhere: string;
  let own: string;
  beforeEach(async () => {
    group = makeLabCgroup();
    elsewhere = makeLabCgroup();
    own = join(group, 'own');
    mkdirSync(own);
    target = await new DispatchTarget().start();
    move(own);
  });
  afterEach(async () => {
    await target.end();
    await removeLabCgroup(group);
    await removeLabCgroup(elsewhere);
  });

  const move = (folder: string): void => writeFileSync(join(folder, 'cgroup.procs'), `${target.processId}`);

  /** As whoever manages a container's cgroups may, between the look at the target and the joining. */
  async function dispatch(name: string, change?: () => void, patienceMs = deadlineMs) {
    const argv = [compileTarget('payload', ['-static']), 'exit', '4'];
    const spec: PayloadSpec = { ...plainPayload, argv, deadlineMs: patienceMs };
    const session = new LinuxPayloadSession(
      { target: `${target.processId}`, stateDirectory: target.stateDirectory, name },
      spec,
    );
    const steps = dispatchSteps.map((step) => {
      if (step.name !== 'join') return step;
      const after: typeof step.act = (given) => {
        change?.();
        return step.act(given);
      };
      return { ...step, act: after };
    });
    try {
      await runDispatch({ session, spec, isAdopted: false }, () => undefined, steps);
      const end = await session.ended;
      await session.collect();
      return end;
    } catch (error) {
      await session.abandon();
      return error;
    }
  }

  /** Nothing is left of the first one; the second one finds the target where it is now. */
  async function expectNothingLeft(): Promise<void> {
    await until(() => joiners().length === 0 && target.processes().length === 0, 'the end of the joiner');
    expect(await dispatch('again')).toEqual({ kind: 'exited', code: 4 });
  }

  /** Its joiners: the payload's program is a word of theirs. */
  function joiners(): string[] {
    const program = compileTarget('payload', ['-static']);
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(program));
  }

  /** Enables the controller for cgroups below this one; all of its own processes are further below. */
  function enable(folder: string, name: string): void {
    writeFileSync(join(folder, 'cgroup.subtree_control'), `+${name}`);
  }

  test.runIf(controller !== undefined)(
    'controllers are enabled below it, where its process is now: EBUSY',
    async () => {
      const [top, name] = [mount as string, controller as string];
      // As every runtime does, and leaves it so: whoever made a container meanwhile would miss it.
      enable(top, name);
      const below = join(own, 'below');
      mkdirSync(below);
      enable(group, name);
      const error = await dispatch('busy', () => {
        move(below);
        enable(own, name);
      });
      expect(error).toMatchObject({ code: 'DEPUTY_E_TARGET_CGROUP_BUSY' });
      expect((error as Error).message).toContain('EBUSY');
      expect((error as { remedy: string }).remedy).toContain('Try again');
      await expectNothingLeft();
    },
  );

  test('a threaded one is beside it, and its process elsewhere: EOPNOTSUPP', async () => {
    const error = await dispatch('threaded', () => {
      move(elsewhere);
      mkdirSync(join(group, 'threads'));
      writeFileSync(join(group, 'threads', 'cgroup.type'), 'threaded');
    });
    expect(error).toMatchObject({ code: 'DEPUTY_E_TARGET_CGROUP_BUSY' });
    expect((error as Error).message).toContain('EOPNOTSUPP');
    await expectNothingLeft();
  });

  test('it is removed', async () => {
    const error = await dispatch('removed', () => {
      move(elsewhere);
      rmdirSync(own);
    });
    expect(error).toMatchObject({ code: 'DEPUTY_E_TARGET_CHANGED' });
    await expectNothingLeft();
  });

  test('it, or one above it, is frozen', async () => {
    const freeze = (folder: string, value: '0' | '1'): void =>
      writeFileSync(join(folder, 'cgroup.freeze'), value);
    for (const [folder, name] of [[own, 'frozen'] as const, [group, 'frozen-above'] as const]) {
      const error = await dispatch(name, () => freeze(folder, '1'), frozenDeadlineMs);
      expect(error).toMatchObject({ code: 'DEPUTY_E_TARGET_PAUSED' });
      // Frozen as it is: SIGKILL gets through.
      await until(() => joiners().length === 0, 'the end of the joiner');
      freeze(folder, '0');
    }
    await expectNothingLeft();
  });
});

function commandOf(pid: string): string[] {
  const path = `/proc/${pid}/cmdline`;
  try {
    return existsSync(path) ? readFileSync(path, 'latin1').split('\0') : [];
  } catch {
    return [];
  }
}
