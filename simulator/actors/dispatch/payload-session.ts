import { deputyError } from '../../../core/errors/deputy-error.js';
import type { PayloadEnd, PayloadFacts, PayloadSession, TargetFacts } from '../../../core/ports/payload.js';
import type { PacketSocket } from '../../kernel/open-description.js';
import type { LockDescription } from '../../processes/file-lock.js';
import { sharesNamespaces } from '../../processes/join-namespaces.js';
import { Pidfd } from '../../processes/pidfd.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { Acting } from './acting.js';
import type { DispatchParts } from './dispatch-parts.js';
import { failureOf } from './failure-of.js';
import { Gate } from './gate.js';
import type { PayloadFolder } from './payload-folder.js';
import { answerOfImpostor } from './placeholder.js';
import { ModelShim, type ShimOrder } from './shim.js';
import { identifyTarget, type ModelTarget, targetFacts } from './target-facts.js';
import { closeDescription, receiveText, sendText } from './text-socket.js';

/** The shim binds its socket first of all; looked at more seldom than by the real one, as each is a point. */
const shimWaitUs = 5_000_000;
const connectAgainUs = 50_000;
const abandonUs = 5_000_000;
const lockNumber = 3;

/** A payload of a modelled container. */
export class ModelPayloadSession implements PayloadSession {
  readonly ended: Promise<PayloadEnd>;
  private target: ModelTarget | undefined;
  private facts: TargetFacts | undefined;
  private folder: PayloadFolder | undefined;
  private lockHeld: LockDescription | undefined;
  private client: PacketSocket | undefined;
  processNumber = 0;
  private version: number | undefined;
  private isEnded = false;
  private isAttached = false;
  private resolveEnd: (end: PayloadEnd) => void = () => undefined;
  private readonly joined = new Gate();
  private readonly executed = new Gate();
  private readonly reports: string[] = [];

