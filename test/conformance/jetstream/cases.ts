import type { StreamLimits } from '../../../simulator/jetstream/jet-stream.js';

/** A case: how its stream is set, and what is done to it, line by line, with what each line gives. */
export interface StreamCase {
  readonly name: string;
  readonly limits?: StreamLimits;
  /** It ends the server, and so has one of its own. */
  readonly endsServer?: boolean;
  readonly script: string;
}

/**
 * `publish ID [expect=N [behind=ID]] [bytes=N] [type=T]`, `ends`, `at N`, `from N`, `last`, `purge`, `delete N`,
 * `size` (bytes of all), `wait MS`, `restart` (SIGKILL), `cut N` (the files lose what is behind N while the server is down),
 * `grow N` (an operator gives it room for N messages), `consume MS [N]` (makes a consumer that has MS to acknowledge, and
 * N messages unacknowledged at most), `next`, `ack N`, `nak N [MS]`, `term N`. `@new`: what servers from 2.12 on say instead.
 */
export const cases: readonly StreamCase[] = [
  {
    name: 'stored',
    script: `
      ends => 0..0
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      publish two/1 => stored 3
      ends => 1..3
      at 2 => one/2 of model, epoch 7
      at 4 => none
      from 2 => one/2 two/1
      from 4 => nothing
    `,
  },
  {
    name: 'wrong-sequence',
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=0 => refused 10071
      publish one/2 expect=5 => refused 10071
      publish one/2 expect=1 => stored 2
      ends => 1..2
    `,
  },
  {
    name: 'pipelined',
    // Behind one that is refused all are refused, and none is stored out of order.
    script: `
      publish one/1 expect=0 => stored 1
      publish one/3 expect=2 => refused 10071
      publish one/4 expect=3 => refused 10071
      publish one/2 expect=1 => stored 2
      publish one/3 expect=2 => stored 3
      from 1 => one/1 one/2 one/3
    `,
  },
  {
    name: 'another-writer',
    // One message of somebody else's takes the place that was predicted for ours: ours is refused, and what
    // is on its way behind it is taken.
    script: `
      publish one/1 expect=0 => stored 1
      publish stranger/1 => stored 2
      publish one/2 expect=1 => refused 10071
      publish one/3 expect=2 => stored 3
    `,
  },
  {
    name: 'another-writer-and-a-chain',
    // Each names the one before it: behind one that is refused all are.
    script: `
      publish one/1 expect=0 => stored 1
      publish stranger/1 => stored 2
      publish one/2 expect=1 behind=one/1 => refused 10071
      publish one/3 expect=2 behind=one/2 => refused 10070
      publish one/4 expect=3 behind=one/3 => refused 10071
      publish one/2 expect=2 => stored 3
      publish one/3 expect=3 behind=one/2 => stored 4
      publish one/4 expect=4 behind=stranger/1 => refused 10070
      publish one/3 expect=4 behind=one/2 => stored 4 already
    `,
  },
  {
    name: 'chain-over-a-restart',
    endsServer: true,
    limits: { duplicateWindowUs: 100_000 },
    // What is older than the window is not read again: nothing can be said to stand behind it.
    script: `
      publish one/1 expect=0 => stored 1
      wait 200 => done
      publish one/2 expect=1 behind=one/1 => stored 2
      wait 200 => done
      restart => done
      publish one/3 expect=2 behind=one/2 => refused 10070
      publish one/3 expect=2 => stored 3
      publish one/4 expect=3 behind=one/3 => stored 4
    `,
  },
  {
    name: 'duplicate',
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      publish one/1 => stored 1 already
      publish one/2 expect=1 => stored 2 already @new refused 10071
      publish one/2 expect=2 => stored 2 already
      ends => 1..2
    `,
  },
  {
    name: 'outside-the-window',
    limits: { duplicateWindowUs: 200_000 },
    script: `
      publish one/1 expect=0 => stored 1
      wait 2500 => done
      publish one/1 expect=0 => refused 10071
      publish one/1 => stored 2
      ends => 1..2
    `,
  },
  {
    name: 'full-of-messages',
    limits: { maximumMessages: 2, discard: 'new' },
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      publish one/3 expect=2 => refused 10077
      publish one/4 expect=3 => refused 10071
      publish one/1 => stored 1 already
      ends => 1..2
      grow 3 => done
      publish one/3 expect=2 => stored 3
      publish one/4 expect=3 => refused 10077
    `,
  },
  {
    name: 'full-of-bytes',
    limits: { maximumBytes: 4_000, discard: 'new' },
    // The smaller one behind it is taken, which is why an id alone keeps no order.
    script: `
      publish one/1 bytes=2000 => stored 1
      publish one/2 bytes=2000 => refused 10077
      publish one/3 bytes=500 => stored 2
      ends => 1..2
    `,
  },
  {
    name: 'bytes-to-the-last-one',
    limits: { maximumBytes: 1_000, discard: 'new' },
    // What comes is counted without its subject and what is stored around it: the last one that still fits
    // by that pushes the eldest out, although nothing was to be discarded.
    script: `
      publish one/1 bytes=100 => stored 1
      size => 416
      publish one/2 bytes=359 => refused 10077
      publish one/2 bytes=358 => stored 2
      ends => 2..2
      size => 674
    `,
  },
  {
    name: 'eldest-go',
    limits: { maximumMessages: 2, discard: 'old' },
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      publish one/3 expect=2 => stored 3
      ends => 2..3
      at 1 => none
      from 1 => one/2 one/3
    `,
  },
  {
    name: 'bytes-go',
    limits: { maximumBytes: 4_000, discard: 'old' },
    script: `
      publish one/1 bytes=1000 => stored 1
      publish one/2 bytes=1000 => stored 2
      publish one/3 bytes=2000 => stored 3
      ends => 2..3
      publish one/4 bytes=3000 => stored 4
      ends => 4..4
    `,
  },
  {
    name: 'too-large',
    limits: { maximumMessageBytes: 1_000 },
    script: `
      publish one/1 bytes=2000 expect=0 => refused 10054
      publish one/2 expect=0 => stored 1
      publish one/2 bytes=2000 => stored 1 already
      publish one/3 bytes=2000 expect=7 => refused 10071
    `,
  },
  {
    name: 'purged',
    // Numbers go on, and so does the memory of ids.
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      purge => done
      ends => 3..2
      at 2 => none
      publish one/2 => stored 2 already
      publish one/3 expect=0 => refused 10071
      publish one/3 expect=2 => stored 3
      ends => 3..3
    `,
  },
  {
    name: 'denied',
    limits: { deniesPurge: true, deniesDelete: true },
    script: `
      publish one/1 expect=0 => stored 1
      purge => refused 10110
      delete 1 => refused 10057
      ends => 1..1
    `,
  },
  {
    name: 'deleted',
    script: `
      publish one/1 => stored 1
      publish one/2 => stored 2
      publish one/3 => stored 3
      delete 2 => done
      delete 2 => refused 10043
      at 2 => none
      from 1 => one/1 one/3
      delete 1 => done
      ends => 3..3
      publish one/4 expect=3 => stored 4
    `,
  },
  {
    name: 'last-of-each',
    script: `
      publish one/1 type=a => stored 1
      publish two/1 type=b => stored 2
      publish one/2 type=a => stored 3
      last => two/1 one/2
    `,
  },
  {
    name: 'killed',
    endsServer: true,
    // What was acknowledged is there, and so is what was known of ids.
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      restart => done
      ends => 1..2
      publish one/2 => stored 2 already
      publish one/3 expect=2 => stored 3
    `,
  },
  {
    name: 'lost-suffix',
    endsServer: true,
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      publish one/3 expect=2 => stored 3
      cut 1 => done
      ends => 1..1
      publish one/4 expect=3 => refused 10071
      publish one/1 => stored 1 already
      publish one/3 expect=1 => stored 2
      publish one/2 expect=2 => stored 3
      from 1 => one/1 one/3 one/2
    `,
  },
  {
    name: 'aged',
    limits: { maximumAgeUs: 1_000_000, duplicateWindowUs: 100_000 },
    // Numbers go on. A consumer does not wait for what it can never get again.
    script: `
      publish one/1 expect=0 => stored 1
      publish one/2 expect=1 => stored 2
      consume 300 => done
      next => one/1 for the 1. time
      wait 1800 => done
      ends => 3..2
      at 2 => none
      next => none
      publish one/3 expect=2 => stored 3
      next => one/3 for the 1. time
      ends => 3..3
    `,
  },
  {
    name: 'delivered-again',
    script: `
      publish one/1 => stored 1
      publish one/2 => stored 2
      consume 300 => done
      next => one/1 for the 1. time
      wait 600 => done
      next => one/1 for the 2. time
      ack 1 => done
      next => one/2 for the 1. time
      ack 2 => done
      wait 600 => done
      next => none
    `,
  },
  {
    name: 'asked-for-again',
    // What comes again comes before what is new, and not before its time.
    script: `
      publish one/1 => stored 1
      publish one/2 => stored 2
      publish one/3 => stored 3
      consume 60000 => done
      next => one/1 for the 1. time
      nak 1 => done
      wait 200 => done
      next => one/1 for the 2. time
      term 1 => done
      next => one/2 for the 1. time
      nak 2 60000 => done
      next => one/3 for the 1. time
      ack 3 => done
      next => none
    `,
  },
  {
    name: 'too-many-unacknowledged',
    script: `
      publish one/1 => stored 1
      publish one/2 => stored 2
      publish one/3 => stored 3
      consume 60000 2 => done
      next => one/1 for the 1. time
      next => one/2 for the 1. time
      next => none
      ack 2 => done
      next => one/3 for the 1. time
      next => none
    `,
  },
];
