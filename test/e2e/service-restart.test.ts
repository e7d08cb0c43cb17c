import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sleep } from '../lab/child.js';
import { path, storiesWhen } from '../lab/service-events.js';
import { type Disturbance, disturbances, ServiceLab } from '../lab/service-lab.js';
import { SteadyTarget } from '../lab/steady-target.js';
import { firstChildOf, missingForSystemd } from '../lab/systemd.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const times = isLong ? 10 : 1;
const shortNames: Disturbance[] = ['restart', 'killAll'];
const forms = [
  { name: 'plain', killable: false, exactEvery: 0 },
  { name: 'killable', killable: true, exactEvery: 0 },
  { name: 'plain-exact', killable: false, exactEvery: 7 },
  { name: 'killable-exact', killable: true, exactEvery: 7 },
];

describeWhen(missingForSystemd(), 'targets of a service that ends in every way', () => {
  let lab: ServiceLab;
  beforeAll(async () => {
    lab = await ServiceLab.start('WatchdogSec=3s');
  }, 60_000);
  afterAll(() => lab?.stop());

  const names = isLong ? (Object.keys(disturbances) as Disturbance[]) : shortNames;
  test.each(names)('%s: they get every result, late', { timeout: 60_000 * times }, async (disturbance) => {
    const killed: string[] = [];
    let started = 0;
    const start = (form: (typeof forms)[number]): Promise<SteadyTarget> =>
      SteadyTarget.start(lab, { ...form, container: `${disturbance}-${form.name}-${started++}` });
    const targets = await Promise.all(forms.map(start));
    for (let round = 0; round < times; round++) {
      await Promise.all(targets.map((target) => target.goesOn()));
      await lab.disturb(disturbance);
      for (const [index, target] of targets.entries()) {
        const { died } = await target.goesOn();
        if (died === undefined) continue;
        expect(died, target.options.container).toBe('SIGKILL');
        killed.push(target.options.container);
        targets[index] = await start(forms[index] as (typeof forms)[number]);
      }
    }
    // Only a killed injector takes a target along, and only one that it was at work in.
    if (disturbance !== 'killAll') expect(killed).toEqual([]);
    for (const container of killed) expect(container).toContain('exact');
    if (killed.length > 0) console.log(`killed with the injector: ${killed.join(', ')}`);
    for (const target of targets) {
      const { calls, longestUs, ...rest } = await target.end();
      expect(rest, target.options.container).toMatchObject({
        wrong: 0,
        enosys: 0,
        interrupted: 0,
        descriptors: target.descriptors,
      });
    }
  });

  test('its events are one stream, each request once', { timeout: 120_000 * times }, async () => {
    const container = 'one-stream';
    const target = await SteadyTarget.start(lab, { container, killable: true, pauseUs: 1_000 });
    // Counts are known, and said, a moment after calls are answered again.
    const isActive = (): Promise<unknown> =>
      lab.whole((_, { targets }) =>
        targets.some(({ containerId, state }) => containerId === container && state === 'active'),
      );
    for (let round = 0; round < times; round++) {
      for (const disturbance of names) {
        await target.goesOn();
        await isActive();
        await lab.disturb(disturbance);
      }
    }
    await target.goesOn();
    await isActive();
    const { calls, wrong } = await target.end();
    expect(wrong).toBe(0);
    const stories = await storiesWhen(lab, container, ([story]) => story?.state.name === 'released');
    expect(stories).toHaveLength(1);
    const [story] = stories as [(typeof stories)[number]];
    expect(story.versions).toEqual(story.versions.map((_, index) => index + 1));
    expect(new Set(story.requestIds).size).toBe(story.requestIds.length);
    expect(story.opens).toBe(calls);
    expect(story.state.recoveries).toBe(times * names.length);
    const { cancelled, lost, answered } = story.state.counts;
    expect([cancelled, lost, answered]).toEqual([0, 0, story.requestIds.length]);
    const actives = story.lifecycle.filter(({ type }) => type === 'delegation.active');
    const counts = actives.map(({ data }) => (data as { counts: { answered: number } }).counts.answered);
    expect(counts).toEqual([...counts].sort((left, right) => left - right));
    expect(path(story)).toEqual([
      ...['requested', 'assessed', 'admitted', 'establishing', 'active'],
      ...Array.from({ length: times * names.length }, () => ['recovering', 'active']).flat(),
      ...['releasing', 'released'],
    ]);
    console.log('recoveries', story.recoveries, 'requests', story.requestIds.length);
  });
});

