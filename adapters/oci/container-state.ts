import { z } from 'zod';
import { deputyError } from '../../core/errors/deputy-error.js';

/** Container ids are the runtime's; longer ones are a mistake or an attack. */
const identifierLimit = 1024;

/**
 * `containerProcessState` of the OCI runtime specification (config-linux.md, 'seccomp', 'The Container
 * Process State'). crun and runc differ in version, layout and status; what nobody needs is not asked for.
 */
const stateSchema = z.object({
  ociVersion: z.string().optional(),
  fds: z.array(z.string()),
  pid: z.int().min(0),
  metadata: z.string().optional(),
  state: z.object({
    ociVersion: z.string().optional(),
    id: z.string().min(1).max(identifierLimit),
    status: z.string().optional(),
    pid: z.int().min(0).optional(),
    bundle: z.string().optional(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
});

/** What a runtime says of the container whose listener it hands over. */
export interface ContainerProcessState {
  readonly containerId: string;
  /** The process that the filter was installed for: the container's first, or an `exec` session's. */
  readonly processId: number;
  readonly metadata: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Where the kernel has that process when the listener comes (see adapters/linux/cgroups.ts). */
  readonly cgroup?: string;
  readonly isMissing?: boolean;
  /** Which of the descriptors that came along is the listener. */
  readonly listenerIndex: number;
}

/** Reads the runtime's message. Throws DEPUTY_E_RUNTIME_MESSAGE_INVALID with the path of what is wrong. */
export function parseContainerState(text: string): ContainerProcessState {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw deputyError('DEPUTY_E_RUNTIME_MESSAGE_INVALID', { detail: 'it is not JSON' }, error);
  }
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const detail = `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'invalid'}`;
    throw deputyError('DEPUTY_E_RUNTIME_MESSAGE_INVALID', { detail });
  }
  const { fds, pid, metadata, state } = parsed.data;
  const listenerIndex = fds.indexOf('seccompFd');
  if (listenerIndex < 0) throw deputyError('DEPUTY_E_RUNTIME_MESSAGE_NO_LISTENER', { fds: fds.join(',') });
  return {
    containerId: state.id,
    processId: pid,
    metadata: metadata ?? '',
    bundle: state.bundle ?? '',
    annotations: state.annotations ?? {},
    listenerIndex,
  };
}
