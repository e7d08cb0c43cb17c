import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileSystemId, olderUuidOf } from '../../../adapters/linux/file-system-id.js';
import { isFileSystemRoot } from '../../../adapters/linux/file-system-root.js';
import { describeWhen } from '../../support/describe-when.js';
import { makeDisk } from '../storage/support/stores.js';
import { Image, missingForImages } from '../support/image.js';

describeWhen(missingForImages(), "a file system's own id", () => {
  let image: Image;
  beforeAll(() => {
    image = new Image();
  });
  afterAll(() => image.remove());

  function at<T>(path: string, look: (descriptor: number) => T): T {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return look(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
  const idOf = (path: string, type: string): string => at(path, (one) => fileSystemId(one, type));

  test('is its UUID, the same by the old request and the new, and wherever it is mounted', () => {
    const first = image.mount('one');
    const id = idOf(first, 'ext4');
    expect(id).toMatch(/^ext4:[0-9a-f]{32}$/);
    expect(at(first, (one) => olderUuidOf(one, 'ext4'))).toBe(id.slice('ext4:'.length));
    expect(idOf(image.bind(join(first, 'folder'), 'part'), 'ext4')).toBe(id);
    image.unmount(join(image.directory, 'part'));
    image.unmount(first);
    expect(idOf(image.mount('two'), 'ext4')).toBe(id);
    image.unmount(join(image.directory, 'two'));
  });

  test('is another for each file system', () => {
    const other = new Image();
    const disk = makeDisk(1);
    const ids = [
      idOf(other.mount('one'), 'ext4'),
      idOf(image.mount('one'), 'ext4'),
      idOf(disk.directory, 'tmpfs'),
    ];
    expect(new Set(ids).size).toBe(3);
    expect(ids[2]).toMatch(/^tmpfs:(statfs:)?[0-9a-f]+$/);
    image.unmount(join(image.directory, 'one'));
    other.remove();
    disk.remove();
  });

  test('what the root is, is not only a matter of paths', () => {
    const root = image.mount('root');
    expect(at(root, (one) => isFileSystemRoot(one, 'ext4'))).toBe(true);
    expect(at(join(root, 'folder'), (one) => isFileSystemRoot(one, 'ext4'))).toBe(false);
    const disk = makeDisk(1);
    mkdirSync(join(disk.directory, 'inner'));
    // Of such a type the path in mountinfo is all that tells.
    expect(at(disk.directory, (one) => isFileSystemRoot(one, 'tmpfs'))).toBe(true);
    disk.remove();
    image.unmount(root);
  });
});
