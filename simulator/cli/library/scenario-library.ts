import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { escapeText } from '../../../core/events/escape-text.js';
import { parseScenario } from '../../scenario/parse-scenario.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import { packageRoot } from './package-root.js';

const maximumBytes = 4 * 1024 * 1024;
/** Aliases in YAML could make a small file a huge value. */
const maximumAliases = 100;
const fileName = /\.(ya?ml|json)$/;

/** A scenario, and the word by which a command line names it. */
export interface NamedScenario {
  readonly scenario: Scenario;
  readonly word: string;
}

/** Names of the scenarios that ship with deputy. */
export function shippedNames(): string[] {
  return readdirSync(libraryDirectory())
    .filter((name) => fileName.test(name))
    .map((name) => name.replace(fileName, ''))
    .sort();
}

/** Scenarios by file or by the name of a shipped one; without words all that ship. */
export function findScenarios(words: readonly string[]): NamedScenario[] {
  return (words.length > 0 ? words : shippedNames()).map(findScenario);
}

/** As `findScenarios`; 'all' alone stands for all that ship and have to survive whatever else goes wrong. */
export function chooseScenarios(words: readonly string[]): NamedScenario[] {
  return words.length === 1 && words[0] === 'all' ? robustScenarios() : findScenarios(words);
}

/**
 * Those that ship and are to survive whatever else goes wrong. Not those that show how others fail; nor those
 * that damage the journal at a step, which another fault would move to where somebody alive is writing.
 */
export function robustScenarios(): NamedScenario[] {
  return findScenarios([]).filter(
    ({ scenario }) =>
      scenario.expect.broken.length === 0 && scenario.faults.every(({ kind }) => kind !== 'journal'),
  );
}

/**
 * A scenario by its file, or by the name of a shipped one. Errors: DEPUTY_E_SCENARIO_UNREADABLE,
 * DEPUTY_E_SCENARIO_INVALID.
 */
export function findScenario(word: string): NamedScenario {
  const isName = /^[a-z0-9-]+$/.test(word) && shippedNames().includes(word);
  const path = isName ? join(libraryDirectory(), `${word}.yaml`) : word;
  return { scenario: parseScenario(readYaml(path, isName ? undefined : word), word), word };
}

/** What a YAML or JSON file holds. Errors: DEPUTY_E_SCENARIO_UNREADABLE. */
export function readYaml(path: string, word: string | undefined = path): unknown {
  try {
    const { size } = statSync(path);
    if (size > maximumBytes) throw new Error(`it is larger than ${maximumBytes} bytes`);
    return parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const shipped = isMissing ? `no such file; scenarios that ship: ${shippedNames().join(', ')}` : undefined;
    const detail = shipped ?? escapeText(error instanceof Error ? error.message : String(error), 1000);
    throw deputyError('DEPUTY_E_SCENARIO_UNREADABLE', {
      path: escapeText(word ?? basename(path), 256),
      detail,
    });
  }
}

/** The value of a YAML or JSON text, with bounded aliases. Throws what the parser throws. */
export function parseYaml(text: string): unknown {
  return parse(text, { maxAliasCount: maximumAliases });
}

function libraryDirectory(): string {
  return join(packageRoot(), 'simulator', 'scenarios');
}
