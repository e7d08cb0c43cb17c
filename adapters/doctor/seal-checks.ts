import { errnoText } from '../../core/errors/errno.js';
import { defaultFields } from '../../core/policy/defaults.js';
import { maximumSealableBytes, sealBytes } from '../../core/seals/seal-layout.js';
import { openAt } from '../linux/basic-files.js';
import { fileSystemId } from '../linux/file-system-id.js';
import { allocate } from '../linux/memory.js';
import { parseMounts } from '../linux/mount-information.js';
import { systemCall } from '../linux/native.js';
import { AT_EMPTY_PATH, AT_FDCWD, architectureOpenFlags, O } from '../linux/open-flags.js';
import { type Diagnosis, diagnosis } from './diagnosis.js';
import { readText } from './machine-checks.js';

const strategy = 'seccomp-notify';
const EOVERFLOW = -75;
/** Mounts of one type that are tried, until one can be opened. */
const triesPerType = 4;

/** Can handles of the file systems of the default policy be sealed? Each is tried where it is mounted. */
export function checkSealing(): Diagnosis[] {
  const mounts = parseMounts(readText('/proc/self/mountinfo'));
  return defaultFields.filesystems.flatMap((type) => {
    const ofType = mounts.filter(({ fileSystemType }) => fileSystemType === type).slice(0, triesPerType);
    for (const { mountPoint } of ofType) {
      const found = tryMount(mountPoint, type);
      if (found !== undefined) return [found];
    }
    return [];
  });
}

function tryMount(mountPoint: string, type: string): Diagnosis | undefined {
  const { O_DIRECTORY } = architectureOpenFlags();
  const descriptor = openAt(AT_FDCWD, mountPoint, O.RDONLY | O.CLOEXEC | O_DIRECTORY);
  if (descriptor < 0) return undefined;
  const size = handleBytesOf(descriptor);
  const id = fileSystemId(descriptor, type);
  systemCall('close', descriptor);
  const line = (ok: boolean, detail: string, remedy?: string): Diagnosis =>
    diagnosis(strategy, `sealed handles on ${type}`, ok, `${mountPoint}: ${detail}`, remedy, true);
  if (size < 0) {
    const remedy = 'Share another file system: this one has no handles to open files by.';
    return line(false, `no handles (${errnoText(-size)})`, remedy);
  }
  if (size > maximumSealableBytes) {
    const remedy = 'Use `confinement: filesystem` where all of it is shared.';
    return line(false, `handles of ${size} bytes leave no room for a seal`, remedy);
  }
  const sizes = `handles of ${size} bytes, ${size + sealBytes} with a seal`;
  if (id === '') return line(false, `${sizes}; no id of its own`, 'Give its shares an `id:` in the policy.');
  return line(true, `${sizes}; ${id}`);
}

/** What the kernel says is needed, when it is given no room. */
function handleBytesOf(descriptor: number): number {
  const memory = allocate(4096);
  const { address } = memory;
  const result = systemCall(
    'name_to_handle_at',
    descriptor,
    address + 1024,
    address,
    address + 2048,
    AT_EMPTY_PATH,
  );
  if (result === EOVERFLOW) return memory.u32[0] as number;
  return Math.min(result, 0);
}
