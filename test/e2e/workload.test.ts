import { expect, test } from 'vitest';
import { guestCheckNames } from '../lab/guest-workload.js';
import { missingLabParts } from '../lab/lab-status.js';
import { runWorkloadOnHost } from '../lab/workload-on-host.js';
import { describeWhen } from '../support/describe-when.js';

const missing = missingLabParts(['root', 'unshare', 'container root', 'temporary folder']);
const timeoutMs = 90_000;

/** One broken command each, and a check that must notice it. */
const sabotages: ReadonlyArray<readonly [check: string, sabotage: string]> = [
  ['create', 'cat() { echo other; }'],
  ['read', 'dd() { command dd "$@" | tr s z; }'],
  [
    'write-8-mebibytes',
    'cp() { command cp "$@"; printf x | command dd of="$2" bs=1 seek=4000000 conv=notrunc; }',
  ],
  ['append', 'echo() { if [ "$1" = two ]; then command echo tw0; else command echo "$@"; fi; }'],
  ['truncate', 'truncate() { :; }'],
  ['overwrites-200', 'cat() { command cat "$@" | sed s/117/116/; }'],
  ['chmod', 'chmod() { if [ $1 = 400 ]; then :; else command chmod "$@"; fi; }'],
  ['times', 'touch() { command touch -d "2001-02-03 04:05:07" "$3"; }'],
  ['rename-file', 'mv() { command cp "$@"; }'],
  ['rename-file', 'mv() { command cp "$@" && command rm -r "$1"; }'],
  ['rename-over', 'mv() { command cat "$1" > "$2" && command rm "$1"; }'],
  ['hard-link', 'ln() { command cp "$@"; }'],
  ['symlink', 'ln() { command cp -r "$2" "$3"; }'],
  ['symlink', 'cat() { if [ -L "$1" ]; then return 1; else command cat "$@"; fi; }'],
  ['fifo', 'mkfifo() { : > "$1"; }'],
  ['unix-socket', 'syslogd() { : > socket; }'],
  ['unlink-while-open', 'rm() { :; }'],
  ['unlink-while-open', 'rm() { echo other > "$1"; command rm "$1"; }'],
  ['rename-directory', 'mv() { command cp -r "$@" && command rm -r "$1"; }'],
  ['list-200', 'ls() { command ls "$@" | grep -v file-100; }'],
  ['copy-tree', 'cp() { command cp -r "$2" "$3" && command rm "$3/dir-3/nested/deep/file-2"; }'],
  ['copy-tree', 'cp() { command cp -a "$2" "$3" && echo bad > "$3/dir-3/nested/deep/file-2"; }'],
  ['remove-tree', 'rm() { command rm -r doomed/dir-1; }'],
  ['host-file', 'stat() { if [ "$2" = %Y ]; then echo 0; else command stat "$@"; fi; }'],
];

describeWhen(missing, 'the guest workload', () => {
  test('is right on a plain directory', { timeout: timeoutMs }, async () => {
    const result = await runWorkloadOnHost('');
    expect(
      [...result.checks].filter(([, verdict]) => verdict !== 'ok'),
      result.output.join('\n'),
    ).toEqual([]);
    expect([...result.checks.keys()]).toEqual(guestCheckNames);
    expect(result.complete).toBe(true);
    expect(result.hostSees).toBe('ok');
  });

  test.each(sabotages)('%s notices %s', { timeout: timeoutMs }, async (check, sabotage) => {
    const result = await runWorkloadOnHost(sabotage);
    expect(result.checks.get(check), result.output.join('\n')).toMatch(/^FAIL/);
    expect(result.complete).toBe(true);
  });

  test('every check is known to be able to fail', () => {
    const covered = new Set(sabotages.map(([check]) => check));
    // Its verdict is the host's: see 'is right on a plain directory' and the one below.
    expect(guestCheckNames.filter((name) => !covered.has(name))).toEqual(['guest-file']);
  });

  test('the host notices what the guest did not write', { timeout: timeoutMs }, async () => {
    const result = await runWorkloadOnHost(
      'printf() { case "$1" in left*) :;; *) command printf "$@";; esac; }',
    );
    expect(result.hostSees).toMatch(/^FAIL contents/);
  });
});
