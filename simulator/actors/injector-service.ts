import type { RequestRecord } from '../../core/request/record.js';
import type { ModelProcess } from '../kernel/process.js';
import type { InjectionPort } from '../ports/injection-port.js';

/** Starts injectors, one after the other, and gives supervisors their side of the channel. */
export interface InjectorService {
  /** Under this process, which starts another when one dies. */
  start(parent: ModelProcess): void;
  stop(): void;
  clientFor(process: ModelProcess, resume: (record: RequestRecord) => void): InjectionPort;
  /** A further channel for a process: its descriptor there. Not while there is no injector. */
  openChannel(process: ModelProcess, opened: (channel: number) => void): void;
  readonly process: ModelProcess | undefined;
  readonly isIdle: boolean;
}
