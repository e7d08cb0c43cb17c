/** What of a dispatch decides what it costs. */
export interface DispatchSetting {
  /** The container's first process is a placeholder. */
  readonly hasPlaceholder: boolean;
  /** The kernel tells how a process ended that is nobody's child here (PIDFD_INFO_EXIT, Linux 6.15). */
  readonly kernelTellsExit: boolean;
  /** Capabilities count in the host's user namespace, as the target's own would not. */
  readonly userNamespaceIsOurs: boolean;
  readonly capabilities: number;
  /** Its shim is outside of deputy's unit or pod, or nothing ends that by its cgroup. */
  readonly isShimOutside: boolean;
}

/** Where the exit code of a payload comes from; `undefined`: it is not to be had. Pure. */
export function exitCodeSource({ hasPlaceholder, kernelTellsExit }: DispatchSetting): string | undefined {
  if (kernelTellsExit) return 'the kernel (PIDFD_INFO_EXIT)';
  return hasPlaceholder ? 'the placeholder' : undefined;
}

/**
 * What a dispatched payload takes away from the boundary that a container runtime draws, a sentence each: to
 * be known before it is started. Pure.
 */
export function dispatchCosts(setting: DispatchSetting): string[] {
  const costs = [
    'the runtime does not know the process: its events, its checks of exec and its log do not cover it',
    "it counts in the container's cgroup: its memory and its processor time are the container's",
    'pausing the container pauses it; deleting the container kills it',
    setting.hasPlaceholder
      ? 'signals to the container reach it through the placeholder, whose life ends with it'
      : "signals to the container reach the container's own first process only, which goes on without it",
    'a process of the same user in the container can stop or end it',
  ];
  if (setting.capabilities > 0) {
    costs.push("a policy's confinement, dac and shares do not bind it: it holds the capability itself");
  }
  if (!setting.userNamespaceIsOurs) {
    costs.push("its user namespace is the host's, though the container has one of its own");
  }
  if (exitCodeSource(setting) === undefined) {
    costs.push('how it ends is not to be had: the kernel is older than 6.15 and there is no placeholder');
  }
  if (!setting.isShimOutside) {
    costs.push(
      "its shim is in deputy's own cgroup: what ends deputy's unit or pod loses output of the time after",
    );
  }
  return costs;
}
