import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type AgentProcess, startAgentProcess } from '../../../lab/agent-process.js';
import { replayStateDirectory } from '../../../support/replay.js';
import { makeShare } from '../../support/share.js';
import { type Flavour, TrapTarget } from '../../support/trap-target.js';
import { O } from '../../support/trap-thread.js';
import { AgentTree, until } from './agent-tree.js';
import { type CrashCall, type CrashTarget, TruncatedFile, takeHandles } from './crash-calls.js';
import { type CallEvent, CallEvents, CrashFile, isDead, lastTrace } from './crash-stage.js';

export const flavours = ['plain', 'killable'] as const;

/** One call under armed crash points, and what came of it. */
export interface CrashRun {
  readonly call: string;
  readonly flavour: Flavour;
  readonly points: readonly string[];
  /** Points that the call did not pass. */
  readonly left: readonly string[];
  readonly outcome: object;
  readonly isRight: boolean;
  readonly events: readonly CallEvent[];
  /** Steps of the record that ended: of the last process that had the call in hand. */
  readonly trace: readonly string[];
}

interface StageTarget extends CrashTarget {
  readonly events: CallEvents;
}

/** An agent whose supervisors die where they are told to, and targets of both flavours. */
export class CrashStage {
  private readonly targets = new Map<string, StageTarget>();
  private readonly undisturbed = new Map<string, CrashRun>();
  private readonly tree: AgentTree;
  readonly truncated: TruncatedFile;
  /** Supervisors that died here so far. */
  crashes = 0;
  private exitCode: number | string = '';

  private constructor(
    readonly agent: AgentProcess,
    private readonly file: CrashFile,
    private readonly made: { directory: string; share: string },
  ) {
    this.tree = new AgentTree(agent);
    this.truncated = new TruncatedFile(join(made.share, 'own'));
  }

  static async open(): Promise<CrashStage> {
    const made = makeShare();
    const file = new CrashFile();
    const agent = await startAgentProcess({
      policy: {
        version: 1,
        targets: [
          { match: { container: 'continued-*' }, syscalls: ['open_by_handle_at'], confinement: 'none' },
        ],
      },
      environment: { DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: file.path },
    });
    chmodSync(agent.directory, 0o755);
    const stage = new CrashStage(agent, file, made);
    for (const flavour of flavours) {
      await stage.addTarget(flavour, `normal-${flavour}`);
      await stage.addTarget(flavour, `continued-${flavour}`);
    }
    return stage;
  }

  private async addTarget(flavour: Flavour, container: string): Promise<void> {
    const { agent, made } = this;
    const target = TrapTarget.start(made.share);
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    const isSealed = container.startsWith('normal');
    if (!isSealed) await takeHandles(target, made.share);
    await target.confine({ socketPath: agent.socketPath, container, flavour });
    const events = new CallEvents(agent, container);
    if (isSealed) await takeHandles(target, made.share).then((count) => events.skip(count));
    this.targets.set(container, { target, flavour, mount, share: made.share, events });
  }

  /** The call as it is when nobody dies. */
  async reference(call: CrashCall, flavour: Flavour): Promise<CrashRun> {
    const key = `${call.name} ${flavour}`;
    const known = this.undisturbed.get(key) ?? (await this.attempt(call, flavour, []));
    this.undisturbed.set(key, known);
    return known;
  }

  /** The call while supervisors die at the points, one after the other. */
  async run(call: CrashCall, flavour: Flavour, points: readonly string[]): Promise<CrashRun> {
    await this.reference(call, flavour);
    return this.attempt(call, flavour, points);
  }

  private async attempt(call: CrashCall, flavour: Flavour, points: readonly string[]): Promise<CrashRun> {
    const one = this.targets.get(`${call.isContinued ? 'continued' : 'normal'}-${flavour}`) as StageTarget;
    if (call.truncates) this.truncated.fill();
    if (points.length > 0) this.file.arm(points);
    const before = this.tree.takeOvers.length;
    const { outcome, content } = await this.make(call, one, points.length > 0);
    const events = await one.events.next();
    const { left } = this.file;
    this.file.disarm();
    this.crashes += points.length - left.length;
    await until(() => this.tree.takeOvers.length === before + points.length - left.length, 'every successor');
    const reference = this.undisturbed.get(`${call.name} ${flavour}`);
    const isSame = reference === undefined || isDeepStrictEqual(outcome, reference.outcome);
    const isRight = isSame && (!call.truncates || this.truncated.content === content);
    const trace = lastTrace(this.agent.stateDirectory, one.target.pid, call.handler);
    return { call: call.name, flavour, points, left, outcome, isRight, events, trace };
  }

  /** Makes the call; what O_TRUNC emptied before the crash gets other content before anybody goes on. */
  private async make(
    call: CrashCall,
    one: StageTarget,
    armed: boolean,
  ): Promise<{ outcome: object; content: string }> {
    if (!call.truncates || !armed) return { outcome: await call.make(one), content: '' };
    const { active } = this.tree;
    let content = '';
    let done = false;
    // Without its keeper nobody takes over.
    this.agent.kill('SIGSTOP');
    try {
      const made = call.make(one).finally(() => {
        done = true;
      });
      made.catch(() => undefined);
      await until(() => done || isDead(active), 'the crash');
      content = isDead(active) ? this.truncated.disturb() : '';
      this.agent.kill('SIGCONT');
      return { outcome: await made, content };
    } finally {
      this.agent.kill('SIGCONT');
    }
  }

  /** Has a standby come while a point is armed: what of it is left. */
  async rehearseUnder(point: string): Promise<readonly string[]> {
    const { tree, file } = this;
    await tree.hasStandby();
    const [former] = tree.others;
    file.arm([point]);
    process.kill(former as number, 'SIGKILL');
    const isNew = (): boolean => tree.others.some((pid) => pid !== former);
    await until(isNew, 'another supervisor');
    await tree.hasStandby();
    const { left } = file;
    file.disarm();
    return left;
  }

  /** Checks what the journal says and ends all; nothing is left behind even when the check fails. */
  async close(): Promise<number | string> {
    const unlisted = [...this.targets].filter(([name]) => name.startsWith('continued'));
    const threads = new Set(unlisted.map(([, { target }]) => target.pid));
    try {
      replayStateDirectory(this.agent.stateDirectory, (threadId) => threads.has(threadId));
    } finally {
      this.exitCode = await this.end();
    }
    return this.exitCode;
  }

  private async end(): Promise<number | string> {
    await Promise.all([...this.targets.values()].map(({ target }) => target.end()));
    const code = await this.agent.stop();
    this.file.remove();
    rmSync(this.made.directory, { recursive: true, force: true });
    return code;
  }
}
