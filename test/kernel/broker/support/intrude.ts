import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkoutDirectory } from '../../../lab/paths.js';
import { confinement, type Form, targetId } from './broker-process.js';

/** A sidecar that somebody is executed into. */
export interface Intruded {
  readonly pid: number;
  readonly share: string;
  readonly stateDirectory: string;
  readonly socketPath: string;
}

/** What an intruder, who was executed into the sidecar with all that its container has, gets done. */
export function intrude(form: Form, sidecar: Intruded, asTarget: boolean): Record<string, number | string> {
  const native = join(checkoutDirectory(), 'dist/adapters/linux/native.js');
  const script = `
    import { systemCall } from '${native}';
    import { readFileSync, readdirSync, openSync, readlinkSync } from 'node:fs';
    import { connectSequenced } from '${native.replace('native', 'sequenced-sockets')}';
    import { allocate } from '${native.replace('native', 'memory')}';
    const [pid, share, state, socket] = process.argv.slice(1);
    const tried = (call) => { try { return String(call()).slice(0, 40); } catch (error) { return error.code; } };
    if (${asTarget}) { process.setgid(${targetId}); process.setuid(${targetId}); }
    const PTRACE_SEIZE = 0x4206;
    const memory = allocate(4096);
    memory.putString(0, share + '/secret');
    // A raw handle, as the kernel makes it, and the call that takes the capability.
    memory.u32[256 >> 2] = 128;
    const named = systemCall('name_to_handle_at', -100, memory.address, memory.address + 256, memory.address + 512, 0);
    const mount = openSync(share, 'r');
    const opened = systemCall('open_by_handle_at', mount, memory.address + 256, 0);
    const seen = {
      named,
      opened: opened >= 0 ? readFileSync(opened, 'utf8') : opened,
      writes: systemCall('open_by_handle_at', mount, memory.address + 256, 2),
      seize: systemCall('ptrace', PTRACE_SEIZE, Number(pid), 0, 0),
      memory: tried(() => openSync('/proc/' + pid + '/mem', 'r')),
      environment: tried(() => readFileSync('/proc/' + pid + '/environ')),
      root: tried(() => readdirSync('/proc/' + pid + '/root')),
      descriptors: tried(() => readlinkSync('/proc/' + pid + '/fd/0')),
      copies: systemCall('pidfd_getfd', systemCall('pidfd_open', Number(pid), 0), 0, 0),
      setuid: systemCall('setuid', 0),
      keys: tried(() => readdirSync(state + '/keys').length > 0),
      connects: connectSequenced(socket) >= 0,
      signals: tried(() => process.kill(Number(pid), 0)),
    };
    console.log(JSON.stringify(seen));`;
  const words = [...confinement(form), process.execPath, '--input-type=module', '-e', script];
  const places = [String(sidecar.pid), sidecar.share, sidecar.stateDirectory, sidecar.socketPath];
  const result = spawnSync('setpriv', [...words, ...places], { encoding: 'utf8' });
  if (result.stdout === '') throw new Error(result.stderr);
  return JSON.parse(result.stdout);
}
