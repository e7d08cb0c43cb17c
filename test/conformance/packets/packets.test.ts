import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { DescriptorTable } from '../../../simulator/kernel/descriptor-table.js';
import type { ModelFile } from '../../../simulator/kernel/file-tree.js';
import { OpenFile, PacketSocket, PlainDescription } from '../../../simulator/kernel/open-description.js';
import { compileTarget } from '../../kernel/support/compile.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';

/** More than the program gives itself. */
const caseMsMax = 12_000;
const bytes = Uint8Array.of(1);
const file = { name: '/', type: 4 } as ModelFile;

/** Two processes' tables, each with its end of a socket. */
function pair(limit = 16) {
  const [own, peer] = [new PacketSocket(), new PacketSocket()];
  own.peer = peer;
  peer.peer = own;
  const [ownTable, peerTable] = [new DescriptorTable(limit), new DescriptorTable(limit)];
  ownTable.add(own);
  peerTable.add(peer);
  return { own, peer, ownTable, peerTable };
}

/** What is there before the end, once the other one is gone. */
const before = ({ packets, isPeerClosed }: PacketSocket): string =>
  isPeerClosed ? `packets ${packets.length}` : 'no end';

/** A descriptor out of the first packet, in a table: its number or minus an errno. */
function receive(
  { packets }: PacketSocket,
  table: DescriptorTable,
): { description: unknown; number: number } {
  const [description] = packets.shift()?.passed ?? [];
  const number = description === undefined ? -1 : table.add(description);
  description?.release();
  return { description, number };
}

const modelCases: Readonly<Record<string, () => string>> = {
  'answers-of-the-dead': () => {
    const { own, peer, peerTable } = pair();
    peer.send(bytes, []);
    peer.send(bytes, []);
    peerTable.closeAll();
    return before(own);
  },
  'dies-with-requests': () => {
    const { own, peer, peerTable } = pair();
    peer.send(bytes, []);
    own.send(bytes, []);
    peerTable.closeAll();
    return before(own);
  },
  'send-to-the-dead': () => {
    const { own, peerTable } = pair();
    peerTable.closeAll();
    return own.send(bytes, []) === undefined ? 'EPIPE' : 'sent';
  },
  'descriptor-of-the-dead': () => {
    const { own, peer, ownTable, peerTable } = pair();
    const opened = new OpenFile(file, 1, false, 0);
    peerTable.add(opened);
    peer.send(bytes, [opened]);
    peerTable.closeAll();
    const { number } = receive(own, ownTable);
    return `descriptor ${number >= 0 && opened.referenceCount === 1 ? 1 : 0}`;
  },
  'path-descriptor': () => {
    const { own, peer, ownTable } = pair();
    peer.send(bytes, [new OpenFile(file, 1, true, 0)]);
    const { number } = receive(own, ownTable);
    const held = ownTable.at(number);
    return `path ${held instanceof OpenFile && held.pathOnly ? 1 : 0}`;
  },
  'no-room': () => {
    const { own, peer, ownTable } = pair(1);
    peer.send(bytes, [new OpenFile(file, 1, true, 0)]);
    const hasPacket = own.packets.length;
    return `packet ${hasPacket} descriptor ${receive(own, ownTable).number >= 0 ? 1 : 0}`;
  },
  'unread-descriptor': () => {
    const { own, peerTable } = pair();
    const passed = new PlainDescription();
    own.send(bytes, [passed]);
    peerTable.closeAll();
    return `closed ${passed.referenceCount === 0 ? 1 : 0}`;
  },
};

/** What each case has to come to: the model is held to it without a kernel, too. */
const expected: Readonly<Record<string, string>> = {
  'answers-of-the-dead': 'packets 2',
  'dies-with-requests': 'packets 1',
  'send-to-the-dead': 'EPIPE',
  'descriptor-of-the-dead': 'descriptor 1',
  'path-descriptor': 'path 1',
  'no-room': 'packet 1 descriptor 0',
  'unread-descriptor': 'closed 1',
};
const cases = Object.entries(modelCases);

describe('packets on the modelled kernel', () => {
  test.each(cases)('%s', (name, run) => {
    expect(run()).toBe(expected[name]);
  });
});

describeWhen(missingForKernel(), 'the modelled packets beside real ones', () => {
  test.each(cases)('%s', { timeout: 2 * caseMsMax }, (name, run) => {
    const { stdout, stderr } = spawnSync(compileTarget('packet-cases'), [name], {
      encoding: 'utf8',
      timeout: caseMsMax,
    });
    expect({ kernel: stdout.trim(), stderr }).toEqual({ kernel: run(), stderr: '' });
  });
});
