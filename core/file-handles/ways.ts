import { errnoNumbers, errnoText } from '../errors/errno.js';
import type { HandleObservations, ProbeStep } from './observations.js';

/** What a probe's observations say of a way to open by handle. */
export interface WayJudgement {
  readonly possible: boolean;
  /** What was seen, for both answers. */
  readonly reason: string;
  /** What to do about a 'no', where something can be done. */
  readonly remedy?: string;
}

/** A way in which a target's opens by handle are answered under the file-handle strategy. */
export interface Way {
  readonly name: string;
  /** Which opens go this way. */
  readonly opens: string;
  /** What isn't checked of them. */
  readonly unchecked: readonly string[];
  judge(seen: HandleObservations): WayJudgement;
}

const EPERM = -errnoNumbers.EPERM;
const ESTALE = -errnoNumbers.ESTALE;
const failed = (value: number | undefined): value is number => value !== undefined && value < 0;

const no = (reason: string, remedy?: string): WayJudgement => ({
  possible: false,
  reason,
  ...(remedy === undefined ? {} : { remedy }),
});

/** Steps before the first open, and what their failure means. */
const beforehand: readonly { readonly step: ProbeStep; readonly what: string; readonly remedy: string }[] = [
  {
    step: 'unshare',
    what: 'no user namespace could be made',
    remedy: 'Allow user namespaces (user.max_user_namespaces).',
  },
  {
    step: 'open_tree',
    what: 'the directory could not be cloned as a mount',
    remedy: 'Run as root (CAP_SYS_ADMIN).',
  },
  {
    step: 'mount_setattr',
    what: 'the file system does not take an idmapped mount',
    remedy: 'Share it from a file system that does, or map the ids of its owner in the container.',
  },
  { step: 'map', what: 'no ids could be mapped', remedy: 'Run as root, or as the owner of the directory.' },
  {
    step: 'mount',
    what: 'a user namespace may not mount this file system',
    remedy: 'Probe a directory of it instead.',
  },
  {
    step: 'move_mount',
    what: 'the idmapped mount could not be put into the namespace',
    remedy: 'Run as root (CAP_SYS_ADMIN).',
  },
  { step: 'open', what: 'the directory could not be opened', remedy: 'Look at its permissions.' },
  {
    step: 'encode',
    what: 'the file system has no handles',
    remedy: 'Share another one; overlayfs has them with `nfs_export=on`.',
  },
];

function obstacleBefore(seen: HandleObservations): WayJudgement | undefined {
  for (const { step, what, remedy } of beforehand) {
    const value = seen[step];
    if (failed(value)) return no(`${what} (${errnoText(-value)})`, remedy);
  }
  return undefined;
}

/**
 * The relaxation of Linux 6.11: whoever has CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH in the user namespace that
 * owns a mount (or its file system) may open directories there, with O_DIRECTORY, whose owners are mapped.
 */
const nativeDirectories: Way = {
  name: 'native-directories',
  opens: 'directories, with O_DIRECTORY in the flags, by the kernel itself',
  unchecked: [
    'the seal: bytes behind the kernel’s own are ignored, so a forged or retired one opens as well',
    'tenant and share: any directory below the one that mount_fd names, or, on a file system that the user ' +
      'namespace mounted itself, any of that file system',
    'the policy: `dac`, `filesystems`, `limits` and `record` don’t hold; the kernel asks for capabilities ' +
      'of the user namespace and mapped owners instead, and deputy never hears of the call',
  ],
  judge(seen) {
    const before = obstacleBefore(seen);
    if (before !== undefined) return before;
    const { directory, sealed, below } = seen;
    if (directory === undefined) return no('the probe did not get so far', 'Run `deputy doctor` as root.');
    if (directory === EPERM) {
      return no(
        'the kernel refuses the directory (EPERM): it is older than 6.11, or mounts below are locked',
        'Run a newer kernel; share a directory without mounts below it.',
      );
    }
    if (directory === ESTALE) {
      return no(
        'the kernel finds no directory that it may give (ESTALE): its owner is not mapped, or the file ' +
          'system can not show the way to it',
        'Give the container the directory by an idmapped mount.',
      );
    }
    if (directory < 0) return no(`the kernel refuses the directory (${errnoText(-directory)})`);
    const behind = failed(sealed) ? sealed : below;
    if (failed(behind)) {
      return no(
        `it takes no handle with a seal behind it (${errnoText(-behind)}), and others are not given out`,
      );
    }
    return { possible: true, reason: 'a directory was opened by a sealed handle in a user namespace' };
  },
};

/** What the kernel does not open for the target itself: deputy does, when the seal verifies. */
const sealedByDeputy: Way = {
  name: 'sealed-handles',
  opens: 'everything else, through the notifier',
  unchecked: [],
  judge(seen) {
    const { encode, plain, file } = seen;
    if (failed(encode)) return no(`the file system has no handles (${errnoText(-encode)})`);
    const itself = [plain, file].find((value) => value !== undefined && value >= 0);
    const reason =
      itself === undefined
        ? 'the kernel opens nothing but directories for a user namespace; deputy opens the rest'
        : 'this kernel opens more for a user namespace than directories; deputy opens it all the same';
    return { possible: true, reason };
  },
};

/**
 * The ways, the one without a helper first. **The place for signed handles of the kernel's**: when a kernel
 * signs handles and opens those that verify without a capability, it gets (1) a line in the probe
 * (adapters/file-handle/native/handle-probe.c) and its name in `probeSteps`, (2) an entry here, before the
 * others, and (3) a handler of name_to_handle_at that leaves the signing to the kernel, in the registry of
 * handlers. Nothing else knows how many ways there are.
 */
export const ways = [nativeDirectories, sealedByDeputy] as const satisfies readonly Way[];

/** The ways by name. */
export const wayOf = { nativeDirectories, sealedByDeputy } as const;
