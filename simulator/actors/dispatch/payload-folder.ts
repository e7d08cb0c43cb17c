import { LockFile } from '../../processes/file-lock.js';
import type { ProcessTree } from '../../processes/process-tree.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { World } from '../../world/world.js';
import { DispatchLog } from './dispatch-log.js';
import type { ModelShim } from './shim.js';

/** What of one payload outlives everybody: STATE/payloads/KEY. */
export class PayloadFolder {
  /** State directories with the events of dispatches, by whose they are. */
  private readonly logsByOwner = new Map<number, DispatchLog>();
  readonly lock = new LockFile();
  /** Who listens on the socket in it. */
  listener: ModelShim | undefined;
  /** The payload's number and start time, once there is one. */
  record: { readonly number: number; readonly startTime: number } | undefined;
  /** How the payload ended, as its shim wrote it down, until somebody was told. */
  ended: string | undefined;
  /** Nothing of its delegations is open any more. */
  isSettled = false;

  constructor(
    private readonly world: World,
    readonly startTime: number,
  ) {}

  logOf(owner: number): DispatchLog {
    const log = this.logsByOwner.get(owner) ?? new DispatchLog(this.world);
    this.logsByOwner.set(owner, log);
    return log;
  }

  /** Does anybody have the lock? */
  get isLocked(): boolean {
    return this.lock.holder !== undefined;
  }

  /** A payload that lives though its shim is gone. */
  orphan(tree: ProcessTree): TreeProcess | undefined {
    const { record } = this;
    const process = record === undefined ? undefined : tree.find(tree.hostSpace, record.number);
    return process?.state === 'running' && process.startTime === record?.startTime ? process : undefined;
  }

  get logs(): readonly DispatchLog[] {
    return [...this.logsByOwner.values()];
  }

  /** What an earlier payload left; the lock is the caller's. */
  clear(): void {
    this.record = this.ended = undefined;
    this.listener = undefined;
  }
}

/** The folders of a state directory, by container, start of it, and name. */
export class PayloadFolders {
  private readonly folders = new Map<string, PayloadFolder>();

  constructor(private readonly world: World) {}

  of(containerId: string, startTime: number): PayloadFolder {
    const key = `${containerId}.${startTime}`;
    const known = this.folders.get(key) ?? new PayloadFolder(this.world, startTime);
    this.folders.set(key, known);
    return known;
  }

  /** Those of a container, whenever that was started. */
  ofContainer(containerId: string): readonly PayloadFolder[] {
    return [...this.folders].filter(([key]) => key.startsWith(`${containerId}.`)).map(([, one]) => one);
  }

  get all(): readonly PayloadFolder[] {
    return [...this.folders.values()];
  }
}
