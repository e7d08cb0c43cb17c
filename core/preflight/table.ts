import type { ResolvedPolicy } from '../policy/match.js';
import type { ExaminedPod, ExaminedTarget, Reason, StrategyEntry, StrategyForm } from './entry.js';
import { hasOwnUserNamespace, withBroker, withNotifierProfile, withNotifierSidecar } from './pod-needs.js';

const openByHandle = {
  id: 'open-by-handle',
  remedy: 'Give deputy CAP_DAC_READ_SEARCH in the initial user namespace (root on the host).',
};

function unservableShares(_policy: ResolvedPolicy, target: ExaminedTarget | undefined): Reason[] {
  if (target === undefined || target.shares.servable) return [];
  return target.shares.reasons.map((text) => ({
    kind: 'target',
    text,
    remedy: 'Share another file system, or give the policy a weaker `confinement`.',
  }));
}

function unsealed({ confinement }: ResolvedPolicy): Reason[] {
  if (confinement === 'sealed') return [];
  const text = `it opens sealed handles only, and the policy says \`confinement: ${confinement}\``;
  return [{ kind: 'policy', text, remedy: 'Say `confinement: sealed`.' }];
}

const seccompNotify: StrategyEntry = {
  strategy: 'seccomp-notify',
  enforces: [
    ...['syscalls', 'shares', 'filesystems', 'confinement', 'dac', 'opath', 'placement', 'record', 'limits'],
  ],
  trials: [
    {
      id: 'notifier',
      remedy:
        'Linux 5.14 or newer with CONFIG_SECCOMP_FILTER, no outer filter that refuses seccomp(2), root.',
    },
    openByHandle,
    // A loop acts with its target's ids, as a sidecar does for good.
    { id: 'become-and-open', remedy: 'Run the agent as root: it takes CAP_SETUID and CAP_SETGID.' },
    {
      id: 'runtime',
      remedy: 'Containers need crun or runc, which hand the listener over; `deputy run` needs neither.',
      optional: true,
    },
  ],
  addToPod: withNotifierProfile,
  obstacles: unservableShares,
  price: {
    latency: 'answered',
    boundary: 'none: the container holds nothing more, and its calls are answered from outside',
    privilege:
      'an agent on the node (if it is a pod, one of level privileged) reads files and targets’ memory',
    restart: 'killed: another takes over, no call is lost; stopped without a successor: calls give ENOSYS',
  },
};

const becomeAndOpen = {
  id: 'become-and-open',
  remedy: 'Let it start as root with DAC_READ_SEARCH, SETUID and SETGID, and without a filter against them.',
};

const sidecarPrivilege = 'the sidecar, beside the target and with its user, holds CAP_DAC_READ_SEARCH';

/** The sidecar is in the pod's, and open_by_handle_at(2) takes the capability in the initial one. */
function ownUserNamespaces(pods: readonly ExaminedPod[], target: ExaminedTarget | undefined): Reason[] {
  const names = pods.filter(({ pod }) => hasOwnUserNamespace(pod)).map(({ name }) => `${name} has`);
  if (target?.userNamespaceIsOurs === false) names.push('the target has');
  return names.map((whose) => ({
    kind: 'target',
    text: `${whose} a user namespace of its own (hostUsers: false), where the capability opens none`,
    remedy: 'Leave `hostUsers` out, or use a strategy that serves it from the node.',
  }));
}

/** For programs as they are. */
const sidecarNotifier: StrategyForm = {
  form: 'notifier',
  serves: 'a program as it is, which deputy-wrap runs',
  enforces: seccompNotify.enforces,
  trials: [
    {
      id: 'notifier',
      remedy:
        'Linux 5.14 with CONFIG_SECCOMP_FILTER, no outer filter that refuses seccomp(2); or the broker form.',
    },
    becomeAndOpen,
    {
      id: 'same-user-access',
      remedy: 'Set kernel.yama.ptrace_scope to 0, let no filter refuse pidfd_getfd(2); or the broker form.',
    },
  ],
  addToPod: withNotifierSidecar,
  obstacles: (policy, target, pods) => [
    ...unservableShares(policy, target),
    ...ownUserNamespaces(pods, target),
  ],
  price: {
    latency: 'answered',
    boundary: "a container of the target's own pod holds the capability; the program runs behind a wrapper",
    privilege: sidecarPrivilege,
    restart:
      'killed: calls wait for its successor, none is lost; ended for good: ENOSYS; the pod: all of it ends',
  },
};

