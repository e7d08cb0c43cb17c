import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deputyCommand } from '../lab/agent-process.js';
import { checkoutDirectory } from '../lab/paths.js';
import { measureBroker } from './broker-speed.js';
import {
  compile,
  endAgent,
  type Figures,
  type Form,
  forms,
  makeFiles,
  medianFigures,
  runTarget,
  startAgent,
  type TargetRun,
} from './measure.js';
import {
  document,
  type Report,
  type Row,
  type Safety,
  safetyText,
  streamText,
  type Variant,
} from './report.js';
import { measureStream } from './stream-speed.js';

const help = `npm run bench -- [--quick] [--json] [--no-write] [--settings | --stream]

Measures one delegated open_by_handle_at against the native call and a bare C agent, and rewrites docs/benchmarks.md.
--settings: only what sealing and dac cost; prints that.
--stream: only how fast events go into a stream on NATS; prints that.`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    settings: { type: 'boolean', default: false },
    stream: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const threadCounts = [1, 2, 4, 8] as const;
const rounds = values.quick ? 1 : 2;
const measureMs = values.quick ? 100 : 200;

/** A rule of the policy for each setting that is compared; the target's metadata picks it. */
const policy = {
  version: 1,
  targets: [
    { match: { metadata: 'placement-none' }, placement: 'none' },
    { match: { metadata: 'placement-follow' }, placement: 'follow' },
    { match: { metadata: 'placement-pin' }, placement: 'pin' },
    { match: { metadata: 'dac-capability' }, dac: 'capability' },
    { match: { metadata: 'dac-enforce' }, dac: 'enforce' },
    { match: { metadata: 'confinement-sealed' }, confinement: 'sealed' },
    { match: { metadata: 'confinement-none' }, confinement: 'none' },
  ],
};

/** Both agents, and a way to run the target against either or natively. */
interface Stand {
  readonly run: (
    side: 'native' | 'bare' | 'deputy',
    form: Form,
    threads: number,
    metadata?: string,
  ) => Figures;
  readonly stop: () => Promise<void>;
}

async function openStand(directory: string, share: string, pinned: boolean): Promise<Stand> {
  const name = pinned ? 'pinned' : 'roaming';
  const program = compile(directory, `target-${name}`, ['target.c']);
  const bareProgram = compile(directory, `bare-${name}`, ['bare-agent.c', 'exact-answer.c']);
  const sockets = {
    native: '-',
    bare: join(directory, `bare-${name}.sock`),
    deputy: join(directory, `${name}.sock`),
  };
  const policyPath = join(directory, 'policy.json');
  writeFileSync(policyPath, JSON.stringify(policy));
  const state = join(directory, `state-${name}`);
  const words = [
    '--socket',
    sockets.deputy,
    '--state',
    state,
    '--policy',
    policyPath,
    '--log-level',
    'error',
  ];
  const agents = [
    await startAgent([bareProgram, sockets.bare], pinned),
    await startAgent([process.execPath, deputyCommand(), 'agent', ...words], pinned),
  ];
  return {
    run: (side, form, threads, metadata = '-') => {
      const target: TargetRun = {
        program,
        socket: sockets[side],
        form,
        threads,
        measureMs,
        share,
        metadata: side === 'bare' ? 'bare' : metadata,
        pinned,
      };
      return runTarget(target);
    },
    stop: async () => {
      for (const agent of agents) await endAgent(agent);
    },
  };
}

function compareSides(stand: Stand, what: string): Row[] {
  const rows: Row[] = [];
  for (const form of forms) {
    for (const threads of threadCounts) {
      const runs: Record<'native' | 'bare' | 'deputy', Figures[]> = { native: [], bare: [], deputy: [] };
      for (let round = 0; round < rounds; round++) {
        for (const side of ['native', 'bare', 'deputy'] as const)
          runs[side].push(stand.run(side, form, threads));
      }
      const [native, bare, deputy] = [runs.native, runs.bare, runs.deputy].map(medianFigures) as [
        Figures,
        Figures,
        Figures,
      ];
      rows.push({ form, threads, native, bare, deputy });
      process.stderr.write(
        `${what} ${form} ${threads}: C ${bare.medianUs} us, deputy ${deputy.medianUs} us\n`,
      );
    }
  }
  return rows;
}

function compareSettings(stand: Stand, names: readonly string[], counts: readonly number[]): Variant[] {
  return counts.flatMap((threads) =>
    names.map((name) => {
      const runs = Array.from({ length: rounds }, () => stand.run('deputy', 'open', threads, name));
      return { name: name.replace('-', ': '), threads, figures: medianFigures(runs) };
    }),
  );
}

/** What sealing and `dac` cost, in turn with what they are compared with. */
function compareSafety(stand: Stand): Safety {
  const dac = compareSettings(stand, ['dac-enforce', 'dac-capability'], [1]);
  return { dac, sealing: compareSettings(stand, ['confinement-sealed', 'confinement-none'], [1]) };
}

async function onlySettings(directory: string, share: string): Promise<void> {
  const stand = await openStand(directory, share, true);
  warmUp(stand);
  const safety = compareSafety(stand);
  await stand.stop();
  process.stdout.write(`${values.json ? JSON.stringify(safety, null, 2) : safetyText(safety)}\n`);
}

/** An agent serves for days; its first second, in which its code is compiled, is not what is measured. */
function warmUp(stand: Stand): void {
  for (const form of forms) for (let round = 0; round < 3; round++) stand.run('deputy', form, 4);
}

async function onlyStream(): Promise<number> {
  const stream = await measureStream();
  if (stream === undefined) {
    process.stderr.write('there is no nats-server on this machine\n');
    return 1;
  }
  process.stdout.write(`${values.json ? JSON.stringify(stream, null, 2) : streamText(stream)}\n`);
  return 0;
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write('the bench needs root: agents serve a target of another user\n');
    return 1;
  }
  if (values.stream) return onlyStream();
  const directory = mkdtempSync(join(tmpdir(), 'deputy-bench-'));
  try {
    const share = makeFiles(directory);
    if (values.settings) {
      await onlySettings(directory, share);
      return 0;
    }
    const pinnedStand = await openStand(directory, share, true);
    warmUp(pinnedStand);
    const pinned = compareSides(pinnedStand, 'one processor');
    const safety = compareSafety(pinnedStand);
    await pinnedStand.stop();
    const broker = [
      {
        name: 'deputy broker',
        threads: 1,
        figures: await measureBroker(directory, share, rounds, measureMs),
      },
    ];
    const roamingStand = await openStand(directory, share, false);
    warmUp(roamingStand);
    const roaming = compareSides(roamingStand, 'roaming');
    const names = ['placement-none', 'placement-follow', 'placement-pin'];
    const placements = compareSettings(roamingStand, names, [1, 4]);
    await roamingStand.stop();
    const stream = await measureStream();
    const report: Report = { pinned, roaming, placements, broker, ...safety, ...(stream ? { stream } : {}) };
    const text = document(report);
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : text);
    if (!values['no-write']) writeFileSync(join(checkoutDirectory(), 'docs/benchmarks.md'), text);
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
