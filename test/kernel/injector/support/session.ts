import { setTimeout } from 'node:timers/promises';
import { InjectorControl, type InjectorHello, startInjector } from '../../../../adapters/injector/client.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { type AgentCounts, type AgentOptions, MinimalAgent } from './agent.js';
import { injectorEntry } from './build.js';
import { countDescriptors, startTarget, type Target, type TargetReport } from './target.js';

/** An injector process under test. */
export interface TestInjector {
  readonly control: InjectorControl;
  readonly hello: InjectorHello;
  readonly ended: Promise<unknown>;
  readonly processId: number;
  close(): Promise<void>;
}

/** Starts an injector with test hooks on, and waits for its hello. */
export async function openInjector(
  hooks: Record<string, string> = {},
  prefix: string[] = [],
  scoreboard?: number,
): Promise<TestInjector> {
  const environment = { ...process.env, DEPUTY_TEST: '1', ...hooks };
  const started = startInjector({
    entry: injectorEntry(),
    environment,
    prefix,
    ...(scoreboard !== undefined && { scoreboard }),
  });
  if (typeof started === 'number') throw new Error(`startInjector: ${started}`);
  const control = new InjectorControl(started.control);
  const ended = new Promise((resolve) => started.child.once('exit', resolve));
  const hello = await waitForHello(control);
  const close = async (): Promise<void> => {
    systemCall('close', started.control);
    await ended;
  };
  return { control, hello, ended, processId: started.child.pid as number, close };
}

async function waitForHello(control: InjectorControl): Promise<InjectorHello> {
  for (let tries = 0; tries < 1000; tries++) {
    const said = control.receive();
    if (typeof said === 'object' && 'processId' in said) return said;
    if (said !== -11) throw new Error(`no hello: ${JSON.stringify(said)}`);
    await setTimeout(10);
  }
  throw new Error('no hello within 10 s');
}

/** What one run of target, agent and injector gave. */
export interface SessionResult {
  readonly report: TargetReport | undefined;
  readonly ended: { code: number | null; signal: NodeJS.Signals | null };
  readonly counts: AgentCounts;
  readonly descriptorsBefore: number;
  readonly closeSuccessor: () => Promise<void>;
  /** -1 when the injector has ended. */
  readonly descriptorsAfter: number;
}

/** What a session does besides. */
export interface SessionOptions extends AgentOptions {
  readonly hooks?: Record<string, string>;
  readonly injector?: TestInjector;
  /** Takes over when the first injector has ended. */
  readonly successor?: () => Promise<TestInjector>;
  readonly prefix?: string[];
  /** The target is killed when it takes longer than this. */
  readonly limitMs?: number;
  /** Runs beside the agent, from the moment the target works. */
  readonly meanwhile?: (target: Target, injector: TestInjector) => Promise<void>;
}

/** Runs the target program to its end under an agent and an injector. */
export async function runSession(
  targetOptions: Record<string, number>,
  options: SessionOptions = {},
): Promise<SessionResult> {
  const injector = options.injector ?? (await openInjector(options.hooks));
  const target = await startTarget(targetOptions, options.prefix);
  const descriptorsBefore = countDescriptors(injector.processId);
  const loop = injector.control.openLoop();
  let successor: TestInjector | undefined;
  const openSuccessor = async (): Promise<number> => {
    successor = await options.successor?.();
    return successor?.control.openLoop() ?? -1;
  };
  const agent = new MinimalAgent(target.listener, target.mount, loop, {
    ...options,
    ...(options.successor && { nextLoop: async () => openSuccessor() }),
  });
  const limit = globalThis.setTimeout(() => target.child.kill('SIGKILL'), options.limitMs ?? 50_000);
  target.go();
  const [counts] = await Promise.all([agent.run(), options.meanwhile?.(target, injector)]);
  const report = await target.report;
  systemCall('close', target.listener);
  const ended = await target.ended;
  clearTimeout(limit);
  systemCall('close', target.mount);
  systemCall('close', loop);
  const descriptorsAfter = await settledDescriptors(injector, descriptorsBefore);
  if (!options.injector) await injector.close();
  const closeSuccessor = async (): Promise<void> => successor?.close();
  return { report, ended, counts, descriptorsBefore, descriptorsAfter, closeSuccessor };
}

async function settledDescriptors(injector: TestInjector, expected: number): Promise<number> {
  let count = -1;
  for (let tries = 0; tries < 100; tries++) {
    try {
      count = countDescriptors(injector.processId);
    } catch {
      return -1;
    }
    if (count === expected) break;
    await setTimeout(10);
  }
  return count;
}
