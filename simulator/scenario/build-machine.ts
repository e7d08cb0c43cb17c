import type { FileTree } from '../kernel/file-tree.js';
import { fileTypes, type Scenario } from './scenario-schema.js';

/** S_IFMT shifted right by 12, in the order of `fileTypes`. */
const typeNumbers = [1, 2, 4, 6, 8, 10, 12] as const;
const firstMountId = 7;
const firstInode = 10;

/** What a scenario has that describes no machine: a share, and a file of each kind. */
const usualMounts = [
  { at: '/share', type: 'ext4', device: 1, readOnly: false },
  { at: '/read-only', type: 'ext4', device: 1, readOnly: true },
  { at: '/proc', type: 'proc', device: 9, readOnly: false },
] as const;
const usualFiles = [
  { name: 'own', type: 'regular', user: 107, mode: '0644' },
  { name: 'secret', type: 'regular', user: 0, mode: '0600' },
  { name: 'readable', type: 'regular', user: 0, mode: '0644' },
  { name: 'folder', type: 'directory', user: 107, mode: '0755' },
  { name: 'link', type: 'symlink', user: 107, mode: '0777' },
  { name: 'fifo', type: 'fifo', user: 107, mode: '0666' },
  { name: 'socket', type: 'socket', user: 107, mode: '0666' },
  { name: 'device', type: 'character-device', user: 0, mode: '0666' },
] as const;

/** A file type as the kernel's port has it. */
export function fileTypeNumber(type: (typeof fileTypes)[number]): number {
  return typeNumbers[fileTypes.indexOf(type)] as number;
}

/** Makes a scenario's mounts and files. */
export function buildMachine(files: FileTree, { machine }: Scenario): void {
  const mounts = machine.mounts.length > 0 ? machine.mounts : usualMounts;
  mounts.forEach(({ at, type, device, readOnly, ...rest }, index) => {
    const mountId = firstMountId + index;
    const root = 'root' in rest ? rest.root : '/';
    const isWhole = root === '/' && !('whole' in rest && !rest.whole);
    const place = { mountPoint: at, root, isReadOnly: readOnly, isWhole };
    files.addMount({ mountId, device, fileSystemType: type, ...place });
  });
  const described = machine.files.length > 0 ? machine.files : usualFiles;
  described.forEach(({ name, type, user, mode, ...rest }, index) => {
    files.add({
      name,
      inode: firstInode + index,
      generation: 1,
      type: fileTypeNumber(type),
      device: 'device' in rest ? rest.device : 1,
      user,
      mode: Number.parseInt(mode, 8),
      ...('folder' in rest ? { folder: rest.folder } : {}),
    });
  });
}
