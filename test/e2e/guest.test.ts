import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, startAgentProcess } from '../lab/agent-process.js';
import { missingLabParts } from '../lab/lab-status.js';
import { type GuestWorkloadResult, runGuestWorkload } from '../lab/run-guest-workload.js';
import { describeWhen, isLong } from '../support/describe-when.js';
import { replayStateDirectory } from '../support/replay.js';

const timeoutMs = 180_000;
const waitKillable = ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'];

/**
 * Every way in which the guest's list of work must come out as with a virtiofsd that holds the capability.
 */
const forms = [
  // The two at once are these in the short form.
  { name: 'crun', runtime: 'crun', policy: {}, long: true },
  {
    name: 'crun, opath exact, WAIT_KILLABLE_RECV',
    runtime: 'crun',
    policy: { opath: 'exact' },
    flags: waitKillable,
    long: true,
  },
  { name: "runc, virtiofsd's own seccomp filter", runtime: 'runc', policy: {}, seccomp: 'kill', long: true },
  { name: 'crun, opath exact, plain flavour', runtime: 'crun', policy: { opath: 'exact' }, long: true },
  {
    name: 'runc, opath exact, own filter',
    runtime: 'runc',
    policy: { opath: 'exact' },
    seccomp: 'kill',
    long: true,
  },
  {
    name: 'crun, file-handle: sealed handles, a notifier for opens alone',
    runtime: 'crun',
    policy: { strategies: ['file-handle'] },
    long: true,
  },
  { name: 'crun, dac: capability', runtime: 'crun', policy: { dac: 'capability' }, long: true },
] as const;

function policyFile(defaults: object): object {
  return { version: 1, defaults };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within 10 s: ${what}`);
}

describeWhen(missingLabParts(), 'a guest served through deputy', () => {
  let reference: GuestWorkloadResult;

  beforeAll(async () => {
    reference = await runGuestWorkload({ runtime: 'crun', capabilities: ['CAP_DAC_READ_SEARCH'] });
    expect(reference.failed).toBe(0);
  }, timeoutMs);

  for (const form of forms.filter(({ long }) => isLong || !long)) {
    test(form.name, { timeout: timeoutMs }, async () => {
      const agent = await startAgentProcess({ policy: policyFile(form.policy) });
      try {
        const result = await runGuestWorkload({
          runtime: form.runtime,
          agentSocket: agent.socketPath,
          ...('seccomp' in form ? { seccomp: form.seccomp } : {}),
          ...('flags' in form ? { flags: form.flags } : {}),
        });
        expect([...result.checks].sort(), result.virtiofsdLog.join('\n')).toEqual(
          [...reference.checks].sort(),
        );
        await until(() => agent.status().targets[0]?.state === 'released', 'the delegation is released');
        const target = agent.status().targets[0];
        expect(target?.strategy).toBe('strategies' in form.policy ? 'file-handle' : 'seccomp-notify');
        expect(target?.counts.answered).toBeGreaterThan(1_000);
        expect(target?.counts).toMatchObject({ refused: 0, cancelled: 0, lost: 0 });
        const replayed = replayStateDirectory(agent.stateDirectory);
        expect(replayed.states).toEqual({ answered: target?.counts.answered });
      } finally {
        expect(await agent.stop()).toBe(0);
      }
    });
  }

  test('two containers at once through one agent', { timeout: timeoutMs }, async () => {
    const agent: AgentProcess = await startAgentProcess();
    try {
      const results = await Promise.all(
        (['crun', 'runc'] as const).map((runtime) =>
          runGuestWorkload({ runtime, agentSocket: agent.socketPath }),
        ),
      );
      for (const { checks } of results) expect([...checks].sort()).toEqual([...reference.checks].sort());
      await until(
        () => agent.status().targets.every(({ state }) => state === 'released'),
        'both are released',
      );
      const targets = agent.status().targets;
      expect(targets).toHaveLength(2);
      expect(new Set(targets.map(({ containerId }) => containerId)).size).toBe(2);
      for (const { counts } of targets) expect(counts.answered).toBeGreaterThan(1_000);
    } finally {
      expect(await agent.stop()).toBe(0);
    }
  });

  afterAll(() => undefined);
});
