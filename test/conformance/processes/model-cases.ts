import { errnoName } from '../../../core/errors/errno.js';
import { Kernel } from '../../../simulator/kernel/kernel.js';
import { bit, capability } from '../../../simulator/processes/capability-sets.js';
import { Cgroup } from '../../../simulator/processes/cgroup.js';
import { LockFile } from '../../../simulator/processes/file-lock.js';
import { type JoinableName, joinNamespaces } from '../../../simulator/processes/join-namespaces.js';
import { Pidfd } from '../../../simulator/processes/pidfd.js';
import { ProcessTree } from '../../../simulator/processes/process-tree.js';
import type { TreeProcess } from '../../../simulator/processes/tree-process.js';
import { Generator } from '../../../simulator/random/generator.js';
import { Scheduler } from '../../../simulator/scheduler/scheduler.js';

function word(result: number): string {
  return result < 0 ? (errnoName(-result) ?? `${result}`) : `${result}`;
}

function statusText({ status = 0 }: TreeProcess): string {
  const signal = status & 0x7f;
  return signal === 0 ? `exited ${status >> 8}` : `signaled ${signal}`;
}

/** A modelled machine with somebody outside, and the first process of a container. */
class Stage {
  readonly scheduler = new Scheduler();
  readonly tree = new ProcessTree(new Kernel(this.scheduler, new Generator(1n), {}));
  readonly outside = this.fork(this.tree.init, 'outside');
  readonly first = this.fork(this.outside, 'first', true);

  constructor() {
    this.first.whenChildEnded = () => void this.tree.wait(this.first);
  }

  fork(parent: TreeProcess, actor: string, isContainer = false): TreeProcess {
    const child = this.tree.fork(parent, actor, { isContainer });
    if (typeof child === 'number') throw new Error(`fork: ${word(child)}`);
    return child;
  }

  join(names: readonly JoinableName[], caller = this.outside): number {
    return joinNamespaces(caller, new Pidfd(this.first), names);
  }

  parentOf(process: TreeProcess): string {
    return `parent ${process.parent?.numberIn(process.space) ?? 0}`;
  }
}

function joinWithout(lost: number, names: readonly JoinableName[]): string {
  const stage = new Stage();
  stage.outside.sets.effective &= ~bit(lost);
  return word(stage.join(names));
}

function leaveRoot(keeps: boolean): string {
  const { outside } = new Stage();
  outside.sets.keeps = keeps;
  outside.sets.setUser(107);
  const isSet = (set: bigint): number => (set === 0n ? 0 : 1);
  return `effective ${isSet(outside.sets.effective)} permitted ${isSet(outside.sets.permitted)}`;
}

/** What the model says of each case of test/targets/process-cases.c, in the same words. */
export const modelCases: Readonly<Record<string, () => string>> = {
  'double-clone': () => {
    const stage = new Stage();
    stage.join(['pid']);
    const middle = stage.fork(stage.outside, 'middle');
    const last = stage.fork(middle, 'last');
    stage.tree.exit(middle, 0);
    return stage.parentOf(last);
  },
  'single-clone': () => {
    const stage = new Stage();
    const joiner = stage.fork(stage.outside, 'joiner');
    stage.join(['pid'], joiner);
    const child = stage.fork(joiner, 'child');
    stage.tree.exit(joiner, 0);
    return stage.parentOf(child);
  },
  'init-dies': () => {
    const stage = new Stage();
    stage.join(['pid']);
    const child = stage.fork(stage.outside, 'child');
    stage.tree.kill(stage.first);
    return statusText(child);
  },
  'init-is-held-up': () => {
    const stage = new Stage();
    const { tree, outside, first } = stage;
    stage.join(['pid']);
    const child = stage.fork(outside, 'child');
    tree.kill(first);
    const reaped: (TreeProcess | undefined)[] = [tree.wait(outside)];
    const before = reaped.includes(first) ? 1 : 0;
    if (!reaped.includes(child)) reaped.push(tree.wait(outside));
    reaped.push(tree.wait(outside));
    return `before ${before} after ${reaped.includes(first) ? 1 : 0}`;
  },
  'fork-into-dead': () => {
    const stage = new Stage();
    stage.join(['pid']);
    stage.tree.kill(stage.first);
    const child = stage.tree.fork(stage.outside, 'child');
    return typeof child === 'number' ? word(child) : 'forked';
  },
  'ignored-children': () => {
    const { tree, outside, ...stage } = new Stage();
    outside.ignoresChildren = true;
    const child = Stage.prototype.fork.call({ ...stage, tree }, outside, 'child');
    tree.exit(child, 7);
    return tree.wait(outside) === undefined && child.state === 'reaped' ? 'ECHILD' : 'waited';
  },
  'lock-of-the-dead': () => {
    const stage = new Stage();
    const { outside, tree } = stage;
    const file = new LockFile();
    const mine = file.open();
    const number = outside.process.table.add(mine);
    mine.lock();
    const child = stage.fork(outside, 'child');
    outside.process.table.close(number);
    const other = file.open();
    const held = word(other.lock());
    tree.kill(child);
    return `held ${held} free ${word(other.lock())}`;
  },
  'join-without-chroot': () => joinWithout(capability.SYS_CHROOT, ['mnt', 'pid']),
  'join-without-admin': () => joinWithout(capability.SYS_ADMIN, ['pid']),
  'join-own-user': () => word(new Stage().join(['user'])),
  'join-outwards': () => {
    const { first, outside } = new Stage();
    return word(joinNamespaces(first, new Pidfd(outside), ['pid']));
  },
  'join-the-dead': () => {
    const stage = new Stage();
    stage.tree.kill(stage.first);
    stage.tree.wait(stage.outside);
    return word(stage.join(['pid', 'mnt']));
  },
  'populated-cgroup': () => {
    const stage = new Stage();
    const cgroup = new Cgroup('/one', stage.tree.rootCgroup);
    const child = stage.fork(stage.outside, 'child');
    const attached = cgroup.attach(child) === 0 ? 1 : 0;
    const busy = word(cgroup.remove());
    stage.tree.kill(child);
    const then = word(cgroup.remove());
    return `attached ${attached} remove ${busy} then ${then} attach ${word(cgroup.attach(stage.outside))}`;
  },
  'frozen-cgroup': () => {
    const stage = new Stage();
    const cgroup = new Cgroup('/one', stage.tree.rootCgroup);
    cgroup.freeze(true);
    const child = stage.fork(stage.outside, 'child');
    cgroup.attach(child);
    let spoke = 0;
    stage.scheduler.after(1, child.process, () => {
      spoke = 1;
    });
    while (stage.scheduler.step());
    stage.tree.kill(child);
    return `spoke ${spoke} ${statusText(child)}`;
  },
  'leave-root': () => leaveRoot(false),
  'leave-root-and-keep': () => leaveRoot(true),
  'raise-ambient': () => word(new Stage().outside.sets.raiseAmbient(bit(capability.DAC_READ_SEARCH))),
};
