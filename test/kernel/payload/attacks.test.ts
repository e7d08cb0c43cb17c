import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { interpreterOf } from '../../../adapters/payload/elf.js';
import type { PayloadSpec } from '../../../core/ports/payload.js';
import { checkoutDirectory } from '../../lab/paths.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { DispatchTarget, type TargetOptions } from './dispatch-target.js';

const CAP_DAC_READ_SEARCH = 2;
/** What a payload does is done soon; one that waits for a full fifo never ends. */
const runMsMax = 15_000;
const foreignCode = 'foreign code, effective 00000004\n';
/** A uid-0 target that may hold what its payload gets. */
const rich: TargetOptions = { user: 0, bounding: '+dac_read_search', noNewPrivileges: false };

const base: Omit<PayloadSpec, 'argv'> = {
  capabilities: [CAP_DAC_READ_SEARCH],
  user: 0,
  group: 0,
  groups: [],
  from: 'host',
  environment: {},
  directory: '/',
  readiness: { kind: 'none' },
  deadlineMs: runMsMax,
  terminal: false,
  output: 'caller',
  lossy: false,
  bufferBytes: 65_536,
  filter: 'default',
};

interface Place {
  readonly target: DispatchTarget;
  /** A dispatch: all that it printed, with 'hangs' where the payload did not end in so many milliseconds. */
  dispatch(spec: Partial<PayloadSpec> & Pick<PayloadSpec, 'argv'>, patienceMs?: number): Promise<string>;
}

interface Attack {
  readonly name: string;
  /** The guard that is taken out the second time, and those that are out both times. */
  readonly guard: string;
  readonly without?: string;
  readonly options?: (directory: string) => TargetOptions;
  readonly run: (place: Place) => Promise<string>;
  readonly refused: RegExp;
  readonly succeeds: RegExp;
}

/** Runs something as root in the target's mount namespace, as whoever prepared its files might have. */
function inMounts({ target }: Place, ...words: string[]): void {
  const { status, stderr } = spawnSync('nsenter', ['--target', `${target.processId}`, '--mount', ...words]);
  expect(status, `${stderr}`).toBe(0);
}

/** Somebody inside, of the target's user and with all that the target may hold: what came of it. */
async function takeOver(
  { target, dispatch }: Place,
  how: 'ptrace' | 'program',
  program: string,
): Promise<string> {
  const enter = ['--target', `${target.processId}`, '--mount', '--pid', 'setpriv', '--bounding-set'];
  const words = [...enter, '-all,+dac_read_search', compileTarget('take-over'), how, '/payload'];
  const attacker = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  attacker.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const over = once(attacker, 'close');
  await once(attacker.stdout, 'data');
  const printed = await dispatch({ argv: [program, 'sleep', '1'] });
  attacker.stdin.end();
  await over;
  return `${text}${printed}`;
}

/** A payload is named to somebody who is not the target's first process: what that one was told. */
async function nameTo({ target, dispatch }: Place, pathOf: (path: string) => string): Promise<string> {
  const path = join(target.directory, 'stranger.sock');
  let heard = '';
  const stranger = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard += bytes.toString();
      socket.write('named\n');
    });
  }).listen(path);
  await once(stranger, 'listening');
  const argv = [compileTarget('payload', ['-static']), 'exit', '0'];
  const printed = await dispatch({ argv, placeholderSocket: pathOf(path) });
  stranger.close();
  return `${printed}heard: ${heard}`;
}

