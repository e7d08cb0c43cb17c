import { deputyError } from '../../core/errors/deputy-error.js';
import type { PayloadFacts, PayloadSession, PayloadSpec, TargetFacts } from '../../core/ports/payload.js';
import { takeOver } from './fitness.js';
import { joinedDeviations, runningDeviations } from './verify.js';

/** What the steps of one dispatch know of each other. */
export interface Dispatch {
  readonly session: PayloadSession;
  readonly spec: PayloadSpec;
  target?: TargetFacts;
  payload?: PayloadFacts;
  /** The payload ran already; deputy attached to it. */
  isAdopted: boolean;
}

/** What a step saw, for its event: short texts by name. */
export type Evidence = Readonly<Record<string, string>>;

/** One step: one call of the port, what it showed, and the name of the step that follows. */
export interface DispatchStep {
  readonly name: string;
  readonly act: (dispatch: Dispatch) => Promise<{ readonly evidence: Evidence; readonly next: string }>;
}

function describe(facts: PayloadFacts): Evidence {
  return {
    processId: String(facts.processId),
    startTime: facts.startTime,
    effective: (facts.capabilities[0] ?? 0n).toString(16),
    user: String(facts.userIds[0]),
  };
}

/** Undefined when it has ended, as a payload may that has little to do. */
async function inspect(
  dispatch: Dispatch,
  deviations: typeof joinedDeviations,
): Promise<Evidence | undefined> {
  const facts = await dispatch.session.inspect();
  if (facts === undefined) return undefined;
  dispatch.payload = facts;
  const wrong = deviations(facts, dispatch.spec);
  if (wrong.length > 0) throw deputyError('DEPUTY_E_PAYLOAD_UNVERIFIED', { detail: wrong.join('; ') });
  return describe(facts);
}

/**
 * The dispatcher's steps. Until `go` the process in the target only waits; whoever dies before, it goes with
 * the shim. From there on it is on record, and a second dispatch attaches to it.
 */
export const dispatchSteps: readonly DispatchStep[] = [
  {
    name: 'identify',
    act: async (dispatch) => {
      const facts = await dispatch.session.identify();
      dispatch.target = facts;
      const { processId, startTime, namespaces, cgroups } = facts;
      const evidence = {
        processId: String(processId),
        startTime,
        pidNamespace: namespaces['pid'] ?? '',
        cgroup: cgroups.at(-1) ?? '',
      };
      return { evidence, next: 'judge' };
    },
  },
  {
    name: 'judge',
    act: async ({ target, spec }) => {
      const facts = target as TargetFacts;
      if (!facts.isInit) {
        throw deputyError('DEPUTY_E_TARGET_NOT_INIT', { processId: facts.processId });
      }
      const reason = takeOver(facts, spec);
      if (reason !== undefined) throw deputyError('DEPUTY_E_TARGET_COULD_TAKE_OVER', { detail: reason });
      return { evidence: {}, next: 'lock' };
    },
  },
  {
    name: 'lock',
    act: async (dispatch) => {
      const result = await dispatch.session.lock();
      dispatch.isAdopted = result === 'running';
      // One that runs is attached to, paused or not.
      if (result === 'taken' && dispatch.target?.frozen === true) {
        throw deputyError('DEPUTY_E_TARGET_PAUSED', { what: 'its cgroup is frozen' });
      }
      return { evidence: { lock: result }, next: result === 'running' ? 'attach' : 'open-program' };
    },
  },
  {
    name: 'open-program',
    act: async ({ session }) => ({ evidence: { program: await session.openProgram() }, next: 'join' }),
  },
  {
    name: 'join',
    act: async ({ session }) => ({
      evidence: { reports: (await session.join()).join(', ') },
      next: 'verify-joined',
    }),
  },
  {
    name: 'verify-joined',
    act: async (dispatch) => {
      const evidence = await inspect(dispatch, joinedDeviations);
      if (evidence === undefined)
        throw deputyError('DEPUTY_E_TARGET_GONE', { detail: 'the payload was ended' });
      return { evidence, next: 'name' };
    },
  },
  {
    name: 'name',
    act: async ({ session }) => ({
      evidence: { placeholder: (await session.name()) ? 'told' : 'none' },
      next: 'execute',
    }),
  },
  {
    name: 'execute',
    act: async ({ session }) => {
      await session.execute();
      return { evidence: {}, next: 'await-ready' };
    },
  },
  {
    name: 'attach',
    act: async ({ session }) => {
      const { reports, isOver } = await session.attach();
      return { evidence: { reports: reports.join(', ') }, next: isOver ? 'done' : 'name' };
    },
  },
  {
    name: 'await-ready',
    act: async ({ session }) => ({ evidence: { ready: await session.ready() }, next: 'verify' }),
  },
  {
    name: 'verify',
    act: async (dispatch) => ({
      evidence: (await inspect(dispatch, runningDeviations)) ?? { state: 'ended' },
      next: 'done',
    }),
  },
];

/** Runs the steps from the first on. `tell` is called behind each, with what it saw. */
export async function runDispatch(
  dispatch: Dispatch,
  tell: (step: string, evidence: Evidence) => void,
  steps: readonly DispatchStep[] = dispatchSteps,
): Promise<void> {
  for (let name = 'identify'; name !== 'done'; ) {
    const step = steps.find((one) => one.name === name);
    if (step === undefined) throw new RangeError(`no step ${name}`);
    const { evidence, next } = await step.act(dispatch);
    tell(step.name, evidence);
    name = next;
  }
}
