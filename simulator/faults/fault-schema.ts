import { z } from 'zod';
import { type ErrnoName, errnoNumbers } from '../../core/errors/errno.js';

const errnoNames = Object.keys(errnoNumbers) as [ErrnoName, ...ErrnoName[]];
const us = z.int().min(0).max(3_600_000_000);
const name = z.string().min(1).max(64);

/** Actors whose processes a fault can be done to. */
export const faultyActors = [
  'supervisor',
  'standby',
  'keeper',
  'injector',
  'event-store',
  'service-manager',
  'deputy',
  'shim',
  'joiner',
  'payload',
  'listener',
  'broker',
  'sidecar',
  'listener-keeper',
] as const;

/**
 * When a fault happens: at a point of the run by its number, at a step by its name, at a time, or by chance
 * at each point. A point is a step of any actor; `moment` says where in it.
 */
export const triggerSchema = z.union([
  z.strictObject({ point: z.int().min(0) }),
  z.strictObject({
    step: name,
    /** Only when an actor of this kind is at it. */
    by: z.enum(faultyActors).optional(),
    /** The how manieth time, from 1. */
    occurrence: z.int().min(1).max(1_000_000).default(1),
  }),
  z.strictObject({ atUs: us }),
  z.strictObject({
    probability: z.number().min(0).max(1),
    by: z.enum(faultyActors).optional(),
    limit: z.int().min(1).max(1_000_000).default(1),
  }),
]);

const when = triggerSchema;
/** `inside`: the port's call was made, and its result is told to nobody. */
export const momentSchema = z.enum(['before', 'inside', 'after']);
const moment = momentSchema.default('before');

/** What can happen to any store, and what only a stream on a server knows. */
const anyTroubles = ['disconnect', 'duplicate', 'delay', 'lose-suffix'] as const;
export const streamTroubles = ['leader-change', 'full', 'other-writer'] as const;
const storeTroubles = [...anyTroubles, ...streamTroubles] as const;

/** Everything that can go wrong, as data. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** SIGKILL. Without `actor`: whoever is at the step. */
  z.strictObject({ kind: z.literal('crash'), actor: z.enum(faultyActors).optional(), when, moment }),
  /** It goes on running, and does nothing any more; or nothing for a while. */
  z.strictObject({
    kind: z.literal('hang'),
    actor: z.enum(faultyActors).optional(),
    when,
    forUs: us.optional(),
  }),
  /** One call takes this much longer. */
  z.strictObject({ kind: z.literal('slow'), when, byUs: us }),
  /** A port's call gives this errno instead of being made. */
  z.strictObject({ kind: z.literal('errno'), when, errno: z.enum(errnoNames) }),
  z.strictObject({ kind: z.literal('signal'), target: name, signal: z.int().min(1).max(64), when, moment }),
  z.strictObject({ kind: z.literal('target-death'), target: name, when, moment }),
  /** A thread id is given to another process as soon as its thread is dead. */
  z.strictObject({ kind: z.literal('pid-reuse'), target: name, when, moment }),
  /** The target is killed, and started again as a new container. */
  z.strictObject({ kind: z.literal('pod-restart'), target: name, when, moment }),
  /** `count`: how many records it is about, the latest first. */
  z.strictObject({
    kind: z.literal('journal'),
    damage: z.enum(['gone', 'order-lost', 'zeroed', 'garbled', 'truncated']),
    count: z.int().min(1).max(8192).default(1),
    when,
    moment,
  }),
  z.strictObject({ kind: z.literal('disk-full'), when, forUs: us }),
  z.strictObject({
    kind: z.literal('store'),
    trouble: z.enum(storeTroubles),
    forUs: us.default(1_000_000),
    /** Acknowledged events that are lost; messages that come twice. */
    count: z.int().min(1).max(100_000).default(4),
    when,
    moment,
  }),
  z.strictObject({ kind: z.literal('clock-jump'), byMs: z.int().min(-1e12).max(1e12), when }),
  /** Another agent is started with --replace. */
  z.strictObject({ kind: z.literal('replace'), when, moment }),
  /** The same process is killed again and again. */
  z.strictObject({
    kind: z.literal('storm'),
    actor: z.enum(faultyActors),
    count: z.int().min(1).max(1000),
    everyUs: us,
    when,
  }),
]);

export type Fault = z.output<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;
export type FaultTrigger = z.output<typeof triggerSchema>;
export type Moment = z.output<typeof momentSchema>;
export type FaultyActor = (typeof faultyActors)[number];
