import { isWithinCgroup } from '../../core/engine/target-identity.js';
import { errnoText } from '../../core/errors/errno.js';
import { openAt, readTextAt } from '../linux/basic-files.js';
import { systemCall } from '../linux/native.js';
import { AT_FDCWD, architectureOpenFlags, O } from '../linux/open-flags.js';
import { isProcessThere, openProcess } from '../linux/pidfd.js';
import type { LoopListener } from '../linux/request-kernel/loop-listener.js';
import type { Threads } from '../linux/request-kernel/threads.js';
import { peerGroups, peerProcess } from '../linux/sequenced-sockets.js';
import { peerCredentials } from '../linux/sockets.js';
import type { Peer } from './call-answers.js';

const ENOPROTOOPT = -92;
const cgroupLimitBytes = 1 << 17;

/** Who may connect. */
export interface PeerRules {
  readonly user: number;
  /** The groups that the broker acts with; a peer without one of them would get rights that it lacks. */
  readonly groups: readonly number[];
  /**
   * `other`: a cgroup that is not the broker's own, and the same for all that are connected at a time. `any`:
   * where containers have no cgroups of their own. Else: within this one, a line of /proc/PID/cgroup.
   */
  readonly cgroup: 'other' | 'any' | { readonly line: string };
}

/** Looks at who connected. What it says of a stranger is for the log, and names no other tenant. */
export class Admission {
  private readonly own = ownCgroup();

  constructor(
    private readonly rules: PeerRules,
    private readonly threads: Threads,
  ) {}

  /** The peer, or why it is none. `present`: the cgroup of those who are connected already. */
  admit(socket: number, listener: LoopListener, present: string | undefined): Peer | string {
    const credentials = peerCredentials(socket);
    if (typeof credentials === 'number') return errnoText(-credentials);
    const { pid, uid, gid } = credentials;
    if (uid !== this.rules.user) return `its uid is ${uid}`;
    const lacking = this.lackingGroups(socket, gid);
    if (lacking !== undefined) return lacking;
    // What is not visible can be asked for by nobody: no mounts, no cgroup (docs/how-to/run-a-sidecar.md).
    if (pid === 0) return 'it is in a pid namespace that can not be seen from here';
    const asked = peerProcess(socket);
    // Before Linux 6.5 the number is all there is: whoever has it now is looked at, as who connected was.
    const pidfd = asked === ENOPROTOOPT ? openProcess(pid) : asked;
    if (pidfd < 0) return 'it has ended';
    const found = this.look(pid, pidfd, listener, present);
    if (typeof found === 'string') {
      this.threads.forgetAll(listener);
      systemCall('close', pidfd);
      return found;
    }
    // Whoever connected may have other ids by now: those that it had then are the ones that count.
    found.thread.identity = { ...found.thread.identity, user: uid, group: gid };
    return found;
  }

  private lackingGroups(socket: number, gid: number): string | undefined {
    const groups = peerGroups(socket);
    if (typeof groups === 'number') return errnoText(-groups);
    const lacking = this.rules.groups.filter((group) => group !== gid && !groups.includes(group));
    return lacking.length === 0 ? undefined : `it lacks the groups ${lacking.join(' ')}`;
  }

  private look(pid: number, pidfd: number, listener: LoopListener, present?: string): Peer | string {
    const thread = this.threads.find(listener, pid);
    if (typeof thread === 'number') return 'it can not be looked at';
    const text = readTextAt(thread.directory, 'cgroup', cgroupLimitBytes);
    // Alive now: so the directory, opened meanwhile, is of the one who connected.
    if (!isProcessThere(pidfd)) return 'it has ended';
    if (typeof text === 'number') return 'it has ended';
    const refusal = this.cgroupRefusal(text, present);
    return refusal ?? { processId: pid, pidfd, thread, cgroup: text };
  }

  private cgroupRefusal(text: string, present: string | undefined): string | undefined {
    const { cgroup } = this.rules;
    if (cgroup === 'any') return undefined;
    if (cgroup !== 'other') {
      return isWithinCgroup(text, cgroup.line) ? undefined : 'it is in another cgroup than the target';
    }
    if (text === this.own) return "it is in the broker's own cgroup";
    return present === undefined || present === text ? undefined : 'it is in another cgroup than the target';
  }
}

function ownCgroup(): string {
  const { O_DIRECTORY } = architectureOpenFlags();
  const directory = openAt(AT_FDCWD, '/proc/self', O.PATH | O.CLOEXEC | O_DIRECTORY);
  const text = readTextAt(directory, 'cgroup', cgroupLimitBytes);
  systemCall('close', directory);
  return typeof text === 'string' ? text : '';
}
