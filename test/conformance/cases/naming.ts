import { aCase, type Case } from '../language.js';

/** A case of one name by the real handler. */
function naming(name: string, call: string, outcome: string, file: string, fact?: string, before = ''): Case {
  return aCase(
    name,
    `${before}
     P filter plain
     A new
     A user 107
     ${call} => waiting
     S serve
     A returns => ${outcome}
     A handle ${file}`,
    fact,
  );
}

/** name_to_handle_at(2) as the real handler answers it. */
export const namingCases: readonly Case[] = [
  naming('the handle of a file', 'A name own', '0', 'own', 'ext4 handle'),
  naming('the handle of a file that may not be read', 'A name secret', '0', 'secret'),
  naming('the handle of a file in a folder', 'A name folder/inner', '0', 'folder/inner'),
  naming('the handle of a directory, with a slash behind', 'A name folder/', '0', 'folder'),
  naming('the handle of what a descriptor is', 'A name - flags=EMPTY_PATH', '0', '.'),
  naming('the handle of the working directory', 'A name . at=cwd', '0', '.'),
  naming('room for nothing: the size is told', 'A name own room=0', 'EOVERFLOW', 'own', 'ext4 handle'),
  naming('room for too little', 'A name own room=7', 'EOVERFLOW', 'own'),
  naming('room for exactly that', 'A name own room=8', '0', 'own'),
  naming('room for more than there can be', 'A name own room=129', 'EINVAL', 'own'),
  naming('an empty path', 'A name -', 'ENOENT', 'own'),
  naming('a name that is not there', 'A name nothing', 'ENOENT', 'own'),
  naming('a folder that is not there', 'A name nothing/own', 'ENOENT', 'own'),
  naming('a file as a folder', 'A name own/own', 'ENOTDIR', 'own'),
  naming('a file with a slash behind', 'A name own/', 'ENOTDIR', 'own'),
  naming('a folder that may not be entered', 'A name closed/inner', 'EACCES', 'closed/inner'),
  naming('a symlink itself', 'A name link', '0', 'link'),
  naming('what a symlink leads to', 'A name link flags=FOLLOW', '0', 'own'),
  naming('what a symlink to nothing leads to', 'A name dangling flags=FOLLOW', 'ENOENT', 'own'),
  naming('a symlink on the way', 'A name folderlink/inner', '0', 'folder/inner'),
  naming('a symlink to itself', 'A name loop flags=FOLLOW', 'ELOOP', 'own'),
  naming('a symlink to itself, itself', 'A name loop', '0', 'loop'),
  naming('a symlink upwards', 'A name uplink flags=FOLLOW', '0', 'own', 'paths of name_to_handle_at'),
  naming('upwards and down again', 'A name ../share/own at=3', '0', 'own', 'paths of name_to_handle_at'),
  naming('a fifo', 'A name fifo', '0', 'fifo'),
  naming('a name that is too long', 'A name long:256', 'ENAMETOOLONG', 'own'),
  naming('a path that is too long', 'A name long:4096', 'ENAMETOOLONG', 'own'),
  naming('a descriptor that is closed', 'A name own at=99', 'EBADF', 'own'),
  naming('a descriptor that is negative', 'A name own at=-5', 'EBADF', 'own'),
  naming('a descriptor of a file', 'A name own at=4', 'ENOTDIR', 'own', undefined, 'P opens public => 4'),
  naming(
    'what a descriptor of a file is',
    'A name - at=4 flags=EMPTY_PATH',
    '0',
    'public',
    undefined,
    'P opens public => 4',
  ),
  naming('a pipe', 'A name - at=0 flags=EMPTY_PATH', 'EOPNOTSUPP', 'own'),
  naming('a name in a pipe', 'A name own at=0', 'ENOTDIR', 'own'),
  naming('proc', 'A name - at=4 flags=EMPTY_PATH', 'EOPNOTSUPP', 'own', undefined, 'P opens-proc => 4'),
  naming('a path that leads nowhere', 'A name own path=bad', 'EFAULT', 'own'),
  naming('a handle that leads nowhere', 'A name own handle=bad', 'EFAULT', 'own'),
  naming('a mount id that leads nowhere', 'A name own mountid=bad', 'EFAULT', 'own'),
  naming('flags that nobody knows', 'A name own flags=0x8000', 'EINVAL', 'own'),
  naming('a connectable handle by an empty path', 'A name - flags=CONNECTABLE,EMPTY_PATH', 'EINVAL', 'own'),
  naming('flags before the path', 'A name own path=bad flags=0x8000', 'EINVAL', 'own'),
  naming('the path before the handle', 'A name nothing handle=bad', 'ENOENT', 'own'),
  naming(
    'a name that the policy does not list goes on by itself',
    'A name own',
    '0',
    'own',
    undefined,
    'S policy syscalls ["open_by_handle_at"]',
  ),
  naming(
    'room for nothing, by the kernel itself',
    'A name own room=0',
    'EOVERFLOW',
    'own',
    undefined,
    'S policy syscalls ["open_by_handle_at"]',
  ),
];
