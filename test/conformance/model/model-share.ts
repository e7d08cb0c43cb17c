import type { FileTree, ModelFile } from '../../../simulator/kernel/file-tree.js';
import type { World } from '../../../simulator/world/world.js';

const device = 1;
export const mountIds = { share: 7, readOnly: 8, proc: 9 } as const;
const types = { fifo: 1, character: 2, directory: 4, block: 6, regular: 8, symlink: 10, socket: 12 } as const;
const target = 107;

type Entry = [
  name: string,
  type: keyof typeof types,
  user: number,
  group: number,
  mode: number,
  more?: { readonly linksTo?: string; readonly isRunning?: boolean },
];

/** The same files as test/kernel/support/share.ts makes. */
const entries: readonly Entry[] = [
  ['share', 'directory', target, target, 0o755],
  ['share/own', 'regular', target, target, 0o644],
  ['share/public', 'regular', 0, 0, 0o644],
  ['share/secret', 'regular', 0, 0, 0o600],
  ['share/group', 'regular', 0, target, 0o640],
  ['share/readonly', 'regular', target, target, 0o400],
  ['share/folder', 'directory', 0, 0, 0o755],
  ['share/folder/inner', 'regular', 0, 0, 0o644],
  ['share/closed', 'directory', 0, 0, 0o700],
  ['share/closed/inner', 'regular', 0, 0, 0o644],
  ['share/link', 'symlink', 0, 0, 0o777, { linksTo: 'own' }],
  ['share/dangling', 'symlink', 0, 0, 0o777, { linksTo: 'nowhere' }],
  ['share/abslink', 'symlink', 0, 0, 0o777, { linksTo: '/etc/passwd' }],
  ['share/uplink', 'symlink', 0, 0, 0o777, { linksTo: '../share/own' }],
  ['share/folderlink', 'symlink', 0, 0, 0o777, { linksTo: 'folder' }],
  ['share/loop', 'symlink', 0, 0, 0o777, { linksTo: 'loop' }],
  ['share/fifo', 'fifo', target, target, 0o644],
  ['share/null', 'character', 0, 0, 0o666],
  ['share/block', 'block', 0, 0, 0o666],
  ['share/socket', 'socket', target, target, 0o755],
  ['share/program', 'regular', target, target, 0o755, { isRunning: true }],
  ['etc', 'directory', 0, 0, 0o755],
  ['etc/passwd', 'regular', 0, 0, 0o644],
];

/** Makes the share, a read-only mount of it, and one of proc. */
export function makeModelShare({ kernel }: World): ModelFile {
  const { files } = kernel;
  const mount = { device, fileSystemType: 'ext4', root: '/' };
  files.addMount({ ...mount, mountId: mountIds.share, mountPoint: '/', isReadOnly: false });
  files.addMount({ ...mount, mountId: mountIds.readOnly, mountPoint: '/share', isReadOnly: true });
  const proc = { mountId: mountIds.proc, device: 9, fileSystemType: 'proc', root: '/' };
  files.addMount({ ...proc, mountPoint: '/proc', isReadOnly: false });
  entries.forEach(([name, type, user, group, mode, more], index) => {
    files.add({
      name,
      inode: 100 + index,
      generation: 1,
      type: types[type],
      device,
      user,
      group,
      mode,
      ...more,
    });
  });
  return inShare(files, '.');
}

/** A file of the share, by its path in it. */
export function inShare(files: FileTree, path: string): ModelFile {
  const file = files.named(path === '.' ? 'share' : `share/${path}`);
  if (file === undefined) throw new Error(`the model's share has no ${path}`);
  return file;
}
