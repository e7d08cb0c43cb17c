import type { Strategy } from '../../core/ports/strategy.js';

/** What it takes to answer a target's listener, and what such a target is held to: all of a policy. */
export const listenerAbilities: Pick<Strategy, 'needs' | 'enforces'> = {
  needs: {
    capabilities: ['CAP_DAC_READ_SEARCH', 'CAP_SYS_PTRACE', 'CAP_SETUID', 'CAP_SETGID'],
    syscalls: ['open_by_handle_at', 'name_to_handle_at'],
    ports: ['RequestService', 'RequestKernel', 'SealKeys'],
  },
  enforces: [
    'syscalls',
    'shares',
    'filesystems',
    'confinement',
    'dac',
    'opath',
    'placement',
    'record',
    'limits',
  ],
};