/** For programs that were written for it. */
const sidecarBroker: StrategyForm = {
  form: 'broker',
  serves: 'a program that was written for its protocol',
  enforces: ['syscalls', 'shares', 'filesystems', 'confinement', 'dac', 'opath', 'record'],
  trials: [becomeAndOpen],
  addToPod: withBroker,
  obstacles: (policy, target, pods) => [
    ...unsealed(policy),
    ...unservableShares(policy, target),
    ...ownUserNamespaces(pods, target),
  ],
  price: {
    latency: 'brokered',
    boundary:
      "a container of the target's own pod holds the capability; its program has to ask over a socket",
    privilege: sidecarPrivilege,
    restart: 'killed: its successor goes on with the delegation, clients ask again; the pod: all of it ends',
  },
};

const { form: _form, serves: _serves, ...firstForm } = sidecarNotifier;
const sidecarCaps: StrategyEntry = {
  strategy: 'sidecar-caps',
  ...firstForm,
  forms: [sidecarNotifier, sidecarBroker],
};

const fileHandle: StrategyEntry = {
  strategy: 'file-handle',
  // What the kernel opens for a target is the target's own right; what deputy does is all held to the policy.
  enforces: seccompNotify.enforces,
  trials: [
    ...seccompNotify.trials,
    {
      id: 'unprivileged-handles',
      remedy:
        'For directories without a helper: Linux 6.11, and a container with a user namespace of its own.',
      optional: true,
    },
  ],
  addToPod: withNotifierProfile,
  obstacles: (policy, target) => [...unsealed(policy), ...unservableShares(policy, target)],
  price: {
    latency: 'answered',
    boundary: "none; directories are the kernel's to open, without policy or seal, where the profile says so",
    privilege: seccompNotify.price.privilege,
    restart: seccompNotify.price.restart,
  },
};

const dispatcher: StrategyEntry = {
  strategy: 'dispatcher',
  enforces: ['opath'],
  trials: [
    {
      id: 'join-namespaces',
      remedy: 'Run deputy with CAP_SYS_ADMIN and CAP_SYS_CHROOT, and without a filter against setns(2).',
    },
    {
      id: 'payload-programs',
      remedy: 'Build with a static C library, and run deputy with the capabilities that a dispatch takes.',
    },
    openByHandle,
  ],
  obstacles: (_policy, target) => dispatchObstacles(target),
  price: {
    latency: 'native',
    boundary: 'a process with the capability is within the container; admission and runtime don’t see it',
    privilege: 'the payload, inside the container, holds CAP_DAC_READ_SEARCH itself',
    restart: 'deputy: the payload goes on, and is attached to again; the container: the payload ends',
  },
};

function dispatchObstacles(target: ExaminedTarget | undefined): Reason[] {
  if (target === undefined) return [];
  const { isFrozen, isInit, processId, takeOver } = target;
  const found: Omit<Reason, 'kind'>[] = [];
  if (isFrozen) found.push({ text: 'its cgroup is frozen', remedy: 'Resume the container.' });
  if (!isInit) {
    found.push({
      text: `process ${processId} is not the first of a pid namespace of its own`,
      remedy: 'Name the container, or its first process.',
    });
  }
  if (takeOver !== undefined) {
    const remedy = 'Take the capabilities out of the container, or give it a user namespace.';
    found.push({ text: `a process of the target could take the payload over: ${takeOver}`, remedy });
  }
  return found.map((one) => ({ kind: 'target', ...one }));
}

/** Every strategy that there is to be, built or not; the policy has the order of preference. */
export const preflightTable: readonly StrategyEntry[] = [seccompNotify, sidecarCaps, fileHandle, dispatcher];

/** Their names. */
export const knownStrategies: readonly string[] = preflightTable.map(({ strategy }) => strategy);
