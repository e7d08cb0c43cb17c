import { LockFile } from '../../processes/file-lock.js';
import type { World } from '../../world/world.js';
import { DispatchLog } from './dispatch-log.js';
import type { ModelShim } from './shim.js';

/** What of one payload outlives everybody: STATE/payloads/KEY. */
export class PayloadFolder {
  /** The events of dispatches, by whose they are: each has a state directory of its own. */
  private readonly logsByOwner = new Map<number, DispatchLog>();
  readonly lock = new LockFile();
  /** Who listens on the socket in it. */
  listener: ModelShim | undefined;
  /** The payload's number and start time, once there is one. */
  record: { readonly number: number; readonly startTime: number } | undefined;

  constructor(
    private readonly world: World,
    readonly startTime: number,
  ) {}

  logOf(owner: number): DispatchLog {
    const log = this.logsByOwner.get(owner) ?? new DispatchLog(this.world);
    this.logsByOwner.set(owner, log);
    return log;
  }

  get logs(): readonly DispatchLog[] {
    return [...this.logsByOwner.values()];
  }

  /** What an earlier payload left; the lock is the caller's. */
  clear(): void {
    this.record = undefined;
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