/** Only looked at in the long form: it asserts no time. */
const describeLong = isLong ? describeWhen : (): void => undefined;
const testLong = isLong ? test : (): void => undefined;

describeLong(missingForSystemd(), 'how long a target waits', () => {
  let lab: ServiceLab;
  beforeAll(async () => {
    lab = await ServiceLab.start('WatchdogSec=3s');
  }, 60_000);
  afterAll(() => lab?.stop());

  test('the longest call, over ten times each', { timeout: 600_000 }, async () => {
    const target = await SteadyTarget.start(lab, { container: 'waits', killable: false, pauseUs: 1_000 });
    for (const disturbance of ['restart', 'killKeeper', 'killAll', 'killActive'] as const) {
      const waits: number[] = [];
      for (let round = 0; round < times; round++) {
        await target.goesOn();
        await lab.disturb(disturbance);
        waits.push((await target.goesOn()).longestUs / 1_000);
      }
      waits.sort((left, right) => left - right);
      const [median, maximum] = [waits[Math.floor(waits.length / 2)], waits.at(-1)];
      console.log(`${disturbance}: median ${median?.toFixed(0)} ms, maximum ${maximum?.toFixed(0)} ms`);
    }
    expect((await target.end()).wrong).toBe(0);
  });
});

describeWhen(missingForSystemd(), 'what happens while the service is down', () => {
  let lab: ServiceLab;
  beforeAll(async () => {
    lab = await ServiceLab.start('RestartSec=3s');
  }, 60_000);
  afterAll(() => lab?.stop());

  const stored = (): number => Number(lab.property('NFileDescriptorStore'));
  const notes = (): string[] => readdirSync(`/proc/${lab.systemd.pid}/root${lab.stateDirectory}/listeners`);

  /** Has it handed its listener over, and does it wait in its call (seccomp_do_user_notification)? */
  function isConnected(pid: number | undefined): boolean {
    // In name_to_handle_at(2) or open_by_handle_at(2), for which nobody is there.
    return pid !== undefined && /^30[34] /.test(readFileSync(`/proc/${pid}/syscall`, 'latin1'));
  }

  /** Kills all of it: until the next start, some seconds later, nobody is there. */
  async function takeDown(): Promise<void> {
    await lab.whole();
    lab.killAll();
    await lab.until('down', () => lab.property('SubState') === 'auto-restart');
  }

  test('a container that ends then is released after the next start', { timeout: 120_000 }, async () => {
    const container = 'ends-meanwhile';
    const target = await SteadyTarget.start(lab, { container, killable: false, pauseUs: 1_000 });
    await target.goesOn();
    await takeDown();
    await target.kill();
    expect(lab.property('SubState')).toBe('auto-restart');
    const stories = await storiesWhen(lab, container, ([story]) => story?.state.name === 'released');
    expect(stories.map(path)).toEqual([
      ['requested', 'assessed', 'admitted', 'establishing', 'active', 'releasing', 'released'],
    ]);
    await lab.until('let go', () => stored() === 2 && notes().length === 0);
  });

  test('a runtime that connects then is served afterwards', { timeout: 120_000 }, async () => {
    await takeDown();
    const words = ['ordinary', lab.socketPath, 'connects-meanwhile', lab.share];
    const runtime = lab.systemd.start(lab.program('handover'), words);
    await lab.until('connected', () => isConnected(firstChildOf(runtime.process.pid as number)));
    expect(lab.property('SubState')).toBe('auto-restart');
    await runtime.exited;
    expect(runtime.stdout).toEqual(['open: ok']);
  });

  testLong('runtimes that connect during restarts are all served', { timeout: 120_000 * times }, async () => {
    let restarting = true;
    const outputs: string[] = [];
    const runtimes = async (form: string): Promise<void> => {
      for (let count = 0; restarting; count++) {
        const words = [form, lab.socketPath, `${form}-${count}`, lab.share];
        const runtime = lab.systemd.start(lab.program('handover'), words);
        await runtime.exited;
        outputs.push(runtime.stdout.join());
      }
    };
    const all = Promise.all(['ordinary', 'pieces', 'long'].map(runtimes));
    for (let round = 0; round < times * 2; round++) await lab.disturb('restart');
    restarting = false;
    await all;
    expect(outputs.length).toBeGreaterThan(times);
    expect([...new Set(outputs)]).toEqual(['open: ok']);
  });

  test.each(isLong ? (['killActive', 'killAll'] as const) : (['killAll'] as const))(
    '%s just when a container comes: it is served by one delegation, or was never taken',
    { timeout: 120_000 * times },
    async (disturbance) => {
      lab.configure('RestartSec=100ms');
      const outcomes: string[] = [];
      for (let round = 0; round < times * 2; round++) {
        const { active } = await lab.whole();
        const container = `${disturbance}-${round}`;
        const words = ['ordinary', lab.socketPath, container, lab.share, 'stay'];
        const runtime = lab.systemd.start(lab.program('handover'), words);
        // Around the moment in which the listener arrives, is written down, stored, and first called through.
        await sleep(4 + 2 * round);
        if (disturbance === 'killAll') lab.killAll();
        else lab.kill('KILL', active);
        await lab.until('an answer', () => runtime.stdout.length > 0);
        const answer = runtime.stdout.join();
        const stories = await storiesWhen(
          lab,
          container,
          (all) => answer !== 'open: ok' || all.at(-1)?.opens === 1,
        );
        const served = stories.filter((story) => path(story).includes('active'));
        outcomes.push(answer === 'open: ok' ? `served by ${served.length}` : `${answer}, ${stories.length}`);
        process.kill(firstChildOf(runtime.process.pid as number) as number, 'SIGKILL');
        await runtime.exited;
      }
      console.log(disturbance, outcomes);
      const allowed = disturbance === 'killAll' ? ['served by 1', 'open: ENOSYS, 0'] : ['served by 1'];
      for (const outcome of outcomes) expect(allowed).toContain(outcome);
    },
  );

  test('what `systemctl stop` ends is said to have failed', { timeout: 120_000 }, async () => {
    const container = 'stopped';
    const words = ['ordinary', lab.socketPath, container, lab.share, 'stay'];
    const runtime = lab.systemd.start(lab.program('handover'), words);
    await lab.until('served', () => runtime.stdout.includes('open: ok'));
    lab.systemd.systemctl('stop', 'deputy');
    const keeps = stored() > 0;
    lab.systemd.systemctl('start', 'deputy');
    const ends = keeps ? 'active' : 'failed';
    const stories = await storiesWhen(
      lab,
      container,
      ([story]) => story?.state.name === ends && story.lifecycle.length > 5,
    );
    const tail = keeps ? ['recovering', 'active'] : ['failed'];
    expect(stories.map(path)).toEqual([
      ['requested', 'assessed', 'admitted', 'establishing', 'active', ...tail],
    ]);
    if (!keeps) expect(stories[0]?.state.lastError?.code).toBe('DEPUTY_E_LISTENER_LOST');
    process.kill(firstChildOf(runtime.process.pid as number) as number, 'SIGKILL');
    await runtime.exited;
  });
});
