import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ListenerBook } from '../../../../adapters/keeper/listener-book.js';
import { createSocketPair, SOCK_SEQPACKET } from '../../../../adapters/linux/descriptor-passing.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { silentLogger } from '../../../../core/ports/logger.js';
import { withDirectory } from '../../../support/crashing-journal.js';

const onLinux = process.platform === 'linux';
const note = { delegationId: 'delegation-1', strategy: 'seccomp-notify' };

function stateOf(containerId: string) {
  return { containerId, processId: 1, metadata: '', bundle: '/', annotations: {}, listenerIndex: 0 };
}

/** A socket's end in a listener's place: it hangs up when `other` is closed. */
function hangable(): { descriptor: number; other: number } {
  const ends = new Int32Array(2);
  expect(createSocketPair(SOCK_SEQPACKET, ends)).toBe(0);
  return { descriptor: ends[0] as number, other: ends[1] as number };
}

const close = (descriptor: number) => expect(systemCall('close', descriptor)).toBe(0);
const openDescriptors = () => readdirSync('/proc/self/fd').length;
const files = (directory: string) => readdirSync(join(directory, 'listeners')).sort();

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.runIf(onLinux)('the book of listeners', () => {
  test('what is known of a listener is in a file as soon as it is taken', () =>
    withDirectory(async (directory) => {
      const book = new ListenerBook(directory, silentLogger, () => undefined);
      const { descriptor, other } = hangable();
      const { key } = book.take(stateOf('vm-1'), descriptor);
      expect(files(directory)).toEqual([`${key}.json`]);
      expect(statSync(join(directory, 'listeners', `${key}.json`)).mode & 0o777).toBe(0o600);
      book.note(key, note);
      await book.close();
      const text = readFileSync(join(directory, 'listeners', `${key}.json`), 'utf8');
      expect(JSON.parse(text)).toEqual({ state: stateOf('vm-1'), note });
      close(descriptor);
      close(other);
    }));

  test('a later keeper takes back what it is brought, and tells once of what it is not', () =>
    withDirectory(async (directory) => {
      const ends = [hangable(), hangable(), hangable()];
      const first = new ListenerBook(directory, silentLogger, () => undefined);
      const keys = ends.map(({ descriptor }, index) => first.take(stateOf(`vm-${index}`), descriptor).key);
      for (const key of keys.slice(0, 2)) first.note(key, { ...note, delegationId: `d-${key}` });
      await first.close();
      const second = new ListenerBook(directory, silentLogger, () => undefined);
      const [kept, lost, unknown] = keys as [number, number, number];
      const back = second.takeBack(kept, (ends[0] as { descriptor: number }).descriptor);
      expect(back).toMatchObject({ key: kept, state: stateOf('vm-0'), note: { delegationId: `d-${kept}` } });
      expect(second.takeBack(4_711, 0)).toBeUndefined();
      // The third one was never served: nobody misses a delegation.
      expect(second.takeLost()).toEqual([
        { state: stateOf('vm-1'), note: { ...note, delegationId: `d-${lost}` } },
      ]);
      // A number is not used again while anything may be known under it.
      const fresh = hangable();
      expect(second.take(stateOf('vm-9'), fresh.descriptor).key).toBeGreaterThan(unknown);
      await second.close();
      expect(second.takeLost()).toEqual([]);
      expect(files(directory)).toEqual([`${kept}.json`, `${unknown + 1}.json`]);
      for (const { descriptor, other } of [...ends, fresh]) {
        close(descriptor);
        close(other);
      }
    }));

  test('files that say nothing are taken for none', () =>
    withDirectory(async (directory) => {
      mkdirSync(join(directory, 'listeners'));
      const texts = [
        '',
        'null',
        '7',
        '{}',
        '{"state":null}',
        '{"state":{"containerId":7}}',
        '{"note":{}}',
        '\0\0',
      ];
      texts.forEach((text, index) => {
        writeFileSync(join(directory, 'listeners', `${20 + index}.json`), text);
      });
      writeFileSync(join(directory, 'listeners', 'notes.txt'), 'of somebody else');
      writeFileSync(join(directory, 'listeners', '99.json.new'), 'half');
      const book = new ListenerBook(directory, silentLogger, () => undefined);
      for (let index = 0; index < texts.length; index++) expect(book.takeBack(20 + index, 0)).toBeUndefined();
      expect(book.takeLost()).toEqual([]);
      await book.close();
      expect(files(directory)).toEqual(['99.json.new', 'notes.txt']);
    }));

  test('hundreds that hang up at once are each told of once, closed and forgotten', () =>
    withDirectory(async (directory) => {
      const before = openDescriptors();
      const gone: number[] = [];
      const book = new ListenerBook(directory, silentLogger, ({ key }) => gone.push(key));
      const ends = Array.from({ length: 300 }, hangable);
      const keys = ends.map(({ descriptor }, index) => book.take(stateOf(`vm-${index}`), descriptor).key);
      const [stays, ...others] = ends.map((one, index) => ({ ...one, key: keys[index] as number }));
      // A note that is still being written must not bring a file back.
      for (const { key } of others) book.note(key, note);
      for (const { other } of others) close(other);
      await until(() => gone.length >= others.length);
      await book.close();
      expect(gone.sort((a, b) => a - b)).toEqual(others.map(({ key }) => key));
      expect(book.all.map(({ key }) => key)).toEqual([stays?.key]);
      expect(files(directory)).toEqual([`${stays?.key}.json`]);
      close(stays?.descriptor as number);
      close(stays?.other as number);
      expect(openDescriptors()).toBeLessThanOrEqual(before);
    }));
});
