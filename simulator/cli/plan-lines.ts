import { escapeText } from '../../core/events/escape-text.js';
import { type RunPlan, setupOf } from '../runner/run-plan.js';
import { cutToWidth } from '../show/text/display-width.js';
import type { Paint } from '../show/text/palette.js';
import { buildIdentity } from './library/build-identity.js';
import { faultText, settingText } from './reproduce.js';

/** One fact on a line: a label of fixed width, and the rest. */
export function factLine(label: string, text: string, width: number, paint: Paint): string {
  return `${paint('dim', label.padEnd(labelWidth))}${cutToWidth(text, Math.max(1, width - labelWidth))}`;
}

const labelWidth = 12;

/** What stands before a run: the build, the seed, and everything that was derived. */
export function planLines(plan: RunPlan, width: number, paint: Paint): string[] {
  const { scenario, seed, faults } = plan;
  const setup = Object.entries(setupOf(plan)).map(([key, value]) => `${key}=${settingText(value)}`);
  const limits = Object.entries(scenario.limits).map(([key, value]) => `${key}=${value}`);
  const all = [...scenario.faults, ...faults];
  const facts: [string, string][] = [
    ['build', buildIdentity()],
    ['scenario', `${scenario.name}: ${escapeText(scenario.sentence, 512)}`],
    ['seed', seed],
    ['setup', setup.join(' ')],
    ['limits', limits.join(' ')],
    ...all.map((fault, at): [string, string] => [at === 0 ? 'faults' : '', faultText(fault)]),
  ];
  return facts.map(([label, text]) => factLine(label, text, width, paint));
}

/** The same for programs. */
export function planJson(plan: RunPlan): object {
  const { scenario, seed, faults } = plan;
  const { name, sentence, limits } = scenario;
  return {
    build: buildIdentity(),
    scenario: { name, sentence },
    seed,
    setup: setupOf(plan),
    limits,
    faults: [...scenario.faults, ...faults],
  };
}
