import { AddressSpace } from './address-space.js';
import { DescriptorTable } from './descriptor-table.js';
import type { Location, MountNamespace } from './mounts.js';
import type { Credentials } from './permissions.js';

/** What threads of a process have in common. */
export class Process {
  readonly memory = new AddressSpace();
  readonly descriptors: DescriptorTable;
  root: Location;
  currentDirectory: Location;

  constructor(
    readonly namespace: MountNamespace,
    descriptorLimit: number,
  ) {
    this.root = namespace.root;
    this.currentDirectory = namespace.root;
    this.descriptors = new DescriptorTable(descriptorLimit);
  }
}

/** What became of a thread's call. */
export type CallOutcome =
  | { readonly kind: 'returned'; readonly value: number }
  /** The kernel ran the call itself. */
  | { readonly kind: 'continued' }
  /** A signal ended the wait. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'killed' };

/** A thread: credentials are its own, descriptors only after unshare(CLONE_FILES). */
export class Thread {
  alive = true;
  /** Another process traces it, so the injector can't. */
  traced = false;
  private ownDescriptors: DescriptorTable | undefined;
  /** Each call that ended, in order. */
  readonly outcomes: CallOutcome[] = [];

  constructor(
    readonly id: number,
    readonly process: Process,
    public credentials: Credentials,
  ) {}

  get descriptors(): DescriptorTable {
    return this.ownDescriptors ?? this.process.descriptors;
  }

  unshareDescriptors(): void {
    this.ownDescriptors = this.descriptors.copy();
  }
}
