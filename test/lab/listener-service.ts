import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocate, type NativeMemory } from '../../adapters/linux/memory.js';
import { hotSyscalls, systemCall } from '../../adapters/linux/native.js';
import { watchReadable } from '../../adapters/linux/readiness.js';
import {
  notifyCommand,
  receiveNotification,
  USER_NOTIF_FLAG_CONTINUE,
} from '../../adapters/linux/seccomp.js';
import { commandLineLogger } from '../../adapters/logging/index.js';
import { AgentSocket } from '../../adapters/oci/agent-socket.js';
import { openNotifySocket, receivedDescriptors } from '../../adapters/systemd/index.js';
import { errnoNumbers } from '../../core/errors/errno.js';

/**
 * An agent that receives a target's open, writes down its id and does no more. When it is started again, it
 * answers that call by its id, with EXDEV, through the listener that systemd kept.
 * listener-service.js DIRECTORY
 */
function main(directory: string): void {
  const notify = openNotifySocket();
  if (notify === undefined) throw new Error('NOTIFY_SOCKET is not set');
  const idPath = join(directory, 'id');
  const memory = allocate(4096);
  for (const { descriptor } of receivedDescriptors()) {
    if (!existsSync(idPath)) continue;
    const id = BigInt(readFileSync(idPath, 'utf8'));
    memory.u8.fill(0, 0, 24);
    memory.u64[0] = id;
    memory.i32[4] = -errnoNumbers.EXDEV;
    const sent = systemCall('ioctl', descriptor, notifyCommand.SEND, memory.address);
    writeFileSync(join(directory, 'sent'), String(sent));
    // Else the copy would keep the listener from hanging up for systemd's eyes alone.
    systemCall('close', descriptor);
  }
  AgentSocket.open({
    path: join(directory, 'socket'),
    logger: commandLineLogger('error'),
    onListener: ({ containerId }, listener) => {
      notify.storeDescriptor(`listener-${containerId}`, listener);
      const watch = watchReadable(listener, () => {
        memory.u8.fill(0, 0, 80);
        receiveNotification(listener, memory.address);
        if (memory.i32[4] === hotSyscalls().numbers.name_to_handle_at) return goOn(listener, memory);
        watch.stop();
        writeFileSync(idPath, String(memory.u64[0]));
      });
    },
  });
  notify.ready();
}

/** Has the kernel do a call itself; its id stands where it was received. */
function goOn(listener: number, memory: NativeMemory): void {
  memory.u8.fill(0, 8, 24);
  memory.u32[5] = USER_NOTIF_FLAG_CONTINUE;
  systemCall('ioctl', listener, notifyCommand.SEND, memory.address);
}

main(process.argv[2] ?? '.');
