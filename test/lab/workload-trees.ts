/** Checks of directories. Functions named `check_*` are found and run by the driver in guest-workload.ts. */
export const treeChecks = `
make_tree() {
  for d in 1 2 3 4 5; do
    mkdir -p "$1/dir-$d/nested/deep"
    for f in 1 2 3 4 5; do
      echo "$d $f" > "$1/dir-$d/file-$f"
      echo "deep $d $f" > "$1/dir-$d/nested/deep/file-$f"
    done
  done
}
tree_sums() { (cd "$1" && find . -type f -exec sha256sum {} + | sort -k 2); }
check_rename_directory() {
  mkdir old-name
  echo inside > old-name/file
  inode=$(stat -c %i old-name)
  mv old-name new-name
  gone old-name
  drop_caches
  gone old-name
  is inode "$(stat -c %i new-name)" "$inode"
  is contents "$(cat new-name/file)" inside
  # Into another directory: its .. changes.
  mkdir parent
  mv new-name parent/
  drop_caches
  is parent "$(stat -c %i parent/new-name/..)" "$(stat -c %i parent)"
  is "contents in the parent" "$(cat parent/new-name/file)" inside
}
check_list_200() {
  mkdir many
  for i in $(numbers 200); do : > "many/file-$i"; done
  drop_caches
  is count "$(ls many | wc -l)" 200
  is names "$(ls many | sort | tr '\\n' ' ')" "$(for i in $(numbers 200); do printf 'file-%s ' "$i"; done)"
  rm many/file-007
  drop_caches
  is "count after rm" "$(ls many | wc -l)" 199
}
check_copy_tree() {
  make_tree original
  ln -s dir-1/file-1 original/link
  cp -a original copy
  drop_caches
  is files "$(find copy -type f | wc -l)" 50
  is sums "$(tree_sums copy)" "$(tree_sums original)"
  is link "$(readlink copy/link)" dir-1/file-1
}
check_remove_tree() {
  make_tree doomed
  is files "$(find doomed -type f | wc -l)" 50
  if rmdir doomed 2>/dev/null; then die 'rmdir removed a folder with files'; fi
  rm -r doomed
  gone doomed
  drop_caches
  gone doomed
}
`;
