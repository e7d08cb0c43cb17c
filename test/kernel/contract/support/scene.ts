import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeputyEvent } from '../../../../core/events/event.js';
import type { StrategyScene } from '../../../contract/strategy-port.js';
import { LineProcess } from '../../support/line-process.js';
import { eventsOf } from '../../support/request-events.js';
import type { Place } from './place.js';
import type { TargetLine } from './target-line.js';

const startTimeoutMs = 40_000;
/** So long for a delegation to be active again: events come last, and a machine has other work. */
const recoveryMs = 20_000;

/** An engine's process, started from one of the scripts of this folder. */
export async function startEngine(
  script: string,
  place: Place,
  strategy: string,
  words: readonly string[],
  before: readonly string[] = [],
): Promise<LineProcess> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const all = [...before, process.execPath, path, place.stateDirectory, place.policyPath, strategy, ...words];
  const engine = new LineProcess(all[0] as string, all.slice(1));
  const said = await engine.next('ready', startTimeoutMs);
  if (said !== 'ready') throw new Error(`${script}: ${said}`);
  return engine;
}

/** What differs between strategies of how their processes are treated. */
export interface SceneWays {
  /** SIGKILL for what serves, and a new one where nobody else sees to that: the engine from then on. */
  readonly crash: (engine: LineProcess) => Promise<LineProcess>;
  readonly killTarget: () => unknown;
  /** So long is waited for the event of that, milliseconds. */
  readonly deathMs: number;
  /** Only the end of an engine's process releases a delegation where a keeper has the listener. */
  readonly releasesByEnding: boolean;
  readonly end: () => Promise<unknown>;
}

/** A strategy at work in a process of its own, and a target that is asked. */
export class ProcessScene implements StrategyScene {
  calls = 0;
  private ended: Promise<unknown> | undefined;

  constructor(
    private readonly place: Place,
    private readonly line: TargetLine,
    private engine: LineProcess,
    private readonly ways: SceneWays,
  ) {}

  name(path: string): Promise<string> {
    return this.line.ask(`name 0 ${join(this.place.share, path)}`);
  }

  takeRaw(path: string): Promise<string> {
    return this.line.ask(`raw 0 ${this.place.rawHandle(path)}`);
  }

  takeEmpty(): Promise<string> {
    return this.line.ask('raw 0 1 -');
  }

  open(flags: number, descriptor?: number): Promise<string> {
    return this.line.ask(`open 0 ${flags.toString(8)} ${descriptor ?? ''}`);
  }

  remove(name: string): void {
    rmSync(join(this.place.share, name));
  }

  async crashHelper(): Promise<void> {
    this.engine = await this.ways.crash(this.engine);
  }

  async recovered(): Promise<void> {
    const end = performance.now() + recoveryMs;
    for (;;) {
      const types = (await this.events()).map(({ type }) => type);
      const at = types.indexOf('delegation.recovering');
      if (at >= 0 && types.includes('delegation.active', at)) return;
      if (performance.now() > end) throw new Error(`not recovered: ${types.at(-1)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async release(): Promise<string> {
    await this.countCalls();
    if (this.ways.releasesByEnding) await this.finish();
    else await this.engine.ask('release');
    // Nobody comes back: a client that waits for its broker needs not do so for long.
    await this.line.ask('patience 2');
    return this.open(0);
  }

  async killTarget(): Promise<string> {
    await this.countCalls();
    await this.ways.killTarget();
    const end = performance.now() + this.ways.deathMs;
    for (;;) {
      const last = (await this.events()).at(-1)?.type ?? '';
      if (last === 'delegation.released') return 'released';
      if (performance.now() > end) return `${last.startsWith('request.') ? 'none' : last}, as before`;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async story(): Promise<readonly DeputyEvent[]> {
    await this.finish();
    return this.events();
  }

  async end(): Promise<void> {
    this.engine.kill();
    await this.engine.exited;
    await this.ways.end();
    this.line.close();
    this.place.remove();
  }

  /** The engine ends well, once: what it served is released, and all has its event. */
  private finish(): Promise<unknown> {
    this.ended ??= this.engine.ask('end').then(() => this.engine.exited);
    return this.ended;
  }

  private async countCalls(): Promise<void> {
    this.calls = Number(await this.line.ask('calls'));
  }

  private events(): Promise<DeputyEvent[]> {
    // A sidecar puts the number of a listener's keeper behind the name.
    return eventsOf(this.place.stateDirectory, (id) => /^suite(-\d+)?$/.test(id));
  }
}

function childrenOf(engine: LineProcess): string[] {
  const text = readFileSync(`/proc/${engine.pid}/task/${engine.pid}/children`, 'latin1');
  return text.split(' ').filter(Boolean);
}

/** SIGKILL for an engine and its children, as for a container: none may see another's end, and act. */
export async function killAll(engine: LineProcess): Promise<void> {
  process.kill(engine.pid, 'SIGSTOP');
  for (const pid of childrenOf(engine)) process.kill(Number(pid), 'SIGKILL');
  engine.kill();
  await engine.exited;
}

/** The child of an engine that answers. */
export function supervisorOf(engine: LineProcess): number {
  const found = childrenOf(engine).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('supervisor.js'),
  );
  // 0 would be this very process group.
  if (found === undefined) throw new Error('no supervisor answers');
  return Number(found);
}
