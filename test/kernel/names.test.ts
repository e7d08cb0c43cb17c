import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { escapeText } from '../../core/events/escape-text.js';
import { runDeputy } from '../lab/agent-process.js';
import { checkoutDirectory } from '../lab/paths.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { eventsOf } from './support/request-events.js';
import { makeScene } from './support/scene.js';
import { nr, O } from './support/trap-thread.js';
import { sleep } from './takeover/support/agent-tree.js';

/** Clears the screen, by two ways, turns what follows around, begins another line, and a tag. */
const name = 'evil\u001b[2J\u009b31m\u202etxt\r\n{"level":60}\u200b<script>';
/** What of it is left in a text: line ends are how lines end, of which each is looked at elsewhere. */
const harmful = (text: string): string[] =>
  [...text].filter((one) => one !== '\n' && one !== escapeText(one, 16));
const escaped = 'evil\\u{1b}[2J\\u{9b}31m\\u{202e}txt\\u{d}\\u{a}{"level":60}\\u{200b}<script>';
/** As it stands in a runtime's JSON, between two quotes. */
const inJson = JSON.stringify(name).slice(1, -1).replaceAll(' ', '\\u0020');

/** All texts in a value, as they are and not as JSON writes them. */
function textsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, one]) => key + textsOf(one))
    .join('');
}

describeWhen(missingForKernel(), 'control characters in names', () => {
  const scene = makeScene();

  test('reach no log, no event and no terminal', async () => {
    const target = scene.target();
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    await target.encode('own', 'own');
    // The name of a thread is a target's to choose, and so is a path.
    await target.must(`call ${nr.prctl} 15 s:\u001b[31m 0 0 0`);
    await scene.confine(target, { container: inJson, says: { metadata: `tenant=${inJson}` } });
    expect(await target.openHandle(mount, 'own', O.RDONLY)).toEqual(expect.any(Number));
    expect(await target.openHandle(mount, 'own', O.RDWR | O.CREAT)).toBe('EINVAL');
    const { agent } = scene;
    let events = await eventsOf(agent.stateDirectory, escaped);
    // They come to the store a moment after the answer.
    for (let look = 0; events.length <= 4 && look < 200; look++) {
      await sleep(20);
      events = await eventsOf(agent.stateDirectory, escaped);
    }
    expect(events.length).toBeGreaterThan(4);
    expect(harmful(events.map(({ tenant, data }) => `${tenant}${textsOf(data)}`).join(''))).toEqual([]);
    const lines = agent.log.filter((line) => line.includes('evil'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of agent.log) {
      expect(harmful(line)).toEqual([]);
      // One line is one record, whatever is in it.
      expect(JSON.parse(line)).toHaveProperty('msg');
    }
    for (const words of [['status'], ['events'], ['journal', 'inspect', '--records']]) {
      const { stdout, stderr } = runDeputy([...words, '--state', agent.stateDirectory]);
      expect(stdout + stderr, words.join(' ')).toContain(words[0] === 'journal' ? 'request' : 'evil');
      expect(harmful(stdout + stderr), words.join(' ')).toEqual([]);
    }
  });

  test('reach no terminal that the log is written to', () => {
    const module = join(checkoutDirectory(), 'dist/adapters/logging/index.js');
    const text = JSON.stringify(name);
    const program = `
      import { commandLineLogger } from '${module}';
      const logger = commandLineLogger('info');
      logger.child({ container: ${text} }).info({ err: new Error(${text}), deep: [{ name: ${text} }] }, 'evil ' + ${text});`;
    // script(1) gives it a terminal; colours are not what is looked for.
    const command = `NO_COLOR=1 ${process.execPath} --input-type=module -e "$PROGRAM"`;
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, PROGRAM: program },
    });
    expect(stdout).toContain(`evil ${escaped}`);
    expect(harmful(stdout.replaceAll('\r\n', '\n'))).toEqual([]);
  });
});
