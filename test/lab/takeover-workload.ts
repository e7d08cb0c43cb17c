/** The checks of the workload below, as they appear in `CHECK` lines. */
export const takeoverCheckNames = ['tree-made', 'copies-equal', 'tree-unchanged'] as const;

/**
 * A POSIX sh script for busybox: makes a tree of files in its working directory, and copies it and compares
 * checksums, with the guest's caches dropped, until there is a file `enough`. Prints `COPYING` when the tree
 * is made, `ROUND` after each copy, and the lines that parseWorkload() reads.
 */
export function takeoverWorkload(files: number): string {
  return `
ok=0
failed=0
tell() { if [ "$2" = ok ]; then ok=$((ok + 1)); else failed=$((failed + 1)); fi; echo "CHECK $1 $2"; }
drop_caches() { sync; echo 3 > /proc/sys/vm/drop_caches; }
sums() { (cd "$1" && find . -type f -exec sha256sum {} + | sort -k 2); }
made=ok
mkdir tree || made='FAIL mkdir'
for i in $(seq -w 1 ${files}); do
  folder=tree/dir-$((\${i#\${i%%[!0]*}} % 10))
  [ -d $folder ] || mkdir $folder || made="FAIL mkdir $folder"
  echo "file $i of the tree" > $folder/file-$i || made="FAIL file-$i"
done
sums tree > /tmp/wanted
[ "$(wc -l < /tmp/wanted)" = ${files} ] || made="FAIL $(wc -l < /tmp/wanted) files"
tell tree-made "$made"
echo COPYING
copies=ok
round=0
while [ "$copies" = ok ]; do
  round=$((round + 1))
  drop_caches
  cp -a tree copy 2> /tmp/errors || copies="FAIL cp: $(head -n 3 /tmp/errors | tr '\\n' ' ')"
  drop_caches
  sums copy > /tmp/seen 2> /tmp/errors || copies="FAIL sums: $(head -n 3 /tmp/errors | tr '\\n' ' ')"
  cmp -s /tmp/wanted /tmp/seen || copies="FAIL round $round differs"
  rm -rf copy 2> /tmp/errors || copies="FAIL rm: $(head -n 3 /tmp/errors | tr '\\n' ' ')"
  echo "ROUND $round"
  if [ -e enough ]; then break; fi
done
tell copies-equal "$copies"
sums tree > /tmp/seen
cmp -s /tmp/wanted /tmp/seen && tell tree-unchanged ok || tell tree-unchanged 'FAIL differs'
rm -rf tree
echo "RESULT $ok $failed"
[ "$failed" = 0 ]
`;
}
