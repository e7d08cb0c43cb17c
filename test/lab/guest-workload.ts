import { fileChecks } from './workload-files.js';
import { treeChecks } from './workload-trees.js';

/** What the host puts into the share before the guest starts, and the guest must see. */
export const hostFile = {
  name: 'from-host.txt',
  contents: `${'host line\n'.repeat(409)}end\n`,
  mode: 0o640,
  modifiedSeconds: 1_234_567_890,
} as const;

/** What the guest leaves in the share, and the host must see. */
export const guestFile = { name: 'from-guest.txt', contents: 'left by the guest\n', mode: 0o604 } as const;

/** Each check is a process of its own with `sh -e`, so that any failing command fails it. */
const prelude = `
drop_caches() { sync; echo 3 > /proc/sys/vm/drop_caches; }
die() { echo "$*"; exit 1; }
# is WHAT ACTUAL WANTED
is() { [ "$2" = "$3" ] || die "$1 is '$2', not '$3'"; }
gone() { [ ! -e "$1" ] && [ ! -L "$1" ] || die "$1 is still there"; }
sum() { sha256sum "$1" | cut -d' ' -f1; }
numbers() { seq -w 1 "$1"; }
`;

const hostCheck = `
check_host_file() {
  f=../${hostFile.name}
  is size "$(stat -c %s $f)" ${hostFile.contents.length}
  is mode "$(stat -c %a $f)" ${hostFile.mode.toString(8)}
  is mtime "$(stat -c %Y $f)" ${hostFile.modifiedSeconds}
  is type "$(stat -c %F $f)" 'regular file'
  is lines "$(grep -c '^host line$' $f)" 409
  is last "$(tail -n 1 $f)" end
}
check_guest_file() {
  printf '${guestFile.contents.trimEnd()}\\n' > ../${guestFile.name}
  chmod ${guestFile.mode.toString(8)} ../${guestFile.name}
  sync
}
`;

/** A check may hang where an agent does: it is bounded, so that the ones after it are still seen. */
const checkSecondsMax = 40;

const driver = `
if [ -n "\${1:-}" ]; then
  cd "$2"
  "check_$1"
  exit 0
fi
mkdir work || die 'no work folder'
cd work
work=$PWD
ok=0
failed=0
for name in $(sed -n 's/^check_\\([a-z0-9_]*\\)() {$/\\1/p' "$0"); do
  dash=$(echo "$name" | tr _ -)
  # From / because busybox's timeout leaves a watcher behind for a second, which would keep the mount busy.
  detail=$(cd / && timeout -s KILL ${checkSecondsMax} sh -e "$0" "$name" "$work" 2>&1) \\
    && verdict=ok || verdict="FAIL status $?"
  case "$verdict" in
    ok) ok=$((ok + 1)); echo "CHECK $dash ok" ;;
    *) failed=$((failed + 1)); echo "CHECK $dash $verdict: $(echo "$detail" | tr '\\n' ' ' | cut -c1-300)" ;;
  esac
done
cd ..
echo "RESULT $ok $failed"
[ "$failed" = 0 ]
`;

/**
 * A POSIX sh script for busybox checking the file system of its working directory. For each check it prints
 * `CHECK <name> ok` or `CHECK <name> FAIL <detail>`, then `RESULT <ok> <failed>`. Run it by absolute path.
 */
export const guestWorkload = [prelude, fileChecks, treeChecks, hostCheck, driver].join('');

/** The names as they appear in `CHECK` lines: a result that lacks one is not a success. */
export const guestCheckNames: readonly string[] = [
  ...guestWorkload.matchAll(/^check_([a-z0-9_]+)\(\) \{$/gm),
].map((match) => (match[1] ?? '').replaceAll('_', '-'));
