import { defaultFields } from '../../core/policy/defaults.js';
import { sealBytes } from '../../core/seals/seal-layout.js';
import { openAt } from '../linux/basic-files.js';
import { parseMounts } from '../linux/mount-information.js';
import { systemCall } from '../linux/native.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../linux/open-flags.js';
import { askSealable, sealingObstacle } from '../linux/sealing.js';
import { type Diagnosis, diagnosis } from './diagnosis.js';
import { readText } from './machine-checks.js';

const strategy = 'seccomp-notify';
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
  const sealable = askSealable(descriptor, type);
  systemCall('close', descriptor);
  const { handleBytes, id } = sealable;
  const obstacle = sealingObstacle(sealable);
  const sizes = `handles of ${handleBytes} bytes, ${handleBytes + sealBytes} with a seal; ${id}`;
  const detail = `${mountPoint}: ${obstacle?.detail ?? sizes}`;
  const name = `sealed handles on ${type}`;
  return diagnosis(strategy, name, obstacle === undefined, detail, obstacle?.remedy, true);
}
