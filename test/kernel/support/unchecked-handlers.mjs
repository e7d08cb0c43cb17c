// The real handlers on a kernel port without one of its checks, as DEPUTY_UNCHECKED says: what agents do that take
// their targets' words for what they are. So a test shows that its attack would succeed.
import { openAt } from '../../../dist/adapters/linux/basic-files.js';
import { systemCall } from '../../../dist/adapters/linux/native.js';
import { handlerOf as realHandlerOf } from '../../../dist/strategies/seccomp-notify/handlers/registry.js';

const O_PATH_CLOEXEC = 0o12000000;
const AT_FDCWD = -100;
const handleAt = 192;
const regular = 8;
const anyMount = {
  mountId: 0,
  fileSystemType: 'ext4',
  mountPoint: '/',
  root: '/',
  verdict: 0,
  isWhole: true,
};

const unchecked = {
  nothing: {},
  // The number that the target gives is given to the kernel, in the agent's own table.
  'mount-descriptor': {
    findMount(record) {
      record.mount = { ...anyMount };
      return 0;
    },
    openMount: () => 0,
    openByHandle: (record, flags) =>
      // pidfs knows no O_PATH, and no O_APPEND, by which deputy marks what it opens.
      systemCall('open_by_handle_at', record.argumentInt(0), record.addressOf(handleAt), flags & 0o2004003),
    // A pidfd's file has no type, so that the check of types would refuse it, too.
    describeFile: () => regular,
  },
  // A path is walked from the target's directory by the agent's rules: its root, and its rights.
  root: {
    openPath(record, descriptor) {
      const base = openAt(
        record.thread.directory,
        descriptor === AT_FDCWD ? 'cwd' : `fd/${descriptor}`,
        O_PATH_CLOEXEC,
      );
      const opened = openAt(base, record.path, O_PATH_CLOEXEC);
      systemCall('close', base);
      return opened;
    },
  },
  // Whatever is opened is taken for a file.
  'file-type': { describeFile: () => regular },
}[process.env.DEPUTY_UNCHECKED ?? 'nothing'];

const kernels = new WeakMap();
const changed = new Map();

function withoutCheck(kernel) {
  if (!kernels.has(kernel)) kernels.set(kernel, Object.assign(Object.create(kernel), unchecked));
  return kernels.get(kernel);
}

export function handlerOf(record, abi, policy) {
  const real = realHandlerOf(record, abi, policy);
  if (!changed.has(real)) {
    const steps = real.steps.map((step) =>
      step.act === undefined
        ? step
        : { ...step, act: (context) => step.act({ ...context, kernel: withoutCheck(context.kernel) }) },
    );
    changed.set(real, { ...real, steps });
  }
  return changed.get(real);
}
