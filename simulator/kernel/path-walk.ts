import { fileType } from '../../core/ports/kernel.js';
import type { FileTree, ModelFile } from './file-tree.js';
import { no } from './numbers.js';

const componentLimit = 255;
const linkLimit = 40;
const X_OK = 1;

/** Who walks, and from where. */
export interface Walker {
  readonly files: FileTree;
  /** The file that a relative path begins at. */
  readonly base: ModelFile;
  /** The root of the mount. */
  readonly root: ModelFile;
  may(file: ModelFile, mode: number): boolean;
}

/**
 * What a path names (path_resolution(7)): the file, or minus an errno. The root's name is not part of any
 * other's: files are named by their paths from it.
 */
export function walkPath(walker: Walker, path: string, follow: boolean): ModelFile | number {
  return walk(walker, path.startsWith('/') ? walker.root : walker.base, path, follow, { links: 0 });
}

function walk(
  walker: Walker,
  from: ModelFile,
  path: string,
  follow: boolean,
  count: { links: number },
): ModelFile | number {
  let at = from;
  const parts = path.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    if (at.type !== fileType.directory) return no('ENOTDIR');
    if (!walker.may(at, X_OK)) return no('EACCES');
    if (part.length > componentLimit) return no('ENAMETOOLONG');
    const found = step(walker, at, part);
    if (found === undefined) return no('ENOENT');
    const isLast = index === parts.length - 1;
    const entered = isLast && !follow && !path.endsWith('/') ? found : through(walker, at, found, count);
    if (typeof entered === 'number') return entered;
    at = entered;
  }
  return path.endsWith('/') && at.type !== fileType.directory ? no('ENOTDIR') : at;
}

/** What a symlink leads to; anything else is what it is. */
function through(walker: Walker, directory: ModelFile, found: ModelFile, count: { links: number }) {
  if (found.type !== fileType.symlink || found.linksTo === undefined) return found;
  if (++count.links > linkLimit) return no('ELOOP');
  const from = found.linksTo.startsWith('/') ? walker.root : directory;
  return walk(walker, from, found.linksTo, true, count);
}

function step({ files, root }: Walker, directory: ModelFile, part: string): ModelFile | undefined {
  const here = directory === root ? '' : directory.name;
  if (part === '.') return directory;
  if (part !== '..') return files.named(here === '' ? part : `${here}/${part}`);
  if (here === '') return root;
  const above = here.slice(0, Math.max(0, here.lastIndexOf('/')));
  return above === '' ? root : files.named(above);
}
