import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { PayloadSpec } from '../../../core/ports/payload.js';
import { capabilityNumbers } from '../../linux/capability-names.js';
import type { SessionOptions } from '../../payload/index.js';

/** What the command line of `deputy dispatch` says. */
export interface DispatchFlags {
  readonly target: string;
  readonly placeholderSocket?: string;
  readonly capabilities: readonly number[];
  readonly user: { readonly user: number; readonly group: number };
  readonly groups: readonly number[];
  readonly from: 'host' | 'target';
  readonly readiness: PayloadSpec['readiness'];
  readonly state: string;
  readonly name: string;
  readonly env: readonly string[];
  readonly workdir: string;
  readonly deadline: number;
  readonly tty?: boolean;
  readonly output: 'caller' | 'container';
  readonly lossy?: boolean;
  readonly buffer: number;
  readonly filter: 'default' | 'none';
  readonly execLabel?: string;
  readonly apparmor?: string;
  readonly runtimeRoot: readonly string[];
  readonly detach?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly sigterm: 'forward' | 'leave';
  readonly onRestart: 'end' | 'dispatch';
  readonly restartWait: number;
  readonly node?: string;
}

/** Where the payload is to be, and where what outlives deputy is kept. */
export function sessionOptions(flags: DispatchFlags): SessionOptions {
  const { target, name, state, runtimeRoot } = flags;
  const roots = runtimeRoot.length === 0 ? {} : { runtimeRoots: runtimeRoot };
  // Who follows a container goes on after an end, and tells it by an event.
  const isToldByExit = flags.onRestart !== 'dispatch';
  return { target, name, stateDirectory: resolve(state), isToldByExit, ...roots };
}

export function payloadSpec(argv: readonly string[], flags: DispatchFlags): PayloadSpec {
  const { placeholderSocket, execLabel, apparmor } = flags;
  return {
    argv,
    capabilities: flags.capabilities,
    ...flags.user,
    groups: flags.groups,
    from: flags.from,
    environment: Object.fromEntries(flags.env.map((pair) => splitPair(pair))),
    directory: flags.workdir,
    readiness: flags.readiness,
    deadlineMs: flags.deadline,
    terminal: flags.tty === true,
    output: flags.output,
    lossy: flags.lossy === true,
    bufferBytes: flags.buffer,
    filter: flags.filter,
    ...(placeholderSocket === undefined ? {} : { placeholderSocket }),
    ...(execLabel === undefined ? {} : { label: execLabel }),
    ...(apparmor === undefined ? {} : { profile: apparmor }),
  };
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** `CAP_DAC_READ_SEARCH,chown`, or `none`. */
export function parseCapabilities(text: string): number[] {
  if (text === 'none' || text === '') return [];
  return text.split(',').map((name) => {
    const number = capabilityNumbers.get(name.trim().toUpperCase().replace(/^CAP_/, ''));
    if (number === undefined) throw new InvalidArgumentError(`there is no capability ${name}`);
    return number;
  });
}

/** `UID` or `UID:GID`. */
export function parseUser(text: string): { user: number; group: number } {
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  const user = Number(match?.[1]);
  const group = Number(match?.[2] ?? match?.[1]);
  if (match === null || user >= 0xffffffff || group >= 0xffffffff) {
    throw new InvalidArgumentError('UID:GID is wanted, as numbers');
  }
  return { user, group };
}

/** `socket:PATH`, `fd` or `none`. */
export function parseReadiness(text: string): PayloadSpec['readiness'] {
  if (text === 'fd' || text === 'none') return { kind: text };
  const path = /^socket:(\/.*)$/.exec(text)?.[1];
  if (path === undefined) throw new InvalidArgumentError('socket:/PATH, fd or none is wanted');
  return { kind: 'socket', path };
}

export function parsePair(text: string, before: readonly string[] = []): string[] {
  if (!/^[^=]+=/.test(text)) throw new InvalidArgumentError('NAME=VALUE is wanted');
  return [...before, text];
}

export function parseCount(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 1 || value > most) {
      throw new InvalidArgumentError(`a number from 1 to ${most} is wanted`);
    }
    return value;
  };
}
