import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { deputyError } from '../../core/errors/deputy-error.js';
import type {
  PayloadEnd,
  PayloadFacts,
  PayloadSession,
  PayloadSpec,
  TargetFacts,
} from '../../core/ports/payload.js';
import { findTarget } from './find-container.js';
import { Gate } from './gate.js';
import { openHostProgram } from './host-program.js';
import { type HeldTarget, holdTarget } from './identify.js';
import { inspectPayload } from './inspect-payload.js';
import { failureOf } from './join-failure.js';
import { PayloadDirectory, withShimSocket } from './payload-directory.js';
import { namePayload } from './placeholder-client.js';
import { beginsToListen, hasSaidSo } from './readiness.js';
import { type OutputSink, ShimClient } from './shim-client.js';
import { type ShimStart, startAdoptingShim, startShim } from './start-shim.js';
import { openTargetProgram } from './target-program.js';

const pollMs = 5;
/** A shim binds its socket first of all. */
const shimWaitMs = 5_000;

export interface SessionOptions {
  /** A container's id or the number of its first process. */
  readonly target: string;
  readonly stateDirectory: string;
  /** Tells payloads of one container apart. */
  readonly name: string;
  readonly runtimeRoots?: readonly string[];
  /** Whoever asked learns of the end by how this process exits, not by an event alone. */
  readonly isToldByExit?: boolean;
}

/** One payload of one target on this machine: see core/ports/payload.ts. */
export class LinuxPayloadSession implements PayloadSession {
  readonly ended: Promise<PayloadEnd>;
  private held: HeldTarget | undefined;
  private containerId = '';
  private directory: PayloadDirectory | undefined;
  private lockDescriptor: number | undefined;
  private program: number | undefined;
  private client: ShimClient | undefined;
  private sink: OutputSink | undefined;
  private readyPipe: number | undefined;
  private placeholder: Socket | undefined;
  private processId = 0;
  private readonly reports: string[] = [];
  private readonly joined = new Gate();
  private readonly executed = new Gate();
  private resolveEnd: (end: PayloadEnd) => void = () => undefined;
  private placeholderStatus: number | undefined;
  protected readonly takeLog: ShimStart['takeLog'] = undefined;
  private isEnded = false;
  private isLeft = false;
  private isAttached = false;

