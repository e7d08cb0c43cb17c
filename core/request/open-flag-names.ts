/** Flags of open(2) by bit, as x86-64 has them; those that arm64 has elsewhere are shown by number there. */
const names: readonly (readonly [bit: number, name: string])[] = [
  [0o100, 'O_CREAT'],
  [0o200, 'O_EXCL'],
  [0o400, 'O_NOCTTY'],
  [0o1000, 'O_TRUNC'],
  [0o2000, 'O_APPEND'],
  [0o4000, 'O_NONBLOCK'],
  [0o10000, 'O_DSYNC'],
  [0o20000, 'O_ASYNC'],
  [0o40000, 'O_DIRECT'],
  [0o100000, 'O_LARGEFILE'],
  [0o200000, 'O_DIRECTORY'],
  [0o400000, 'O_NOFOLLOW'],
  [0o1000000, 'O_NOATIME'],
  [0o2000000, 'O_CLOEXEC'],
  [0o10000000, 'O_PATH'],
];
const accessNames = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'] as const;
const remembered = new Map<number, string>();
/** Programs use a handful of combinations; a hostile one may not make this grow without end. */
const rememberedLimit = 256;

/** The names of the flags in a flags argument, as a JSON list; bits without a name come last, as octal. */
export function openFlagsText(flags: number): string {
  let text = remembered.get(flags);
  if (text === undefined) {
    text = JSON.stringify(spell(flags));
    if (remembered.size < rememberedLimit) remembered.set(flags, text);
  }
  return text;
}

function spell(flags: number): string[] {
  const list: string[] = [accessNames[flags & 3] as string];
  let rest = flags & ~3;
  for (const [bit, name] of names) {
    if ((rest & bit) !== 0) list.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) list.push(`0${(rest >>> 0).toString(8)}`);
  return list;
}
