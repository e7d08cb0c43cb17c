import { deputyError } from '../../core/errors/deputy-error.js';
import { type Judgement, type RankedStrategy, rank } from '../../core/preflight/rank.js';
import { preflightBasis } from './preflight-facts.js';

/** What serves a program that deputy starts itself; all others take a container that somebody else made. */
const servePrograms: ReadonlySet<string> = new Set(['seccomp-notify', 'file-handle', 'sidecar-caps']);
/** Of a sidecar's forms, the one for a program as it is. */
const formForPrograms = 'notifier';

/**
 * The preflight of `deputy run`: the strategy that serves the program, which is the one that is wanted or,
 * for 'auto', the first that a program can be started with. Throws DEPUTY_E_STRATEGY_REFUSED with the reasons
 * against each.
 */
export async function requireRunnable(wanted: string, policyPath: string | undefined): Promise<string> {
  // The program's own number is not known yet; policies match the names of programs as run-*.
  const level = { level: 'privileged' };
  const question = {
    ...level,
    container: 'run-0',
    ...(policyPath === undefined ? {} : { policy: policyPath }),
  };
  const { facts, policy } = await preflightBasis(question);
  const { strategies } = rank(facts, policy, level);
  const asked = strategies.filter(({ strategy }) => wanted === 'auto' || strategy === wanted);
  const order = [...policy.strategies];
  const runnable = asked
    .filter((one) => servePrograms.has(one.strategy) && forProgram(one).possible)
    .sort((a, b) => order.indexOf(a.strategy) - order.indexOf(b.strategy));
  const [first] = runnable;
  if (first !== undefined) return first.strategy;
  const detail = asked.map((one) => `${one.strategy}: ${reasonsOf(one).join('; ')}`).join(' | ');
  throw deputyError('DEPUTY_E_STRATEGY_REFUSED', { strategy: wanted, detail });
}

function forProgram(ranked: RankedStrategy): Judgement {
  return ranked.forms?.find(({ form }) => form === formForPrograms) ?? ranked;
}

function reasonsOf(ranked: RankedStrategy): string[] {
  const texts = forProgram(ranked).reasons.map(({ text }) => text);
  return servePrograms.has(ranked.strategy)
    ? texts
    : ['`deputy run` starts a program, and it takes a container that runs', ...texts];
}
