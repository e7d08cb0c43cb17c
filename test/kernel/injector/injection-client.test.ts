import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createScoreboard } from '../../../adapters/injector/scoreboard.js';
import { allocate } from '../../../adapters/linux/memory.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { loopListener } from '../../../adapters/linux/request-kernel/loop-listener.js';
import { injectionPackets } from '../../../adapters/supervisor/injection-packets.js';
import { InjectionClient } from '../../../core/injector/injection-client.js';
import { RecordViews, RequestRecord } from '../../../core/request/record.js';
import { injectionOutcome, offset, recordBytes } from '../../../core/request/record-layout.js';
import { injectorSuite } from './support/availability.js';
import { type HeldCall, holdCall } from './support/held-call.js';
import { openInjector, type TestInjector } from './support/session.js';
import { startTarget } from './support/target.js';

/** A record as a journal has it, of a call that a test holds. */
function recordOf(call: HeldCall): RequestRecord {
  const memory = allocate(recordBytes);
  memory.u8.set(call.memory.u8.subarray(0, 80), offset.notification);
  memory.u8.set(call.memory.u8.subarray(128, 128 + 136), offset.handle);
  return new RequestRecord().attach(new RecordViews(memory), 0, 0);
}

/** Waits until the client has an answer for each record that is given. */
async function settle(client: InjectionClient, count: number): Promise<RequestRecord[]> {
  const done: RequestRecord[] = [];
  for (let tries = 0; tries < 1000 && done.length < count; tries++) {
    if (client.descriptor < 0) break;
    client.receive((record) => done.push(record));
    await setTimeout(2);
  }
  return done;
}

injectorSuite("a supervisor's question about its predecessor's requests", () => {
  it('is answered in the record, across injectors', async () => {
    const scoreboard = createScoreboard();
    const injector = await openInjector({}, [], scoreboard);
    const target = await startTarget({ calls: 2 });
    target.go();
    const call = holdCall(target);
    const handleAt = call.memory.address + 128;
    const source = systemCall('open_by_handle_at', target.mount, handleAt, 0o12400000);
    const predecessor = new InjectionClient(injectionPackets());
    predecessor.connect(injector.control.openLoop(), () => {});
    predecessor.submit(recordOf(call), loopListener(1, target.listener), source, false);
    const next = holdCall(target);
    // It dies without having heard the answer.
    systemCall('close', predecessor.descriptor);
    systemCall('close', source);

    const successor = new InjectionClient(injectionPackets());
    const [known, unknown, asked] = [recordOf(call), recordOf(next), recordOf(call)];
    const connect = (to: TestInjector): void => successor.connect(to.control.openLoop(), () => {});
    connect(injector);
    successor.query(known);
    successor.query(unknown);
    expect(await settle(successor, 2)).toEqual([known, unknown]);
    expect(known.u16(offset.injectionOutcome)).toBe(injectionOutcome.completed);
    expect(known.i32(offset.result)).toBeGreaterThan(2);
    expect(unknown.u16(offset.injectionOutcome)).toBe(injectionOutcome.unknown);

    process.kill(injector.processId, 'SIGKILL');
    await injector.ended;
    expect(successor.receive(() => {})).toBe(false);
    // Asked while there is no injector: it goes to the next one.
    successor.query(asked);
    const another = await openInjector({}, [], scoreboard);
    connect(another);
    expect(await settle(successor, 1)).toEqual([asked]);
    expect(asked.i32(offset.result)).toBe(known.i32(offset.result));
    target.child.kill('SIGKILL');
    await target.ended;
    for (const descriptor of [target.listener, target.mount, scoreboard, successor.descriptor]) {
      systemCall('close', descriptor);
    }
    await Promise.all([injector.close(), another.close()]);
  });
});
