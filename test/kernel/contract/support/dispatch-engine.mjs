/**
 * An engine with the dispatcher, as `deputy dispatch` has it: dispatch-engine.mjs STATE POLICY STRATEGY TARGET
 * PROGRAM WORDS... runs the program as a payload of the process TARGET, and ends without ending it if killed.
 */
import { join } from 'node:path';
import { built } from './built.mjs';
import { begin, obey, policy, stateDirectory, words } from './engine-common.mjs';

const { createEngine } = await built('core/index.js');
const { dispatcher } = await built('strategies/dispatcher/index.js');
const { linuxPayloads } = await built('adapters/payload/index.js');
const { openEventHost } = await built('adapters/host/event-host.js');
const CAP_DAC_READ_SEARCH = 2;
const id = 107;

const [targetProcess, ...argv] = words;
const spec = {
  argv,
  capabilities: [CAP_DAC_READ_SEARCH],
  user: id,
  group: id,
  groups: [],
  from: 'host',
  environment: {},
  directory: '/',
  readiness: { kind: 'none' },
  deadlineMs: 20_000,
  terminal: false,
  output: 'caller',
  lossy: true,
  bufferBytes: 4096,
  filter: 'default',
};
const payloads = linuxPayloads({ name: 'suite', stateDirectory: join(stateDirectory, 'payloads') });
const onSession = (session) => {
  session.drainTo({ write: (_stream, _bytes, done) => done() });
  void session.ended.then(() => session.collect());
};
const host = await openEventHost({ stateDirectory });
const strategies = [dispatcher({ payloads, payload: () => spec, onSession })];
const engine = createEngine({ ...host, strategies, policy });
const target = { containerId: 'suite', processId: Number(targetProcess) };
const delegation = await begin(engine, host, target, 'dispatcher');
const end = async () => {
  await engine.close();
  await host.close();
};
await obey({ release: () => engine.release(delegation), end });
