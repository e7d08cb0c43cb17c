import type { Handler, HandlerOf } from '../../core/steps/handler.js';
import type { StepTable } from '../../core/steps/step.js';
import type { ModelProcess } from '../kernel/process.js';
import type { ModelRequestKernel } from '../ports/request-kernel.js';
import type { JournalWriter } from '../storage/journal-writer.js';
import type { World } from '../world/world.js';

export interface LoopParts {
  readonly world: World;
  readonly process: ModelProcess;
  readonly kernel: ModelRequestKernel;
  readonly journal: JournalWriter;
  readonly handlerOf: HandlerOf;
  /** The steps of a handler, which a mutation may have changed. */
  readonly tableOf: (handler: Handler) => StepTable;
  readonly report: (report: LoopReport) => void;
}

export type LoopReport =
  | { readonly kind: 'recovered' | 'hangup' | 'detached'; readonly key: number }
  | { readonly kind: 'failed'; readonly key: number; readonly error: unknown };
