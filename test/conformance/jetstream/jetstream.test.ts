import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LabNatsServer, missingForNats } from '../../lab/nats-server.js';
import { describeWhen } from '../../support/describe-when.js';
import { cases, type StreamCase } from './cases.js';
import { type Line, runCase } from './machine.js';
import { modelMachine } from './model-machine.js';
import { RealMachine } from './real-machine.js';

/** Lines with what they gave beside what the case says, so that a difference shows where it began. */
function transcript(lines: readonly Line[]): string[] {
  return lines.map(({ text, result }) => `${text} => ${result}`);
}

function saidBy(lines: readonly Line[]): string[] {
  return lines.map(({ text, said }) => `${text} => ${said}`);
}

describe.each([false, true])('the modelled JetStream does what the cases say (2.12: %s)', (isNew) => {
  test.each(cases)('$name', async (one) => {
    const lines = await runCase(one, modelMachine(one, isNew), isNew);
    expect(lines.length).toBeGreaterThan(0);
    expect(transcript(lines)).toEqual(saidBy(lines));
  });
});

describeWhen(missingForNats(), 'and so does a real nats-server', () => {
  let shared: LabNatsServer;
  let isNew = false;

  beforeAll(async () => {
    shared = await LabNatsServer.start();
    const connection = await connect({ servers: shared.url });
    const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)\./.exec(connection.info?.version ?? '') ?? [];
    isNew = Number(major) > 2 || Number(minor) >= 12;
    await connection.close();
  });

  afterAll(() => shared.remove());

  async function onServer(server: LabNatsServer, one: StreamCase): Promise<Line[]> {
    const machine = await RealMachine.start(server, one);
    try {
      return await runCase(one, machine, isNew);
    } finally {
      await machine.close();
    }
  }

  test.each(cases)('$name', { timeout: 60_000 }, async (one) => {
    const server = one.endsServer ? await LabNatsServer.start() : shared;
    try {
      const real = await onServer(server, one);
      const model = await runCase(one, modelMachine(one, isNew), isNew);
      expect(transcript(real)).toEqual(transcript(model));
      expect(transcript(real)).toEqual(saidBy(real));
    } finally {
      if (server !== shared) await server.remove();
    }
  });
});
