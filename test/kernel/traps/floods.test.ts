import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { JournalTail } from '../../../adapters/journal/journal-tail.js';
import { segmentsIn } from '../../../adapters/journal/last-segment.js';
import { recordsPerSegment } from '../../../core/journal/segment-layout.js';
import { offset } from '../../../core/request/record-layout.js';
import { type AgentProcess, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { makeShare } from '../support/share.js';
import { TrapTarget } from '../support/trap-target.js';
import { nr, O, type TrapThread } from '../support/trap-thread.js';
import { until } from '../takeover/support/agent-tree.js';

const timeout = 120_000;
const floodThreads = 60;
const others = isLong ? 400 : 120;

interface Served {
  readonly listener: number;
  readonly threadId: number;
  readonly receivedAtUs: number;
  readonly answeredAtUs: number;
}

/** All requests of a journal, in the order in which they were received. */
function served(stateDirectory: string): Served[] {
  const directory = join(stateDirectory, 'journal');
  const tail = new JournalTail(directory, (segmentsIn(directory)[0] ?? 0) * recordsPerSegment);
  const found: Served[] = [];
  const sink = {
    request(record: Parameters<Parameters<typeof tail.read>[0]['request']>[0]): void {
      found.push({
        listener: record.u32(offset.listener),
        threadId: record.threadId,
        receivedAtUs: record.f64(offset.receivedAtUs),
        answeredAtUs: record.f64(offset.answeredAtUs),
      });
    },
    event(): void {},
  };
  while (tail.read(sink, 512) > 0);
  tail.close();
  return found.sort((a, b) => a.receivedAtUs - b.receivedAtUs);
}

/** Does a thread of the process wait in open_by_handle_at(2)? */
function isInCall(pid: number): boolean {
  const calls = readdirSync(`/proc/${pid}/task`).map((thread) => {
    return readFileSync(`/proc/${pid}/task/${thread}/syscall`, 'latin1');
  });
  return calls.some((call) => call.startsWith(`${nr.open_by_handle_at} `));
}

/** How many were received by then and not answered yet. */
function inFlightAt(requests: readonly Served[], atUs: number): number {
  return requests.filter((one) => one.receivedAtUs <= atUs && one.answeredAtUs > atUs).length;
}

describeWhen(missingForKernel(), 'a flood from one target', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  /** Alone, so that nobody minds when it is stopped for a moment. */
  async function start(defaults: object): Promise<{ agent: AgentProcess; share: string }> {
    const made = makeShare();
    endings.push(() => rmSync(made.directory, { recursive: true, force: true }));
    const policy = { version: 1, defaults: { confinement: 'none', ...defaults } };
    const agent = await startAgentProcess({ policy, arguments: ['--keeper=off'] });
    endings.push(() => agent.stop());
    chmodSync(agent.directory, 0o755);
    return { agent, share: made.share };
  }

  async function target(agent: AgentProcess, share: string, handle: string): Promise<[TrapTarget, number]> {
    const one = TrapTarget.start(share);
    endings.push(() => one.end());
    await one.encode(handle, handle);
    const mount = await one.open('.', O.RDONLY | O.DIRECTORY);
    await one.confine({ socketPath: agent.socketPath });
    return [one, mount];
  }

  async function threads(one: TrapTarget, count: number): Promise<TrapThread[]> {
    const made: TrapThread[] = [];
    for (let number = 1; number <= count; number++) made.push(await one.newThread(number));
    return made;
  }

  test(`is served in turn with the others: ${others} more listeners, one call each`, {
    timeout,
  }, async () => {
    const { agent, share } = await start({});
    const [flood, mount] = await target(agent, share, 'own');
    const flooding = await threads(flood, floodThreads);
    const crowd = await Promise.all(
      Array.from({ length: others }, async () => {
        const [one, itsMount] = await target(agent, share, 'public');
        return { pid: one.pid, thread: await one.newThread(1), mount: itsMount };
      }),
    );
    expect(await flood.openHandle(mount, 'own', O.RDONLY)).toEqual(expect.any(Number));
    await until(() => agent.status().listeners === others + 1, 'all listeners');
    process.kill(agent.pid, 'SIGSTOP');
    for (const thread of flooding) await thread.beginOpenHandle(mount, 'own', O.RDONLY);
    for (const one of crowd) await one.thread.beginOpenHandle(one.mount, 'public', O.RDONLY);
    // Whoever is still on his way there is not waiting in the line that is looked at.
    const inLine = (): boolean => crowd.every(({ pid }) => isInCall(pid));
    await until(inLine, 'all calls', 3_000).catch(() => undefined);
    process.kill(agent.pid, 'SIGCONT');
    for (const one of crowd) expect(await one.thread.wait()).toEqual(expect.any(Number));
    for (const thread of flooding) expect(await thread.wait()).toEqual(expect.any(Number));
    const [first, ...all] = served(agent.stateDirectory);
    const isFlood = ({ listener }: Served): boolean => listener === first?.listener;
    expect(all).toHaveLength(floodThreads + others);
    const lastOther = all.length - 1 - [...all].reverse().findIndex((one) => !isFlood(one));
    const before = all.slice(0, lastOther).filter(isFlood).length;
    console.log(`${before} of ${floodThreads} calls of the flood before the last of ${others} others`);
    // Each has one in a round. In the order in which they came all of the flood's would be served before.
    expect(before).toBeLessThan(floodThreads / 2);
  });

  test('has no more in flight than its policy allows, and the others go on', { timeout }, async () => {
    // With a limit that is none all are in flight, which shows what is looked at.
    for (const limit of isLong ? [4, 64] : [4]) {
      const { agent, share } = await start({ opath: 'exact', limits: { inFlightPerTarget: limit } });
      const [flood, mount] = await target(agent, share, 'link');
      const flooding = await threads(flood, 20);
      const [other, itsMount] = await target(agent, share, 'public');
      const injector = agent.status().processes.find(({ role }) => role === 'injector')?.pid as number;
      process.kill(injector, 'SIGSTOP');
      for (const thread of flooding) await thread.beginOpenHandle(mount, 'link', O.PATH | O.NOFOLLOW);
      for (let call = 0; call < 50; call++) {
        expect(await other.openAndDescribe(itsMount, 'public', O.RDONLY)).toMatchObject({ type: '100000' });
      }
      process.kill(injector, 'SIGCONT');
      for (const thread of flooding) expect(await thread.wait()).toEqual(expect.any(Number));
      const all = served(agent.stateDirectory);
      const ofFlood = all.filter(({ listener }) => listener === all[0]?.listener);
      const most = Math.max(...ofFlood.map((one) => inFlightAt(ofFlood, one.receivedAtUs)));
      console.log(`a limit of ${limit}: ${most} in flight at most`);
      if (limit === 4) expect(most).toBeLessThanOrEqual(limit);
      else expect(most).toBe(flooding.length);
    }
  });
});