  constructor(
    private readonly parts: DispatchParts,
    private readonly acting: Acting,
    private readonly containerId: string,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolveEnd = resolve;
    });
  }

  async identify(): Promise<TargetFacts> {
    this.facts = await this.acting.call('identify', () => {
      this.target = identifyTarget(this.parts, this.containerId);
      return targetFacts(this.parts, this.target);
    });
    return this.facts;
  }

  async lock(): Promise<'taken' | 'running'> {
    const target = this.held;
    const result = await this.acting.call('lock', () => {
      this.folder = this.parts.folders.of(this.containerId, target.startTime);
      const description = this.folder.lock.open();
      if (description.lock() < 0) return 'running';
      this.self.process.table.put(lockNumber, description);
      this.lockHeld = description;
      return 'taken';
    });
    const orphan =
      result === 'taken'
        ? await this.acting.call('look-for-orphan', () => this.folder?.orphan(this.parts.tree))
        : undefined;
    if (result === 'running') return 'running';
    if (orphan === undefined) {
      await this.acting.call('clear', () => this.folder?.clear());
      return 'taken';
    }
    await this.startShim({ target: new Pidfd(orphan) });
    return 'running';
  }

  async openProgram(): Promise<string> {
    const { oldWays, scenario } = this.parts;
    // As the one did that executed what the target had by the time: of another version than its flags.
    const isLate = oldWays.has('program-of-the-target');
    await this.acting.call('open-program', () => {
      this.version = isLate ? undefined : scenario.dispatch.version;
    });
    return `version ${this.version ?? 'of the target'}`;
  }

  async join(): Promise<readonly string[]> {
    if (this.lockHeld === undefined) throw new RangeError('no lock');
    const { life } = this.held;
    const pidfd = new Pidfd(this.joinedProcess());
    await this.startShim({
      target: pidfd,
      join: { cgroup: life.cgroup, containerId: this.containerId, version: this.version },
    });
    return this.connect();
  }

  async attach(): Promise<{ readonly reports: readonly string[]; readonly isOver: boolean }> {
    this.isAttached = true;
    const reports = await this.connect();
    return { reports, isOver: this.isEnded };
  }

  inspect(): Promise<PayloadFacts | undefined> {
    return this.acting.call('inspect', () => {
      const { tree } = this.parts;
      const process = tree.find(tree.hostSpace, this.processNumber);
      if (process === undefined || process.state !== 'running') return undefined;
      const { init, cgroup } = this.held.life;
      return {
        processId: this.processNumber,
        startTime: String(process.startTime),
        parentIsInit: process.parent === init,
        sameNamespaces: sharesNamespaces(process, init),
        sameCgroups: process.cgroup === cgroup,
        capabilities: process.sets.all,
        userIds: [process.sets.user],
        noNewPrivileges: process.sets.noNewPrivileges,
      };
    });
  }

  async name(): Promise<boolean> {
    if (this.parts.spec.placeholderSocket === undefined) return false;
    const answer = await this.acting.call('check-peer', () => answerOfImpostor(this.parts));
    if (answer !== undefined) return answer;
    const socket = await this.acting.call('connect-placeholder', () => {
      const { tree } = this.parts;
      const { placeholder, init } = this.held.life;
      const peer = placeholder.connect(this.self);
      const number = tree.find(tree.hostSpace, this.processNumber)?.numberIn(init.space);
      if (number === undefined)
        throw deputyError('DEPUTY_E_TARGET_GONE', { detail: 'the payload was ended' });
      if (peer !== undefined) sendText(peer, `payload ${number}`);
      return peer;
    });
    if (socket !== undefined && !socket.isPeerClosed && socket.packets.length === 0) {
      await new Promise<void>((readable) => {
        socket.whenReadable = () => this.acting.later(2, readable);
      });
    }
    const isNamed = await this.acting.call('hear-placeholder', () =>
      socket === undefined ? false : receiveText(socket)?.text === 'named',
    );
    if (isNamed) return true;
    if (this.isAttached) return false;
    throw deputyError('DEPUTY_E_PLACEHOLDER_INVALID', { path: '/placeholder', detail: 'nobody answers' });
  }

  async execute(): Promise<void> {
    await this.acting.call('say-go', () => this.send('go'));
    if (this.parts.oldWays.has('success-before-execution')) return;
    await this.executed.wait();
  }

  async ready(): Promise<string> {
    return this.acting.call('await-ready', () => 'not asked for');
  }

  signal(number: number): void {
    this.send(`signal ${number}`);
  }

  /** The end is told by how this process exits, behind which the shim may end. */
  async collect(): Promise<void> {
    const isAtOnce =
      this.parts.formerWays.has('forgotten-before-told') || this.parts.scenario.dispatch.follows;
    await this.acting.call('collect', () => this.tell(isAtOnce ? 'collect' : 'exit-tells'));
  }

  /** Where its last event is all that is to be told, which is there now, nobody else collects. */
  async forget(): Promise<void> {
    if (this.parts.scenario.dispatch.follows) await this.collect();
  }

  /** The payload goes on without us. */
  leave(): void {
    const { client } = this;
    this.client = undefined;
    if (client === undefined) return;
    client.whenReadable = undefined;
    closeDescription(this.self, client);
  }

  async abandon(): Promise<void> {
    if (this.client !== undefined && !this.isEnded) {
      await this.acting.call('kill-payload', () => this.send('signal 9'));
      await new Promise<void>((goOn) => {
        void this.ended.then(() => goOn());
        this.acting.later(abandonUs, goOn);
      });
    }
    if (this.client !== undefined) await this.acting.call('collect', () => this.tell('collect'));
    await this.acting.call('drop-lock', () => this.dropLock());
  }

  private tell(word: 'collect' | 'exit-tells'): void {
    this.send(word);
    this.leave();
  }

  private get self(): TreeProcess {
    return this.acting.self;
  }

  private get held(): ModelTarget {
    if (this.target === undefined) throw new RangeError('the target was not identified');
    return this.target;
  }

  /** A pidfd that is held since it was identified; or, as it was once, whoever has the number by now. */
  private joinedProcess(): TreeProcess {
    const { tree, oldWays } = this.parts;
    const { init, number } = this.held;
    if (!oldWays.has('bare-pid')) return init;
    return tree.find(tree.hostSpace, number) ?? init;
  }

  private async startShim(order: Omit<ShimOrder, 'folder'>): Promise<void> {
    const { tree, nextNumber } = this.parts;
    const { folder } = this;
    if (folder === undefined) throw new RangeError('no lock');
    await this.acting.call('start-shim', () => {
      const self = tree.fork(this.self, `shim-${nextNumber('shim')}`, { keeps: [lockNumber] });
      if (typeof self === 'number') throw failureOf('clone', -self);
      self.program = 'shim';
      const shim = new ModelShim(this.parts, self, { ...order, folder });
      this.parts.shims.push({ self, shim, folder });
      void shim.run();
    });
    await this.acting.call('hand-over-lock', () => this.dropLock());
  }

  private dropLock(): void {
    if (this.lockHeld !== undefined) this.self.process.table.close(lockNumber);
    this.lockHeld = undefined;
  }

  private async connect(): Promise<readonly string[]> {
    for (let waitedUs = 0; this.client === undefined; waitedUs += connectAgainUs) {
      const client = await this.acting.call('connect', () => this.folder?.listener?.connect(this.self));
      if (client !== undefined) {
        this.client = client;
        client.whenReadable = () => this.acting.later(2, () => this.hear(client));
        sendText(client, 'take');
        this.hear(client);
      } else if (waitedUs >= shimWaitUs) {
        throw deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step: 'shim', errno: 'ETIMEDOUT' });
      } else await this.acting.sleep(connectAgainUs);
    }
    await this.joined.wait();
    return this.reports;
  }

  private send(text: string): void {
    if (this.client !== undefined) sendText(this.client, text);
  }

  private hear(client: PacketSocket): void {
    for (let packet = receiveText(client); packet !== undefined; packet = receiveText(client)) {
      this.handle(packet.text);
    }
    if (!client.isPeerClosed) return;
    this.fail(deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step: 'shim', errno: 'ECONNRESET' }));
    this.end({ kind: 'unknown', reason: 'the shim is gone' });
  }

  private handle(text: string): void {
    const [kind, word = '', value = ''] = text.split(' ');
    if (kind === 'R') this.reports.push(text.slice(2));
    else if (kind === 'J') {
      this.processNumber = Number(word);
      this.joined.open();
    } else if (kind === 'X') this.executed.open();
    else if (kind === 'B') this.fail(deputyError('DEPUTY_E_PAYLOAD_OWNED', { what: this.containerId }));
    else if (kind === 'F') this.fail(failureOf(word, Number(value)));
    else if (word === 'exited') this.end({ kind: 'exited', code: Number(value) });
    else if (word === 'signaled') this.end({ kind: 'signaled', signal: Number(value) });
    else this.end({ kind: 'unknown', reason: value });
  }

  private fail(error: Error): void {
    this.joined.fail(error);
    this.executed.fail(error);
    this.end({ kind: 'unknown', reason: error.message });
  }

  private end(end: PayloadEnd): void {
    this.isEnded = true;
    this.joined.fail(deputyError('DEPUTY_E_TARGET_GONE', { detail: 'the payload ended' }));
    this.resolveEnd(end);
  }
}
