import { deputyError } from '../../core/errors/deputy-error.js';
import { type RankedStrategy, rank } from '../../core/preflight/rank.js';
import { preflightBasis } from './preflight-facts.js';

/** What serves a program that deputy starts itself; all others take a container that somebody else made. */
const servePrograms: ReadonlySet<string> = new Set(['seccomp-notify', 'file-handle']);

/**
 * The preflight of `deputy run`: may and can the program be served with this strategy or, for 'auto', with
 * any that a program can be started with? Throws DEPUTY_E_STRATEGY_REFUSED with the reasons against each.
 */
export async function requireRunnable(wanted: string, policyPath: string | undefined): Promise<void> {
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
  if (asked.some(({ strategy, possible }) => possible && servePrograms.has(strategy))) return;
  const detail = asked.map((one) => `${one.strategy}: ${reasonsOf(one).join('; ')}`).join(' | ');
  throw deputyError('DEPUTY_E_STRATEGY_REFUSED', { strategy: wanted, detail });
}

function reasonsOf({ strategy, reasons }: RankedStrategy): string[] {
  const texts = reasons.map(({ text }) => text);
  return servePrograms.has(strategy)
    ? texts
    : ['`deputy run` starts a program, and it takes a container that runs', ...texts];
}
