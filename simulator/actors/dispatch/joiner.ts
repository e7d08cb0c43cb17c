import { no } from '../../kernel/numbers.js';
import type { PacketSocket } from '../../kernel/open-description.js';
import { bit } from '../../processes/capability-sets.js';
import type { Cgroup } from '../../processes/cgroup.js';
import { joinNamespaces, payloadNamespaces } from '../../processes/join-namespaces.js';
import { Pidfd } from '../../processes/pidfd.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import { Acting } from './acting.js';
import type { DispatchParts, ModelPayload } from './dispatch-parts.js';
import { receiveText, sendText } from './text-socket.js';

/** How long it looks for the target's init as its parent, as the real one does. */
const reparentTries = 25_000;
const reparentLookUs = 200;
const cannotExecute = 126;
const notFound = 127;
const gaveUp = 125;

/** What a joiner is handed. */
export interface JoinerOrder {
  readonly control: PacketSocket;
  /** The control socket's number in its table, and in its children's. */
  readonly controlNumber: number;
  readonly target: Pidfd;
  /** The cgroup whose cgroup.procs is open. */
  readonly cgroup: Cgroup;
  readonly containerId: string;
  /** The program that was opened; undefined: it is looked for in the target, as late as it is executed. */
  readonly version: number | undefined;
}

/**
 * The joiner, the intermediate and the process that becomes the payload: the calls of joiner.c, in its
 * order. Whoever has nobody to report to ends.
 */
export class ModelJoiner {
  constructor(
    private readonly parts: DispatchParts,
    private readonly order: JoinerOrder,
  ) {}

  async run(self: TreeProcess): Promise<void> {
    const { tree, oldWays } = this.parts;
    const acting = this.acting(self, 'joiner');
    self.ignoresChildren = true;
    await this.report(acting, 'open', () => 0);
    await this.report(acting, 'rlimits', () => 0);
    await this.report(acting, 'exec-label', () => 0);
    const cgroup = () => this.order.cgroup.attach(self);
    // As the one did that joined the cgroup first: for a while it was charged there, and nowhere else in.
    if (oldWays.has('cgroup-first')) await this.report(acting, 'cgroup', cgroup);
    await this.report(acting, 'namespaces', () => joinNamespaces(self, this.order.target, payloadNamespaces));
    if (!oldWays.has('cgroup-first')) await this.report(acting, 'cgroup', cgroup);
    await this.report(acting, 'capabilities', () => this.cut(self));
    await this.report(acting, 'no-new-privs', () => {
      self.sets.noNewPrivileges = true;
      return 0;
    });
    const child = await acting.call('clone', () =>
      this.fork(self, 'intermediate', (born) => this.beIntermediate(born)),
    );
    if (child === undefined) return;
    if (child.state !== 'reaped') await new Promise<void>((done) => child.whenReaped.push(done));
    await acting.call('leave', () => tree.exit(self, 0));
  }

  private async beIntermediate(self: TreeProcess): Promise<void> {
    const acting = this.acting(self, 'joiner');
    const payload = await acting.call('clone-payload', () =>
      this.fork(self, 'payload', (born) => this.bePayload(born, self)),
    );
    if (payload === undefined) return;
    await acting.call('send-payload', () => {
      const pidfd = new Pidfd(payload);
      const text = `payload ${payload.numberIn(payload.space)}`;
      if (!sendText(this.order.control, text, [pidfd])) this.parts.tree.exit(self, gaveUp);
    });
    await acting.call('leave', () => this.parts.tree.exit(self, 0));
  }

  private async bePayload(self: TreeProcess, before: TreeProcess): Promise<void> {
    const acting = this.acting(self, 'payload');
    await acting.call('session', () => 0);
    for (let tries = 0; self.parent === before; tries++) {
      if (tries === reparentTries) return void this.fail(acting, 'reparent', no('ETIMEDOUT'));
      await acting.sleep(reparentLookUs);
    }
    await this.report(acting, 'reparent', () => 0);
    await this.report(acting, 'descriptors', () => 0);
    const payload = await this.hearGo(acting);
    await acting.call('filter', () => 0);
    await acting.call('execute', () => this.execute(acting, payload));
  }

  /** Waits for the word; without anybody who could say it, it ends. */
  private async hearGo(acting: Acting): Promise<ModelPayload> {
    const { control } = this.order;
    for (;;) {
      if (control.packets.length === 0 && !control.isPeerClosed) {
        await new Promise<void>((readable) => {
          control.whenReadable = () => acting.later(2, readable);
        });
      }
      const payload = await acting.call('hear-go', () =>
        receiveText(control)?.text === 'go' ? this.payloadOf(acting.self) : undefined,
      );
      if (payload !== undefined) return payload;
      if (control.isPeerClosed) await acting.call('give-up', () => this.parts.tree.exit(acting.self, gaveUp));
    }
  }

  private payloadOf(self: TreeProcess): ModelPayload | undefined {
    return this.parts.payloads.find(({ process }) => process === self);
  }

  private execute(acting: Acting, payload: ModelPayload): number {
    const { self } = acting;
    if (this.parts.scenario.dispatch.program === 'missing') return this.fail(acting, 'execute', no('ENOENT'));
    payload.isExecuted = true;
    self.sets.execute();
    self.program = 'payload';
    self.process.table.close(this.order.controlNumber);
    this.parts.runPayload(payload);
    return 0;
  }

  private cut(self: TreeProcess): number {
    const { sets } = self;
    const { capabilities, user } = this.parts.spec;
    const wanted = capabilities.reduce((mask, number) => mask | bit(number), 0n);
    sets.noRoot = sets.keeps = true;
    return sets.cutBounding(wanted) || sets.setUser(user) || sets.set(wanted) || sets.raiseAmbient(wanted);
  }

  /** The child goes on by itself, whatever becomes of its parent in that moment. */
  private fork(
    parent: TreeProcess,
    name: string,
    be: (born: TreeProcess) => Promise<void>,
  ): TreeProcess | undefined {
    const { tree, started, nextNumber } = this.parts;
    const child = tree.fork(parent, `${name}-${nextNumber(name)}`);
    if (typeof child === 'number') {
      this.fail(this.acting(parent, 'joiner'), 'clone', child);
      return undefined;
    }
    child.program = 'joiner';
    started.add(child);
    void be(child);
    return child;
  }

  private acting(self: TreeProcess, kind: string): Acting {
    return new Acting(this.parts.world, self, kind);
  }

  /** Makes a step and tells of it; one that fails is the end. */
  private async report(acting: Acting, step: string, work: () => number): Promise<void> {
    const result = await acting.call(step, () => {
      const given = work();
      if (given < 0) return this.fail(acting, step, given);
      if (!sendText(this.order.control, `done ${step}`)) this.parts.tree.exit(acting.self, gaveUp);
      return given;
    });
    // Its process is gone then.
    if (result < 0) await new Promise(() => undefined);
  }

  private fail(acting: Acting, step: string, result: number): number {
    sendText(this.order.control, `fail ${step} ${-result}`);
    this.parts.tree.exit(acting.self, result === no('ENOENT') ? notFound : cannotExecute);
    return result;
  }
}
