import type { Evaluate, PodSecurityCheck } from '../check.js';
import { forbidden } from '../wording.js';

const safeSince0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const safeSince27 = [...safeSince0, 'net.ipv4.ip_local_reserved_ports'];
const safeSince29 = [
  ...safeSince27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const safeSince32 = [...safeSince29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const safeSince37 = [...safeSince32, 'net.ipv4.tcp_slow_start_after_idle', 'net.ipv4.tcp_notsent_lowat'];

/** Only those kernel parameters may be set that change nothing outside of the pod. */
export const sysctls: PodSecurityCheck = {
  id: 'sysctls',
  level: 'baseline',
  revisions: [
    { sinceMinor: 0, evaluate: allowsOnly(safeSince0) },
    { sinceMinor: 27, evaluate: allowsOnly(safeSince27) },
    { sinceMinor: 29, evaluate: allowsOnly(safeSince29) },
    { sinceMinor: 32, evaluate: allowsOnly(safeSince32) },
    { sinceMinor: 37, evaluate: allowsOnly(safeSince37) },
  ],
};

function allowsOnly(safe: readonly string[]): Evaluate {
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? [])
      .map(({ name = '' }, index) => ({ name, path: `spec.securityContext.sysctls[${index}].name` }))
      .filter(({ name }) => !safe.includes(name));
    if (bad.length === 0) return undefined;
    return {
      reason: 'forbidden sysctls',
      // Neither sorted nor in quotes, unlike other lists of names.
      detail: bad.map(({ name }) => name).join(', '),
      fields: bad.map(({ name, path }) => forbidden(path, name)),
    };
  };
}
