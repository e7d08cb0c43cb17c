import type { PayloadHost } from '../../core/ports/payload.js';
import type { Target } from '../../core/ports/strategy.js';
import { capability, getCapabilities, hasCapability } from '../linux/credentials.js';
import { nativeProgram } from '../native/native-programs.js';
import { LinuxPayloadSession, type SessionOptions } from './payload-session.js';

const needed = {
  CAP_SYS_ADMIN: capability.SYS_ADMIN,
  CAP_SYS_CHROOT: capability.SYS_CHROOT,
  CAP_SETUID: capability.SETUID,
  CAP_SETGID: capability.SETGID,
  CAP_SYS_PTRACE: capability.SYS_PTRACE,
} as const;

/** This machine as a place for payloads. Without `options.target` it is the delegation's container. */
export function linuxPayloads(
  options: Omit<SessionOptions, 'target'> & { readonly target?: string },
): PayloadHost {
  return {
    async obstacle() {
      const held = getCapabilities();
      const missing = Object.entries(needed)
        .filter(([, number]) => typeof held === 'number' || !hasCapability(held.effective, number))
        .map(([name]) => name);
      if (missing.length > 0) return `joining a target takes ${missing.join(', ')}`;
      try {
        nativeProgram('joiner');
        nativeProgram('shim');
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    },
    open: ({ containerId, processId }: Target, spec) =>
      new LinuxPayloadSession(
        { ...options, target: options.target ?? (processId === undefined ? containerId : `${processId}`) },
        spec,
      ),
  };
}
