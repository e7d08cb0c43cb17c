import { expect, it } from 'vitest';
import { replyNote, replyOutcome, requestFlag } from '../../../core/injector/protocol.js';
import { injectorSuite } from './support/availability.js';
import { runSession } from './support/session.js';

const types = ['symlink', 'fifo', 'socket', 'device', 'regular', 'directory'];

injectorSuite('the injector gives O_PATH descriptors', () => {
  for (const killable of [0, 1]) {
    for (const [type, name] of types.entries()) {
      it(`of a ${name}, ${killable ? 'killable' : 'plain'} wait`, async () => {
        const { report, counts } = await runSession({ calls: 24, type, killable });
        expect(report).toMatchObject({ right: 24, wrong: 0, first: '' });
        expect(counts.outcomes).toEqual({ [replyOutcome.completed]: 24 });
        expect(report?.after).toBe(report?.before);
      });
    }
  }

  it('on a page of its own when asked to', async () => {
    const { report } = await runSession({ calls: 60 }, { flags: requestFlag.privatePage });
    expect(report).toMatchObject({ right: 60, wrong: 0, first: '' });
  });

  it('when there is no room below the stack pointer', async () => {
    const { report, counts } = await runSession({ calls: 60, smallstack: 1 });
    expect(report).toMatchObject({ right: 60, wrong: 0, first: '' });
    expect(counts.replies.every((reply) => (reply.notes & replyNote.privatePage) !== 0)).toBe(true);
  });

  it('when the stack is a file in memory, whose pages it must not wait for', async () => {
    const { report, counts } = await runSession({ calls: 60, smallstack: 2 });
    expect(report).toMatchObject({ right: 60, wrong: 0, first: '' });
    expect(counts.replies.every((reply) => (reply.notes & replyNote.privatePage) !== 0)).toBe(true);
  });

  it('to threads that have tables of their own, the lowest number each time', async () => {
    const { report } = await runSession({ calls: 60, threads: 4, tables: 1, killable: 1 });
    expect(report).toMatchObject({ right: 240, wrong: 0, first: '' });
  });
});
