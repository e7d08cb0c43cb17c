import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { deputyError } from '../../core/errors/deputy-error.js';
import { escapeText } from '../../core/events/escape-text.js';
import type { Fault } from '../faults/fault-schema.js';
import type { RunPlan } from '../runner/run-plan.js';
import { parseFaults, parseScenario } from '../scenario/parse-scenario.js';
import { type Setup, setupSchema } from '../scenario/scenario-schema.js';
import { parseYaml } from './library/scenario-library.js';

const words: Readonly<Record<string, boolean>> = { on: true, true: true, off: false, false: false };
const greatestSeed = (1n << 64n) - 1n;

/** What `--seed`, `--fault` and `--setup` give. */
export interface PlanFlags {
  readonly seed?: string;
  readonly fault?: readonly Fault[];
  readonly setup?: Partial<Setup>;
}

/** Adds `--seed`. */
export function addSeedOption(command: Command): Command {
  return command.option('--seed <n>', 'a whole number of 64 bits; random when it is not given', seedNumber);
}

/** Adds the options that make a run differ from its scenario. */
export function addPlanOptions(command: Command): Command {
  return command
    .option('--fault <yaml>', 'one more fault, or a list, as JSON or YAML; may be repeated', collectFaults)
    .option(
      '--setup <key=value>',
      'another setup: keeper=off,standby=off,...; may be repeated',
      collectSetup,
    );
}

/** A seed of this process's own: 53 bits, so that no program that reads JSON rounds it. */
export function randomSeed(): string {
  return String(randomBytes(8).readBigUInt64LE() >> 11n);
}

/** A run of a scenario with what the options say. Errors: DEPUTY_E_SCENARIO_INVALID. */
export function planOf(scenario: RunPlan['scenario'], flags: PlanFlags, seed: string): RunPlan {
  const faults = flags.fault ?? [];
  // Names of targets in the faults are checked where the scenario's own are.
  parseScenario({ ...scenario, faults: [...scenario.faults, ...faults] }, '(--fault)');
  return { scenario, seed, setup: flags.setup ?? {}, faults };
}

export function seedNumber(text: string): string {
  if (!/^[0-9]{1,20}$/.test(text) || BigInt(text) > greatestSeed) {
    throw new InvalidArgumentError('Must be a whole number of 64 bits.');
  }
  return String(BigInt(text));
}

function collectFaults(text: string, before: readonly Fault[] = []): readonly Fault[] {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    const detail = escapeText(error instanceof Error ? error.message : String(error), 500);
    throw deputyError('DEPUTY_E_USAGE', { detail: `--fault is neither JSON nor YAML: ${detail}` });
  }
  return [...before, ...parseFaults(Array.isArray(value) ? value : [value], '(--fault)')];
}

function collectSetup(text: string, before: Partial<Setup> = {}): Partial<Setup> {
  const known = Object.keys(setupSchema.shape);
  const given: Record<string, unknown> = { ...before };
  for (const pair of text.split(',')) {
    const [, key = '', value = ''] = /^\s*([^=]+)=(.*?)\s*$/.exec(pair) ?? [];
    if (!known.includes(key)) throw new InvalidArgumentError(`Must be key=value, with ${known.join(', ')}.`);
    given[key] = words[value] ?? value;
  }
  const parsed = setupSchema.partial().safeParse(given);
  if (parsed.success) {
    // A default would be a wish that nobody had.
    return Object.fromEntries(Object.entries(parsed.data).filter(([key]) => key in given)) as Partial<Setup>;
  }
  const [issue] = parsed.error.issues;
  throw new InvalidArgumentError(`${issue?.path.join('.')}: ${issue?.message}; on and off are values.`);
}
