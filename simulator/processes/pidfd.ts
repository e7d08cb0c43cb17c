import { PlainDescription } from '../kernel/open-description.js';
import type { TreeProcess } from './tree-process.js';

/** A descriptor of a process (pidfd_open(2)): it never means another one. */
export class Pidfd extends PlainDescription {
  constructor(readonly process: TreeProcess) {
    super();
  }

  /** POLLIN: it has ended. */
  get hasEnded(): boolean {
    return this.process.state !== 'running';
  }

  /** PIDFD_GET_INFO with PIDFD_INFO_EXIT: a status, once somebody has reaped it (Linux 6.15). */
  get exitStatus(): number | undefined {
    return this.process.state === 'reaped' ? this.process.status : undefined;
  }
}