const attacks: readonly Attack[] = [
  {
    name: "the target's own ld.so, before a program of the host",
    guard: 'static',
    async run(place) {
      const program = compileTarget('payload');
      const loader = interpreterOf(readFileSync(program)) as string;
      const foreign = compileTarget('foreign-loader', ['-static', '-nostdlib', '-fno-stack-protector']);
      inMounts(place, 'mount', '--bind', foreign, loader);
      return place.dispatch({ argv: [program, 'exit', '0'] });
    },
    refused: /^DEPUTY_E_PAYLOAD_NOT_STATIC\n$/,
    succeeds: new RegExp(foreignCode),
  },
  {
    name: "the target's ld.so.preload, before a program of its own",
    guard: 'changeable',
    async run(place) {
      const library = compileTarget('preloaded', ['-shared', '-fPIC']);
      inMounts(place, 'mount', '-t', 'tmpfs', '-o', 'mode=755', 'etc', '/etc');
      const file = `/proc/${place.target.processId}/root/etc/ld.so.preload`;
      writeFileSync(file, `${library}\n`);
      // From here: in there it would be loaded by whatever were run to do so.
      chownSync(file, 107, 107);
      return place.dispatch({ argv: ['/bin/true'], from: 'target' });
    },
    refused: /^DEPUTY_E_PAYLOAD_CHANGEABLE\n$/,
    succeeds: new RegExp(foreignCode),
  },
  {
    name: 'ptrace of the newcomer by one who may hold all that it gets',
    guard: 'take-over',
    options: () => rich,
    run: (place) => takeOver(place, 'ptrace', compileTarget('payload', ['-static'])),
    refused: /^looking\nnobody there\nDEPUTY_E_TARGET_COULD_TAKE_OVER\n$/,
    succeeds: /^looking\ntaken\n/,
  },
  {
    name: "writing into the host's program through /proc/PID/exe",
    guard: 'memory',
    without: 'take-over',
    options: () => rich,
    async run(place) {
      const program = join(place.target.directory, 'payload');
      copyFileSync(compileTarget('payload', ['-static']), program);
      chmodSync(program, 0o755);
      const output = await takeOver(place, 'program', program);
      return `${output}${readFileSync(program).toString('latin1', 0, 5) === 'taken' ? 'changed' : 'as it was'}`;
    },
    refused: /^looking\n(write|fchmod|open to write): (EPERM|EACCES)\n.*as it was$/s,
    succeeds: /^looking\ntaken\n.*changed$/s,
  },
  {
    name: 'a root-owned file as the log, which the target may only read',
    guard: 'log',
    options: (directory) => {
      writeFileSync(join(directory, 'log'), '', { mode: 0o600 });
      return { output: openSync(join(directory, 'log'), 'r') };
    },
    async run({ target, dispatch }) {
      const argv = [compileTarget('payload', ['-static']), 'sleep', '0'];
      const printed = await dispatch({ argv, output: 'container' });
      return `${printed}${readFileSync(join(target.directory, 'log'), 'latin1')}`;
    },
    refused: /^DEPUTY_E_LOG_INVALID\n$/,
    succeeds: /begun\n$/,
  },
  {
    name: 'a fifo as the log, which nobody empties',
    guard: 'log',
    options: (directory) => {
      const path = join(directory, 'fifo');
      spawnSync('mkfifo', ['--mode=600', path]);
      return { output: openSync(path, 'r+') };
    },
    async run({ target, dispatch }) {
      spawnSync('sh', [
        '-c',
        `timeout 1 dd if=/dev/zero of=${join(target.directory, 'fifo')} bs=4096 2>/dev/null`,
      ]);
      const argv = [compileTarget('payload', ['-static']), 'sleep', '0'];
      return dispatch({ argv, output: 'container' }, 500);
    },
    refused: /^DEPUTY_E_LOG_INVALID\n$/,
    succeeds: /^executed\nhangs$/,
  },
  {
    name: 'a stranger in the place of the placeholder',
    guard: 'placeholder',
    run: (place) => nameTo(place, (path) => path),
    refused: /^DEPUTY_E_PLACEHOLDER_INVALID\nheard: $/,
    succeeds: /^executed\n.*heard: payload \d+\n$/s,
  },
  {
    name: 'a symlink in the place of its socket, to one outside',
    guard: 'placeholder',
    async run(place) {
      const link = join(place.target.directory, 'link.sock');
      return nameTo(place, (path) => {
        symlinkSync(path, link);
        return link;
      });
    },
    refused: /^DEPUTY_E_PLACEHOLDER_INVALID\nheard: $/,
    succeeds: /^executed\n.*heard: payload \d+\n$/s,
  },
];

describeWhen(missingForKernel(), 'an attack on a payload', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  async function attempt(attack: Attack, unchecked: string): Promise<string> {
    const target = new DispatchTarget();
    const options = attack.options?.(target.directory) ?? {};
    await target.start(options);
    if (options.output !== undefined) closeSync(options.output);
    const dispatch: Place['dispatch'] = async (spec, patienceMs = runMsMax) => {
      const script = join(checkoutDirectory(), 'test/kernel/support/unchecked-dispatch.mjs');
      const words = [`${target.processId}`, target.stateDirectory, JSON.stringify({ ...base, ...spec })];
      const env = { ...process.env, DEPUTY_UNCHECKED: unchecked };
      const child = spawn(process.execPath, [script, ...words], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      let text = '';
      child.stdout.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
      const over = once(child, 'close').then(() => text);
      const late = new Promise<string>((resolve) => {
        child.stdout.on('data', () => {
          if (text.includes('executed\n')) setTimeout(() => resolve(`${text}hangs`), patienceMs).unref();
        });
      });
      return Promise.race([over, late]);
    };
    try {
      return await attack.run({ target, dispatch });
    } finally {
      await target.end();
    }
  }

  test.each(attacks.map((attack) => [attack.name, attack] as const))(
    '%s: fails, and succeeds without its guard',
    { timeout: 60_000 },
    async (_name, attack) => {
      const { guard, without } = attack;
      expect(await attempt(attack, without ?? '')).toMatch(attack.refused);
      expect(await attempt(attack, [guard, without].filter(Boolean).join(','))).toMatch(attack.succeeds);
    },
  );
});
