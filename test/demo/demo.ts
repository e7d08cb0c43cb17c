import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { eventLine } from '../../adapters/cli/event-line.js';
import type { DeputyEvent } from '../../core/events/event.js';
import { startAgentProcess } from '../lab/agent-process.js';
import { EventFeed } from '../lab/event-feed.js';
import { missingLabParts } from '../lab/lab-status.js';
import { type GuestWorkloadResult, runGuestWorkload } from '../lab/run-guest-workload.js';
import { startVirtiofsd, type Virtiofsd } from '../lab/virtiofsd.js';
import { runSmallForm } from './small-form.js';
import { summarize, summaryTable } from './summary.js';

const help = `npm run demo -- [--runtime crun|runc] [--opath fast|exact] [--small] [--json]

Runs the main job on the real thing: a container without any capability (uid 107) runs virtiofsd with
--inode-file-handles=mandatory, deputy answers every open_by_handle_at it makes, and a guest booted in QEMU works in
the share. --small runs the form that needs neither container nor guest. --json prints the summary as JSON.`;

/** Request events shown one by one at first; then one of so many. */
const shownFirst = 12;
const shownEvery = 500;
const releaseTimeoutMs = 15_000;

const { values } = parseArgs({
  options: {
    runtime: { type: 'string', default: 'crun' },
    opath: { type: 'string', default: 'fast' },
    small: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function say(line = ''): void {
  (values.json ? process.stderr : process.stdout).write(`${line}\n`);
}

/** Prints every lifecycle event, the first requests, and then a sample with the count so far. */
function eventPrinter(): (event: DeputyEvent) => void {
  let requests = 0;
  return (event) => {
    if (!event.type.startsWith('request.')) return say(`  event  ${eventLine(event)}`);
    requests++;
    if (requests <= shownFirst) say(`  event  ${eventLine(event)}`);
    else if (requests % shownEvery === 0) say(`  event  ${eventLine(event)}  [request ${requests}]`);
    if (requests === shownFirst) say(`  event  ... from here on one request of ${shownEvery} is shown`);
  };
}

/** What the kernel says of the container's process: no capability, in any set. */
function capabilityLine({ pid }: Virtiofsd): string {
  const fields = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .filter((line) => /^(Uid|CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):/.test(line))
    .map((line) => line.replace(/\s+/g, ' ').trim());
  return fields.join(', ');
}

/** The same daemon with nobody to answer: what the demo is about. */
async function tryWithout(runtime: 'crun' | 'runc'): Promise<void> {
  say('1. Without deputy: the same virtiofsd, in the same container');
  try {
    const virtiofsd = await startVirtiofsd({ runtime });
    await virtiofsd.delete();
    say('   it started, which it should not have');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const line = text.split('\n').find((one) => one.includes('Refusing')) ?? text.split('\n')[0];
    say(`   ${line?.trim()}`);
  }
  say();
}

function tell(events: readonly DeputyEvent[], result: GuestWorkloadResult, proof: string): void {
  const rows = summarize(events);
  const lifecycle = events.filter(({ type }) => type.startsWith('delegation.'));
  const failed = [...result.checks].filter(([, verdict]) => verdict !== 'ok');
  if (values.json) {
    const stages = lifecycle.map(({ type, time }) => ({ type, time }));
    const guest = { ok: result.ok, failed: result.failed, failures: Object.fromEntries(failed) };
    process.stdout.write(
      `${JSON.stringify({ requests: rows, lifecycle: stages, guest, target: proof }, null, 2)}\n`,
    );
    return;
  }
  say();
  say('Summary');
  for (const line of summaryTable(rows)) say(`  ${line}`);
  const first = Date.parse(lifecycle[0]?.time ?? '');
  const stages = lifecycle.map(
    ({ type, time }) => `${type.slice('delegation.'.length)} +${Date.parse(time) - first} ms`,
  );
  say(`  lifecycle: ${stages.join(', ')}`);
  say(`  the target held: ${proof}`);
  say(`  the guest: ${result.ok} checks right, ${result.failed} wrong, in ${result.seconds.toFixed(1)} s`);
  for (const [name, verdict] of failed) say(`    ${name}: ${verdict}`);
}

async function fullForm(): Promise<number> {
  const runtime = values.runtime === 'runc' ? 'runc' : 'crun';
  await tryWithout(runtime);
  say(`2. With deputy: agent, ${runtime}, virtiofsd without a capability, a guest in QEMU`);
  say('   event lines: time, container, delegation, type; for a request: call = result (how, how long)');
  const policy = { version: 1, defaults: { opath: values.opath } };
  const agent = await startAgentProcess({ policy, arguments: ['--log-level', 'warn'] });
  const feed = new EventFeed(agent.stateDirectory, eventPrinter());
  const interrupted = (): void => process.exit(130);
  process.once('SIGINT', interrupted);
  try {
    let proof = '';
    const result = await runGuestWorkload({
      runtime,
      agentSocket: agent.socketPath,
      onVirtiofsd: (virtiofsd) => {
        proof = capabilityLine(virtiofsd);
        say(`  virtiofsd serves; ${proof}`);
      },
      onGuestLine: (line) => {
        if (line.startsWith('CHECK ')) say(`  guest  ${line}`);
      },
    });
    await feed.waitFor(({ type }) => type === 'delegation.released', releaseTimeoutMs);
    tell(feed.events, result, proof);
    return result.failed === 0 && result.ok > 0 ? 0 : 1;
  } finally {
    feed.stop();
    await agent.stop();
  }
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  if (process.getuid?.() !== 0) {
    say('The demo needs root: containers, seccomp listeners of others and open_by_handle_at do.');
    say(
      'What works without: `npm test` (tests that need no root), `node dist/adapters/cli/deputy.js doctor`.',
    );
    return 1;
  }
  const missing = values.small ? ['--small was given'] : missingLabParts();
  if (missing.length === 0) return fullForm();
  say('The full form is not possible here:');
  for (const reason of missing) say(`  - ${reason}`);
  say('The smaller form: a local target that opens by handle.');
  say();
  return runSmallForm(say);
}

process.exitCode = await main();