  constructor(
    private readonly options: SessionOptions,
    private readonly spec: PayloadSpec,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolveEnd = resolve;
    });
  }

  async identify(): Promise<TargetFacts> {
    const reference = findTarget(this.options.target, this.options.runtimeRoots);
    this.containerId = reference.containerId;
    this.held = holdTarget(reference);
    return this.held.facts;
  }

  async lock(): Promise<'taken' | 'running'> {
    const { startTime } = this.target.facts;
    const { containerId, options } = this;
    const key = { containerId, startTime, name: options.name };
    this.directory = PayloadDirectory.of(options.stateDirectory, key);
    this.lockDescriptor = this.directory.lock();
    if (this.lockDescriptor === undefined) return 'running';
    this.directory.describe(this.target.facts.processId);
    const orphan = this.directory.orphan();
    if (orphan === undefined) {
      this.directory.clear();
      return 'taken';
    }
    await startAdoptingShim(this.directory.path, this.lockDescriptor, orphan);
    closeSync(orphan);
    this.dropLock();
    return 'running';
  }

  async openProgram(): Promise<string> {
    const [command = ''] = this.spec.argv;
    const opened =
      this.spec.from === 'host' ? openHostProgram(command) : openTargetProgram(command, this.target.facts);
    this.program = opened.descriptor;
    return opened.description;
  }

  async join(): Promise<readonly string[]> {
    const { directory, program, lockDescriptor: lock } = this;
    if (directory === undefined || program === undefined || lock === undefined)
      throw new RangeError('no lock');
    this.readyPipe = await startShim({
      directory: directory.path,
      lock,
      target: this.target,
      program,
      spec: this.spec,
      takeLog: this.takeLog,
    });
    this.dropLock(); // The shim has it now; it is free when the shim ends.
    closeSync(program);
    this.program = undefined;
    return this.connect();
  }

  async attach(): Promise<{ reports: readonly string[]; isOver: boolean }> {
    this.isAttached = true;
    const reports = await this.connect();
    // Whoever was killed before it had let the process go: it waits for that still.
    return { reports, isOver: this.isEnded };
  }

  inspect(): Promise<PayloadFacts | undefined> {
    return inspectPayload(this.processId, this.target.facts);
  }

  async name(): Promise<boolean> {
    const { placeholderSocket } = this.spec;
    if (placeholderSocket === undefined) return false;
    try {
      const { facts } = this.target;
      this.placeholder = await namePayload(placeholderSocket, facts, this.processId, (status) => {
        this.placeholderStatus = status;
      });
    } catch (error) {
      // One that ran before us may have ended, and its container with it: how is learnt all the same.
      if (!this.isAttached) throw error;
      return false;
    }
    return true;
  }

  async execute(): Promise<void> {
    this.client?.go();
    await this.executed.wait();
  }

  async ready(): Promise<string> {
    const { readiness, deadlineMs } = this.spec;
    if (this.isAttached && this.isEnded) return 'it has ended';
    if (readiness.kind === 'fd') {
      // Whoever attaches comes too late for that.
      if (this.readyPipe === undefined) return 'it ran already';
      const said = await hasSaidSo(this.readyPipe, deadlineMs);
      this.readyPipe = undefined;
      if (said) return 'it wrote to descriptor 3';
      throw this.notReady('it wrote nothing to descriptor 3');
    }
    if (readiness.kind !== 'socket') return 'not asked for';
    const isOver = (): boolean => this.isEnded;
    if (await beginsToListen(this.processId, readiness.path, { deadlineMs, isOver })) {
      return `it listens on ${readiness.path}`;
    }
    if (this.isAttached && this.isEnded) return 'it has ended';
    throw this.notReady(`nobody listens on ${readiness.path}`);
  }

  signal(number: number): void {
    this.client?.signal(number);
  }

  /** The payload's output goes there, from its beginning, as far as nobody has taken it yet. */
  drainTo(sink: OutputSink): void {
    this.sink = sink;
    this.client?.drainTo(sink);
  }

  get input(): Pick<ShimClient, 'write' | 'endInput' | 'resize'> | undefined {
    return this.client;
  }

  /** Its end is told, or is by this process's exit: the shim may end with that. */
  async collect(): Promise<void> {
    await this.client?.collect(this.options.isToldByExit === true);
    this.release();
  }

  /** Where more than its last event is to be told, whoever tells it collects. */
  async forget(): Promise<void> {
    if (!this.options.isToldByExit) await this.collect();
  }

  /** The payload goes on without us; whoever attaches next reads on where we stopped. */
  async leave(): Promise<void> {
    this.isLeft = true;
    await this.client?.leave();
    this.release();
  }

  async abandon(): Promise<void> {
    const { client } = this;
    if (client !== undefined && !this.isEnded) {
      client.signal(9);
      if (this.sink === undefined) client.drainTo({ write: (_stream, _bytes, done) => done() });
      await Promise.race([this.ended, sleep(shimWaitMs, undefined, { ref: false })]);
    }
    await client?.collect(false);
    this.release();
  }

  private release(): void {
    this.dropLock();
    if (this.held !== undefined) closeSync(this.held.pidfd);
    this.held = undefined;
    this.placeholder?.destroy();
  }

  private get target(): HeldTarget {
    if (this.held === undefined) throw new RangeError('the target was not identified');
    return this.held;
  }

  private dropLock(): void {
    if (this.lockDescriptor !== undefined) closeSync(this.lockDescriptor);
    this.lockDescriptor = undefined;
  }

  private async connect(): Promise<readonly string[]> {
    const { directory } = this;
    if (directory === undefined) throw new RangeError('no lock');
    const end = performance.now() + shimWaitMs;
    for (;;) {
      try {
        const handlers = this.handlers(directory.path);
        this.client = await withShimSocket(directory.path, (path) => ShimClient.open(path, handlers));
        if (this.sink !== undefined) this.client.drainTo(this.sink);
        break;
      } catch (error) {
        if (performance.now() > end)
          throw deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step: 'shim', errno: 'ETIMEDOUT' }, error);
        await sleep(pollMs);
      }
    }
    await this.joined.wait();
    return this.reports;
  }

  private handlers(path: string) {
    return {
      report: (text: string) => void this.reports.push(text),
      joined: (processId: number) => {
        this.processId = processId;
        this.joined.open();
      },
      executed: () => this.executed.open(),
      failed: (step: string, errno: number) =>
        this.fail(failureOf(step, errno, this.spec, this.held?.cgroupFolders)),
      busy: () => this.fail(deputyError('DEPUTY_E_PAYLOAD_OWNED', { what: path })),
      ended: (end: PayloadEnd) => this.end(end),
      lost: () => {
        // Its end is somebody else's to hear of.
        if (this.isLeft) return;
        this.fail(deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step: 'shim', errno: 'ECONNRESET' }));
        this.end({ kind: 'unknown', reason: 'the shim is gone' });
      },
    };
  }

  private fail(error: Error): void {
    this.joined.fail(error);
    this.executed.fail(error);
    this.end({ kind: 'unknown', reason: error.message });
  }

  private end(end: PayloadEnd): void {
    this.isEnded = true;
    this.joined.fail(deputyError('DEPUTY_E_TARGET_GONE', { detail: 'the payload ended' }));
    const status = this.placeholderStatus;
    if (end.kind !== 'unknown' || status === undefined) return this.resolveEnd(end);
    const signal = status & 0x7f;
    this.resolveEnd(
      signal === 0 ? { kind: 'exited', code: (status >> 8) & 0xff } : { kind: 'signaled', signal },
    );
  }

  private notReady(detail: string): Error {
    const { deadlineMs } = this.spec;
    const what = this.isEnded ? 'it ended before' : detail;
    return deputyError('DEPUTY_E_PAYLOAD_NOT_READY', { deadlineMs, detail: what });
  }
}
