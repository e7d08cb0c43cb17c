import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { checkoutDirectory } from './lab/paths.js';

const root = checkoutDirectory();
const maximumFileLines = 300;
const maximumFunctionLines = 70;
const maximumColumns = 110;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly room: string;
}

function listFiles(): string[] {
  const { stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout
    .trim()
    .split('\n')
    .filter((path) => existsSync(join(root, path)));
}

const files = listFiles();
const sources: readonly Source[] = files
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8'), room: path.split('/')[0] ?? '' }));
const product = sources.filter(({ room }) => ['core', 'strategies', 'adapters', 'simulator'].includes(room));

/** What a file imports: packages as they are, own files from the checkout's root. */
function importsOf({ path, text }: Source): string[] {
  const pattern = /(?:from|import)\s*\(?\s*'([^']+)'/g;
  return [...text.matchAll(pattern)].map(([, name = '']) =>
    name.startsWith('.') ? normalize(join(dirname(path), name)) : name,
  );
}

function isSimulatorCli(path: string): boolean {
  return /^simulator\/cli(\.ts$|\/)/.test(path);
}

/** Runs in a browser, on a trace that is done: how it writes numbers decides nothing. */
function isBrowserProgram(path: string): boolean {
  return path.startsWith('simulator/show/html/client/');
}

/** Which imports a room allows; the reason for an exception stands in ARCHITECTURE or beside it. */
function mayImport(path: string, target: string): boolean {
  const room = path.split('/')[0];
  if (target === 'koffi') return path.startsWith('adapters/linux/');
  if (target === 'nats') return path.startsWith('adapters/nats/');
  if (room === 'core') return target.startsWith('core/') || target === 'xstate' || target === 'zod';
  if (room === 'strategies') return target.startsWith('core/') || target.startsWith('strategies/');
  // The simulator's command line reads files and says which build it is; nothing else there touches the world.
  if (isSimulatorCli(path) && /^(node:|commander$|yaml$|adapters\/host\/build\.js$)/.test(target))
    return true;
  // A stream as a history; that it is loaded only for whoever asks for one has a test of its own.
  if (isSimulatorCli(path) && target === 'adapters/nats/index.js') return true;
  if (room === 'simulator') return /^(core|strategies|simulator)\//.test(target) || target === 'zod';
  // The command line is where strategies and adapters are put together.
  if (target.startsWith('strategies/')) return path.startsWith('adapters/cli/');
  return !target.startsWith('simulator/') && !target.startsWith('test/');
}

describe('tidy', () => {
  test('imports go in the allowed directions', () => {
    const wrong = product.flatMap((source) =>
      importsOf(source)
        .filter((target) => !mayImport(source.path, target))
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the simulator loads the client of NATS only when a stream is asked for', () => {
    const wrong = product
      .filter(({ room, text }) => room === 'simulator' && /^import .*adapters\/nats\//m.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
    const script = `
      import { createRequire } from 'node:module';
      process.argv.push('list');
      await import(${JSON.stringify(`${root}/dist/simulator/cli.js`)});
      const loaded = Object.keys(createRequire(import.meta.url).cache);
      process.stderr.write(JSON.stringify(loaded.filter((name) => /node_modules\\/(nats|koffi)\\//.test(name))));
    `;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(result).toMatchObject({ status: 0, stderr: '[]' });
  });

  test('files, functions and lines are short', () => {
    const wrong: string[] = [];
    for (const { path, text, room } of sources) {
      const lines = text.split('\n');
      if (room !== 'test' && lines.length > maximumFileLines) wrong.push(`${path}: ${lines.length} lines`);
      lines.forEach((line, index) => {
        if (room !== 'test' && line.length > maximumColumns)
          wrong.push(`${path}:${index + 1}: ${line.length} columns`);
      });
      if (room !== 'test') wrong.push(...longFunctions(path, text));
    }
    expect(wrong).toEqual([]);
  });

  test('core, strategies and simulator have no clock, chance or I/O of their own', () => {
    const banned =
      /\b(Date\.now|new Date\(\)|Date\(\)|performance\b|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|Promise\.race|WeakRef|FinalizationRegistry|localeCompare|sessionId|console\.|crypto\b)|(?<!\.)\bprocess\.(env|pid|nextTick|hrtime|exit|on|argv|stdout|stderr|memoryUsage|cwd)\b|from 'node:/;
    const wrong = product
      .filter(({ room, path }) => room !== 'adapters' && !isSimulatorCli(path) && !isBrowserProgram(path))
      .flatMap(({ path, text }) =>
        withoutComments(text)
          .split('\n')
          .flatMap((line, index) => (banned.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(wrong).toEqual([]);
  });

  test('no default exports, names in kebab-case, no promises of later work', () => {
    const wrong = sources.flatMap(({ path, text }) => [
      ...(/^export default/m.test(text) && path !== 'vitest.config.ts' ? [`${path}: default export`] : []),
      ...(/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|suite|config))?\.ts$/.test(path.split('/').at(-1) ?? '')
        ? []
        : [`${path}: not in kebab-case`]),
      ...(/\b(TODO|FIXME|XXX)\b/.test(path === 'test/tidy.test.ts' ? '' : text)
        ? [`${path}: promises later work`]
        : []),
    ]);
    expect(wrong).toEqual([]);
  });

  test('the top level is as fixed', () => {
    const allowed =
      /^(core|strategies|adapters|simulator|test|docs|\.ci)\/|^(package(-lock)?\.json|tsconfig(\.build)?\.json|README\.md|LICENSE|biome\.json|vitest\.config\.ts|\.gitignore|\.npmrc)$/;
    expect(files.filter((path) => !allowed.test(path))).toEqual([]);
  });

  test('the entries that must not load native code do not', () => {
    const entries = [
      'core/index.js',
      'simulator/index.js',
      'strategies/index.js',
      'adapters/nats/consumer/index.js',
    ];
    const script = `
      import { createRequire } from 'node:module';
      for (const entry of ${JSON.stringify(entries)}) await import(${JSON.stringify(`${root}/dist/`)} + entry);
      const native = Object.keys(createRequire(import.meta.url).cache).filter((name) => name.includes('koffi'));
      const shared = process.report.getReport().sharedObjects.filter((name) => name.includes('koffi'));
      console.log(JSON.stringify([...native, ...shared]));
    `;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toEqual([]);
  });

  test('every entry of the package is there after a build', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, { default?: string } | string>;
    };
    for (const target of Object.values(manifest.exports)) {
      const path = typeof target === 'string' ? target : (target.default ?? '');
      if (!path.includes('*')) expect(existsSync(join(root, path)), path).toBe(true);
    }
    for (const role of [
      'host',
      'event-store',
      'linux',
      'policy',
      'doctor',
      'profile',
      'logging',
      'agent',
      'journal',
      'oci',
      'systemd',
    ]) {
      expect(existsSync(join(root, 'adapters', role, 'index.ts')), role).toBe(true);
    }
  });
});

function longFunctions(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const wrong: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = file.getLineAndCharacterOfPosition(node.getStart()).line;
      const last = file.getLineAndCharacterOfPosition(node.getEnd()).line;
      if (last - first + 1 > maximumFunctionLines)
        wrong.push(`${path}:${first + 1}: ${last - first + 1} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return wrong;
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '');
}
