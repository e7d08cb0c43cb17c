import { recordBytes } from '../../core/request/record-layout.js';
import type { World } from '../world/world.js';

type Damage = 'gone' | 'order-lost' | 'zeroed' | 'garbled' | 'truncated';

/** Damages the journal's files as they are now; `count`: of how many records, the latest first. */
export function damageJournal(world: World, damage: Damage, count: number): void {
  const { disk } = world;
  if (damage === 'gone') {
    disk.segments.clear();
    disk.checkpoint = undefined;
    disk.oldCheckpoints = [];
    return;
  }
  const newest = disk.segments.get(disk.numbers.at(-1) ?? -1);
  if (newest === undefined) return;
  if (damage === 'order-lost') {
    newest.order.length = 0;
    return;
  }
  const records: Uint8Array[] = [];
  disk.eachSlot(newest.segment, (data, at) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset + at, recordBytes);
    if (bytes.some((byte) => byte !== 0)) records.push(bytes);
  });
  for (const bytes of records.slice(-count)) {
    if (damage === 'garbled')
      for (let at = 64; at < recordBytes; at += 16) bytes[at] = world.random.below(256);
    else bytes.fill(0);
  }
  if (damage === 'truncated') newest.order.length = Math.max(0, newest.order.length - count);
}
