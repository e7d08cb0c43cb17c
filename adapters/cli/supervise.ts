import type { TargetHandleFacts } from '../../core/file-handles/target-facts.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { ShareAssessment, Target } from '../../core/ports/strategy.js';
import { fileHandle } from '../../strategies/file-handle/strategy.js';
import { handlersModule } from '../../strategies/seccomp-notify/handlers-module.js';
import { seccompNotify } from '../../strategies/seccomp-notify/strategy.js';
import { sidecarNotifier } from '../../strategies/sidecar-caps/notifier-form.js';
import { runSupervisor } from '../agent/run-supervisor.js';
import { commandLineLogger, type LogLevel } from '../logging/index.js';
import type { FirstLoop } from '../supervisor/first-loop.js';

/** Loaded when a container comes: a successor has none to assess. */
async function assessShares(target: Target, policy: ResolvedPolicy): Promise<ShareAssessment> {
  const { assessShares: assess } = await import('../host/share-obstacles.js');
  return assess(target, policy);
}

async function inspectTarget(target: Target, policy: ResolvedPolicy): Promise<TargetHandleFacts | undefined> {
  const { inspectTarget: inspect } = await import('../file-handle/inspect-target.js');
  return inspect(target, policy);
}

/** Runs this process as a supervisor with this build's strategies. */
export function supervise(first: FirstLoop | undefined): void {
  runSupervisor({
    loggerOf: (level) => commandLineLogger(level as LogLevel),
    handlersModule,
    first,
    strategies: (service, isSidecar) =>
      isSidecar
        ? [sidecarNotifier({ service, assessShares })]
        : [seccompNotify({ service, assessShares }), fileHandle({ service, assessShares, inspectTarget })],
  });
}
