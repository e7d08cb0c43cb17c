import { deputyError } from '../../../core/errors/deputy-error.js';
import type { PayloadSession, PayloadSpec } from '../../../core/ports/payload.js';
import {
  type Dispatch,
  dispatchCosts,
  dispatchSteps,
  exitCodeSource,
} from '../../../strategies/dispatcher/index.js';
import { kernelTellsExit } from '../../payload/index.js';
import { canLeaveUnit } from '../../payload/outside-unit.js';

/** What `deputy dispatch --dry-run` finds out. */
export interface DryRun {
  readonly target: Readonly<Record<string, string>>;
  readonly program: string;
  /** Null where it is not to be had. */
  readonly exitCode: string | null;
  readonly costs: readonly string[];
}

/**
 * Everything of a dispatch up to its first effect: looks at the target, judges it, opens the program. Throws
 * the coded error that the dispatch would end with.
 */
export async function dryRun(session: PayloadSession, spec: PayloadSpec): Promise<DryRun> {
  const dispatch: Dispatch = { session, spec, isAdopted: false };
  const seen: Record<string, string> = {};
  for (const name of ['identify', 'judge']) {
    const step = dispatchSteps.find((one) => one.name === name);
    Object.assign(seen, (await step?.act(dispatch))?.evidence);
  }
  const { target } = dispatch;
  if (target?.frozen === true) {
    throw deputyError('DEPUTY_E_TARGET_PAUSED', { what: 'its cgroup is frozen' });
  }
  const setting = {
    hasPlaceholder: spec.placeholderSocket !== undefined,
    kernelTellsExit: await kernelTellsExit(),
    userNamespaceIsOurs: target?.userNamespaceIsOurs === true,
    capabilities: spec.capabilities.length,
    isShimOutside: canLeaveUnit(),
  };
  return {
    target: seen,
    program: await session.openProgram(),
    exitCode: exitCodeSource(setting) ?? null,
    costs: dispatchCosts(setting),
  };
}

/** The same in lines. Pure. */
export function dryRunText({ target, program, exitCode, costs }: DryRun): string {
  const facts = Object.entries(target).map(([name, value]) => `${name} ${value}`);
  const lines = [
    `target: ${facts.join(', ')}`,
    `program: ${program}`,
    `exit code from: ${exitCode ?? 'nowhere'}`,
  ];
  return [...lines, ...costs.map((cost) => `cost: ${cost}`)].join('\n');
}
