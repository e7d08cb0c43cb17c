import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocate } from '../../adapters/linux/memory.js';
import { systemCall } from '../../adapters/linux/native.js';
import { openNotifySocket, receivedDescriptors } from '../../adapters/systemd/index.js';
import { sleep } from './child.js';

const EAGAIN = -11;

/**
 * Has systemd keep many descriptors with names of a given length, and counts what comes back.
 * full-store-service.js DIRECTORY COUNT NAME-LENGTH
 */
async function main(directory: string, count: number, nameLength: number): Promise<void> {
  const notify = openNotifySocket();
  if (notify === undefined) throw new Error('NOTIFY_SOCKET is not set');
  const received = receivedDescriptors();
  const name = allocate(4096);
  name.putString(0, 'one');
  for (let index = 0; received.length === 0 && index < count; index++) {
    const descriptor = systemCall('memfd_create', name.address, 1);
    const text = String(index).padStart(nameLength, 'x');
    let result = notify.storeDescriptor(text, descriptor);
    for (; result === EAGAIN; result = notify.storeDescriptor(text, descriptor)) await sleep(5);
    if (result < 0) throw new Error(`storing: errno ${-result}`);
    systemCall('close', descriptor);
  }
  const names = new Set(received.map((one) => one.name));
  const report = { pid: process.pid, received: received.length, names: names.size };
  writeFileSync(join(directory, 'report.json'), JSON.stringify(report));
  while (notify.ready() === EAGAIN) await sleep(5);
  setInterval(() => undefined, 1 << 30);
}

const [directory = '.', count = '1', nameLength = '8'] = process.argv.slice(2);
await main(directory, Number(count), Number(nameLength));
