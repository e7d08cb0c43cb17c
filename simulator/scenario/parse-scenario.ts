import type { z } from 'zod';
import { deputyError } from '../../core/errors/deputy-error.js';
import { type Fault, faultSchema, streamTroubles } from '../faults/fault-schema.js';
import { misfits } from '../faults/fitting-faults.js';
import { type Scenario, scenarioSchema } from './scenario-schema.js';

type Issue = z.core.$ZodIssue;

/**
 * Checks a scenario, as read from YAML or JSON, and completes its defaults. Throws DEPUTY_E_SCENARIO_INVALID
 * with one line a problem: its path, and what is wrong there.
 */
export function parseScenario(input: unknown, source = '(given as an object)'): Scenario {
  const result = scenarioSchema.safeParse(input);
  const problems = result.success ? unknownNames(result.data) : result.error.issues.flatMap(linesOf);
  if (!result.success || problems.length > 0) throw invalid(problems, source);
  return result.data;
}

/** Checks faults that come beside a scenario. */
export function parseFaults(input: unknown, source = '(faults)'): readonly Fault[] {
  const result = faultSchema.array().safeParse(input);
  if (!result.success) throw invalid(result.error.issues.flatMap(linesOf), source);
  return result.data;
}

function invalid(problems: readonly string[], source: string) {
  const text = problems.map((problem) => `  ${problem}`).join('\n');
  return deputyError('DEPUTY_E_SCENARIO_INVALID', { source, text, problems });
}

function linesOf(issue: Issue): string[] {
  return deepest(issue, []).map(({ path, text }) => `${pathText(path)}: ${text}`);
}

interface Line {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** Of a union's branches the one that got furthest into the value is the one that was meant. */
function deepest(issue: Issue, prefix: readonly PropertyKey[]): Line[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], text: 'unknown key' }));
  }
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) {
    return [{ path, text: issue.message.replace(/^Invalid input: /, '') }];
  }
  const depth = (branch: readonly Issue[]): number =>
    Math.max(...branch.map((inner) => inner.path.length - (inner.code === 'unrecognized_keys' ? 1 : 0)));
  const fewest = [...issue.errors].sort((a, b) => a.length - b.length || depth(b) - depth(a));
  return (fewest[0] ?? []).flatMap((inner) => deepest(inner, path));
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? '(the scenario)' : text.replace(/^\./, '');
}

/** Names that nothing in the scenario bears. */
function unknownNames({ targets, faults, setup }: Scenario): string[] {
  const names = targets.map(({ name }) => name);
  const repeated = names.flatMap((name, index) =>
    names.indexOf(name) < index ? [`targets[${index}].name: '${name}' is already taken`] : [],
  );
  const unknown = faults.flatMap((fault, index) =>
    'target' in fault && !names.includes(fault.target)
      ? [`faults[${index}].target: there is no target '${fault.target}'`]
      : [],
  );
  const streamless = faults.flatMap((fault, index) =>
    fault.kind === 'store' && setup.store === 'files' && isOfStream(fault.trouble)
      ? [`faults[${index}].trouble: '${fault.trouble}' needs setup.store: jetstream`]
      : [],
  );
  return [...repeated, ...unknown, ...streamless, ...misfits(faults, setup.strategy)];
}

function isOfStream(trouble: string): boolean {
  return (streamTroubles as readonly string[]).includes(trouble);
}
