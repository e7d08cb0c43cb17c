import type { InjectionClient } from '../../core/injector/injection-client.js';
import type { HandlerOf } from '../../core/steps/handler.js';
import type { MappedSegments } from '../journal/mapped-segments.js';
import type { Placement } from '../linux/placement.js';
import type { LinuxRequestKernel } from '../linux/request-kernel/linux-request-kernel.js';
import type { LoopControl } from './loop-control.js';
import type { LoopReport } from './loop-messages.js';

/** What a hot loop is made of. */
export interface HotLoopParts {
  readonly handlerOf: HandlerOf;
  readonly kernel: LinuxRequestKernel;
  readonly segments: MappedSegments;
  readonly injection: InjectionClient;
  readonly placement: Placement;
  readonly control: LoopControl;
  readonly wakeDescriptor: number;
  readonly nowUs: () => number;
  readonly report: (report: LoopReport) => void;
  /** Takes and obeys the messages that wait. */
  readonly takeCommands: () => void;
}
