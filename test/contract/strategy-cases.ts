import { foldDelegation } from '../../core/machines/delegation-state.js';
import type { Selection, StrategyScene } from './strategy-port.js';

const O = {
  RDONLY: 0,
  RDWR: 0o2,
  CREAT: 0o100,
  NONBLOCK: 0o4000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  PATH: 0o10000000,
} as const;

/** A number that no descriptor of the target has. */
const noDescriptor = 99;

/** Something that a target does under a strategy, and what comes of it. */
export interface StrategyCase {
  readonly id: string;
  /** What happens, for the table. */
  readonly title: string;
  /** What is right. A case with several says which one it is in the table. */
  readonly right: readonly string[];
  /** The same in words for the table, where there are several. */
  readonly wanted?: string;
  /** Only in the scene that was chosen this way, since nothing comes after it there. */
  readonly only?: Selection;
  act(scene: StrategyScene): Promise<string>;
}

/** Names a file and opens it: what the open gave. */
async function opened(scene: StrategyScene, name: string, flags: number): Promise<string> {
  const named = await scene.name(name);
  return named === 'ok' ? scene.open(flags) : `not named: ${named}`;
}

const opens = (id: string, title: string, name: string, flags: number, right: string): StrategyCase => ({
  id,
  title,
  right: [right],
  act: (scene) => opened(scene, name, flags),
});

const path = O.PATH | O.NOFOLLOW;
const contents = 'regular file: contents of own';

/** Lifecycle events in their order, without the steps within one; and whether each call has its one event. */
async function told(scene: StrategyScene): Promise<string> {
  const events = await scene.story();
  // Throws where the machine has no such path.
  const { counts, version } = foldDelegation(events);
  if (version !== events.length) throw new Error(`${events.length} events, and the last is ${version}`);
  const requests = events.filter(({ type }) => type.startsWith('request.')).length;
  const total = counts.answered + counts.refused + counts.cancelled + counts.lost;
  const isRight = requests === scene.calls && total === scene.calls;
  const lives = events.flatMap(({ type, data }) => ('step' in data ? [] : [type]));
  const words = lives.filter((type) => type.startsWith('delegation.')).map((type) => type.slice(11));
  const wrong = requests === 0 ? 'no call' : `${requests} of ${scene.calls} calls`;
  return `${words.join(', ')}; ${isRight ? 'each call once' : wrong}`;
}

const life = 'requested, assessed, admitted, establishing, active, recovering, active, releasing, released';

/** The behaviour of a strategy, case by case; they are run in this order, in one scene. */
export const strategyCases: readonly StrategyCase[] = [
  opens('regular', 'a regular file', 'own', O.RDONLY, contents),
  opens('writable', 'a regular file, `O_RDWR`', 'own', O.RDWR, contents),
  opens('directory', 'a directory', 'folder', O.RDONLY | O.DIRECTORY, 'directory'),
  opens('path-regular', 'a regular file, `O_PATH`', 'own', path, 'O_PATH: regular file'),
  opens('symbolic-link', 'a symbolic link, `O_PATH\\|O_NOFOLLOW`', 'link', path, 'O_PATH: symbolic link'),
  opens('path-fifo', 'a fifo, `O_PATH`', 'fifo', path, 'O_PATH: fifo'),
  opens('path-socket', 'a socket, `O_PATH`', 'socket', path, 'O_PATH: socket'),
  opens('path-device', 'a device, `O_PATH`', 'null', path, 'O_PATH: character device'),
  opens('fifo', 'a fifo to be read, which may wait', 'fifo', O.RDONLY | O.NONBLOCK, 'EPERM'),
  opens('socket', 'a socket', 'socket', O.RDONLY, 'ENXIO'),
  opens('device', 'a device to be read', 'null', O.RDONLY, 'EPERM'),
  opens('rights', "a file that the target's user may not read", 'secret', O.RDONLY, 'EACCES'),
  opens('not-directory', 'a regular file, `O_DIRECTORY`', 'own', O.RDONLY | O.DIRECTORY, 'ENOTDIR'),
  opens('create', 'flags that create', 'own', O.RDWR | O.CREAT, 'EINVAL'),
  {
    id: 'stale',
    title: 'a file that was removed',
    right: ['ESTALE'],
    act: async (scene) => {
      const named = await scene.name('gone');
      scene.remove('gone');
      return named === 'ok' ? scene.open(O.RDONLY) : `not named: ${named}`;
    },
  },
  {
    id: 'no-descriptor',
    title: 'a mount descriptor that is not open',
    right: ['EBADF'],
    act: async (scene) => {
      await scene.name('own');
      return scene.open(O.RDONLY, noDescriptor);
    },
  },
  {
    id: 'empty',
    title: 'a handle without bytes',
    right: ['EINVAL'],
    act: async (scene) => {
      await scene.takeEmpty();
      return scene.open(O.RDONLY);
    },
  },
  {
    id: 'unsealed',
    title: "the kernel's own handle of a file of the share, which nobody gave it",
    right: ['ESTALE'],
    act: async (scene) => {
      await scene.takeRaw('own');
      return scene.open(O.RDONLY);
    },
  },
  {
    id: 'outside',
    title: 'a handle of a file outside the share, same file system',
    right: ['ESTALE'],
    act: async (scene) => {
      await scene.takeRaw('../outside');
      return scene.open(O.RDONLY);
    },
  },
  {
    id: 'outside-name',
    title: 'to name a file outside the share, and open what that gave',
    wanted: 'an error',
    right: ['ESTALE', 'not named: EPERM'],
    act: (scene) => opened(scene, '../outside', O.RDONLY),
  },
  {
    id: 'crash',
    title: 'SIGKILL for what serves, then an open by a handle from before',
    right: [contents],
    act: async (scene) => {
      await scene.name('own');
      await scene.crashHelper();
      const result = await scene.open(O.RDONLY);
      await scene.recovered();
      return result;
    },
  },
  {
    id: 'release',
    title: 'an open behind the release',
    wanted: 'nobody answers',
    right: ['ENOSYS', 'no answer', 'the target has ended'],
    only: 'name',
    act: (scene) => scene.release(),
  },
  {
    id: 'death',
    title: "the target's death: the delegation's last event",
    right: ['released'],
    only: 'auto',
    act: (scene) => scene.killTarget(),
  },
  { id: 'story', title: 'the events from end to end', right: [`${life}; each call once`], act: told },
];
