// A dispatch that lacks the checks that DEPUTY_UNCHECKED names (static, changeable, memory, take-over, log, placeholder), else as
// `deputy dispatch` does it: TARGET STATE SPEC, the last one as JSON. Prints the payload's output and how it ended.
import { once } from 'node:events';
import { openSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { LinuxPayloadSession } from 'deputy/adapters/payload';
import { runDispatch } from 'deputy/strategies/dispatcher';

const [target, stateDirectory, text] = process.argv.slice(2);
const spec = JSON.parse(text);
const left = new Set((process.env.DEPUTY_UNCHECKED ?? '').split(','));

class Unchecked extends LinuxPayloadSession {
  takeLog = left.has('log') ? reopenLog : undefined;

  async identify() {
    const facts = await super.identify();
    this.processOfTarget = facts.processId;
    return left.has('take-over') ? { ...facts, permittedCapabilities: 0n, boundingCapabilities: 0n } : facts;
  }

  async openProgram() {
    const [command] = spec.argv;
    const path = left.has('changeable') ? `/proc/${this.processOfTarget}/root${command}` : command;
    if (!['static', 'changeable', 'memory'].some((check) => left.has(check))) return super.openProgram();
    this.program = openSync(path, 'r');
    return `${readlinkSync(`/proc/self/fd/${this.program}`)}, unchecked`;
  }

  /** As others do it: by its path, whatever that leads to and whoever answers there. */
  async name() {
    if (!left.has('placeholder')) return super.name();
    this.placeholder = connect(`/proc/${this.processOfTarget}/root${spec.placeholderSocket}`);
    await once(this.placeholder, 'connect');
    this.placeholder.write(`payload ${this.processId}\n`);
    await once(this.placeholder, 'data');
    return true;
  }
}

/** As others do it: by the path of the target's own descriptors. */
function reopenLog() {
  return [1, 2].map((number) => openSync(`/proc/${target}/fd/${number}`, 'a'));
}

const session = new Unchecked({ target, stateDirectory, name: 'payload' }, spec);
session.drainTo({ write: (stream, bytes, done) => process[stream].write(bytes, () => done()) });
try {
  await runDispatch({ session, spec, isAdopted: false }, () => undefined);
  process.stdout.write('executed\n');
  const end = await session.ended;
  process.stdout.write(`${JSON.stringify(end)}\n`);
  session.collect();
} catch (error) {
  process.stdout.write(`${error.code ?? error.stack}\n`);
  await session.abandon();
}
