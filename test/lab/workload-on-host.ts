import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.js';
import { guestWorkload } from './guest-workload.js';
import { labRootfs, labTemporaryRoot } from './paths.js';
import { checkGuestFile, writeHostFile } from './run-guest-workload.js';
import { parseWorkload, type WorkloadResult } from './workload-result.js';

const deadlineMs = 60_000;

/** A root of its own: the workload writes to /tmp and /dev, which must not be the machine's. */
const chrootScript = `
for name in null zero urandom; do
  : > "$1/dev/$name" && mount --bind "/dev/$name" "$1/dev/$name" || exit 1
done
exec chroot "$1" /bin/busybox sh -c '
  export PATH=/bin
  /bin/busybox --install -s /bin
  cd /share && sh /workload.sh
'
`;

/** The real drop_caches would slow down everybody on this machine, and a plain directory doesn't need it. */
const overrides = 'drop_caches() { :; }';
const overridesPlace = '\n# is WHAT';

/**
 * Runs the guest's workload on a plain directory of the host, with shell functions that break some commands.
 * That is how the workload itself is tested: a check that can't fail proves nothing. Needs the lab and root.
 */
export async function runWorkloadOnHost(
  sabotage: string,
): Promise<WorkloadResult & { readonly hostSees: string; readonly output: readonly string[] }> {
  const directory = mkdtempSync(join(labTemporaryRoot() ?? '/tmp', 'deputy-workload-'));
  try {
    const share = join(directory, 'share');
    for (const name of ['share', 'bin', 'dev', 'tmp']) mkdirSync(join(directory, name));
    copyFileSync(join(labRootfs(), 'usr', 'bin', 'busybox'), join(directory, 'bin', 'busybox'));
    writeHostFile(share);
    const script = guestWorkload.replace(overridesPlace, `\n${overrides}\n${sabotage}${overridesPlace}`);
    writeFileSync(join(directory, 'workload.sh'), script);
    const args = ['-m', '--propagation', 'private', 'sh', '-c', chrootScript, 'workload-on-host', directory];
    const { stdout, stderr } = await runChild('unshare', args, deadlineMs);
    return { ...parseWorkload(stdout), hostSees: checkGuestFile(share, 0), output: [...stdout, ...stderr] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
