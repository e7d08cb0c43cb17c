import { z } from 'zod';
import { policySchema } from '../../core/policy/schema.js';
import { formerWays } from '../actors/dispatch/former-ways.js';
import { oldWays } from '../actors/dispatch/old-ways.js';
import { faultSchema } from '../faults/fault-schema.js';
import { brokerSchema } from './broker-schema.js';
import { chainSchema } from './chain-schema.js';

const name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits, -');
const us = z.int().min(0).max(3_600_000_000);
const count = z.int().min(1).max(100_000);
const user = z.int().min(0).max(0xffff_fffe);

/** Which processes there are, and what they keep. A setting of its own, so that setups can be compared. */
export const setupSchema = z.strictObject({
  /** `auto`: the engine's choice between all of them. */
  strategy: z
    .enum(['seccomp-notify', 'sidecar-caps', 'file-handle', 'dispatcher', 'auto'])
    .default('seccomp-notify'),
  /** A process that holds the listeners. Without one the supervisor holds them alone, as others do it. */
  keeper: z.boolean().default(true),
  /** A second supervisor that waits, warm. */
  standby: z.boolean().default(true),
  /** Requests are written down before they are acted on, and read at a take-over. */
  journal: z.boolean().default(true),
  injector: z.boolean().default(true),
  /** A service manager that stores descriptors (FDSTORE) and starts the agent again. */
  serviceManager: z.boolean().default(true),
  /**
   * The agent is a sidecar beside its targets (sidecar-caps, notifier form): killed as a whole, started again
   * by a kubelet, its listeners kept by a process in each target's container instead of a service manager.
   */
  sidecar: z.boolean().default(false),
  /** Where events go: files beside the journal, or a stream on a NATS server. */
  store: z.enum(['files', 'jetstream']).default('files'),
  /** A stream that three servers have; one if not given. */
  replicas: z.literal(3).optional(),
  /** Each supervisor that starts goes on behind what somebody else wrote (`--nats-adopt`). */
  adopt: z.boolean().optional(),
  /** A service consumes the stream's events, by a durable name. */
  listener: z.boolean().optional(),
  /** What is older than this goes from the stream. */
  ageUs: z.int().min(1).max(3_600_000_000).optional(),
});

export const fileTypes = [
  'fifo',
  'character-device',
  'directory',
  'block-device',
  'regular',
  'symlink',
  'socket',
] as const;

const mountSchema = z.strictObject({
  at: z.string().min(1).max(256),
  type: z.string().min(1).max(64).default('ext4'),
  /** Mounts of one file system have one device. */
  device: z.int().min(1).max(1000),
  readOnly: z.boolean().default(false),
  /** The path within its file system that is its root. */
  root: z.string().min(1).max(256).default('/'),
  /** Not whole: its root looks like the file system's own, and is not (a subvolume, say). */
  whole: z.boolean().default(true),
});

const fileSchema = z.strictObject({
  name,
  type: z.enum(fileTypes).default('regular'),
  device: z.int().min(1).max(1000).default(1),
  user: user.default(107),
  /** Permission bits, octal as text: '0644'. */
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/, "expected octal digits such as '0644'")
    .default('0644'),
  /** The folder that it is in: to find it by name, a caller must be allowed to search that. */
  folder: name.optional(),
});

const openFlags = [
  'O_RDONLY',
  'O_WRONLY',
  'O_RDWR',
  'O_CREAT',
  'O_TRUNC',
  'O_APPEND',
  'O_NONBLOCK',
  'O_DIRECTORY',
  'O_NOFOLLOW',
  'O_CLOEXEC',
  'O_PATH',
] as const;

/**
 * What stands in a call's struct file_handle: the kernel's own handle of the file, or what a program may give
 * instead. `named` and those behind it are the one that name_to_handle_at(2) gave this program last, for this
 * file, as it is, or: with a bit of it turned (another one each time), without its seal's MAC, as another
 * program has it, cut short, and of another handle type.
 */
export const handleKinds = [
  'right',
  'bad-pointer',
  'stale',
  'too-long',
  'empty',
  'bad-type',
  'named',
  'bit-flipped',
  'forged',
  'foreign',
  'cut-short',
  'other-type',
] as const;

const timing = { times: count.default(1), everyUs: us.default(50) };

/** What a thread does, one after the other. */
export const callSchema = z.union([
  z.strictObject({
    /** open_by_handle_at(2) of a file by its handle, through the mount's descriptor. */
    open: name,
    flags: z.array(z.enum(openFlags)).default(['O_RDONLY']),
    /** A mount point, or a number that is no descriptor of a mount. */
    mount: z.union([z.string(), z.int()]).default('/share'),
    handle: z.enum(handleKinds).default('right'),
    /** Close what was opened before the next call. */
    close: z.boolean().default(true),
    ...timing,
  }),
  /** name_to_handle_at(2) with a path. */
  z.strictObject({
    nameToHandle: name,
    room: z.int().min(0).max(128).default(128),
    /** The mount whose descriptor the path begins at; the first one if not given. */
    mount: z.string().optional(),
    ...timing,
  }),
  /** name_to_handle_at(2) by the number that it has in another architecture's table (x32). */
  z.strictObject({ foreignNameToHandle: name, ...timing }),
  /** A write into a file that another program makes. */
  z.strictObject({ write: name, ...timing }),
  /** A file is removed. */
  z.strictObject({ remove: name, ...timing }),
  /** A file is removed, and one of another type has its inode and generation from then on. */
  z.strictObject({ replace: name, by: z.enum(fileTypes), ...timing }),
  /** The operator makes a new key for seals; handles of the one before still open, or no longer. */
  z.strictObject({ rotateKey: z.enum(['keep', 'retire']), ...timing }),
  z.strictObject({ sleepUs: us, ...timing }),
]);

const targetSchema = z.strictObject({
  name,
  user: user.default(107),
  /** SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
  killable: z.boolean().default(false),
  descriptorLimit: z.int().min(4).max(1024).default(64),
  /** Descriptors that the target holds besides its standard streams and its mounts. */
  heldDescriptors: z.int().min(0).max(1024).default(0),
  /** Signals by number, and whether their handlers have SA_RESTART. */
  handlers: z.record(z.string().regex(/^\d+$/), z.enum(['restart', 'interrupt'])).default({}),
  /** Calls by number that a filter of its own answers with SIGSYS. */
  fatalCalls: z.array(z.int().min(0).max(1000)).max(16).default([]),
  metadata: z.string().max(256).default(''),
  threads: z
    .array(z.strictObject({ startUs: us.default(0), calls: z.array(callSchema).min(1).max(1000) }))
    .min(1)
    .max(64),
});

/** What the dispatcher does in a scenario: the payload of each target makes the calls of its threads. */
const dispatchSchema = z.strictObject({
  /** So many dispatches of one delegation begin at the same time. */
  dispatches: z.int().min(1).max(8).default(1),
  /** Do they have one state directory, as commands have, or each its own, as engines of a library may? */
  states: z.enum(['shared', 'own']).default('shared'),
  /** How often a runtime starts a container again when it has ended. */
  restarts: z.int().min(0).max(16).default(0),
  /** Is the container's first process a placeholder, which ends with the payload, or one that only reaps? */
  placeholder: z.boolean().default(true),
  /** Does a dispatch follow its container into its next life (`--on-restart dispatch`)? */
  follows: z.boolean().default(false),
  capabilities: z.array(z.int().min(0).max(40)).max(41).default([2]),
  /** The payload's own exit code, when its calls are made. */
  exitCode: z.int().min(0).max(124).default(3),
  /** Is the program there when it is to be executed? */
  program: z.enum(['there', 'missing']).default('there'),
  /** The version of what deputy starts, with its flags, and that of what the target has by the same name. */
  version: z.int().min(1).max(1000).default(1),
  targetVersion: z.int().min(1).max(1000).default(1),
  /** Somebody in the target has filled the pipe that its first process writes to. */
  logIsFull: z.boolean().default(false),
  /** Until then somebody else in the target listens on the placeholder's socket, and answers as it would. */
  impostorUntilUs: us.default(0),
  /** Programs executed in the target whose parents left: its first process has to reap them. */
  orphans: z
    .array(z.strictObject({ atUs: us, user, runUs: us }))
    .max(64)
    .default([]),
  /** Faults of the code that the dispatcher was learnt from, brought back. */
  oldWays: z.array(z.enum(oldWays)).max(oldWays.length).default([]),
  /** Faults that the dispatcher itself had once, brought back. */
  formerWays: z.array(z.enum(formerWays)).max(formerWays.length).default([]),
});

/** A scenario: a machine, targets and what they do, what goes wrong, and what is expected of it all. */
export const scenarioSchema = z.strictObject({
  version: z.literal(1).default(1),
  name,
  sentence: z.string().min(1).max(512),
  setup: setupSchema.prefault({}),
  policy: policySchema.default({ version: 1 }),
  machine: z
    .strictObject({
      mounts: z.array(mountSchema).max(64).default([]),
      files: z.array(fileSchema).max(256).default([]),
    })
    .prefault({}),
  targets: z.array(targetSchema).min(1).max(16),
  dispatch: dispatchSchema.prefault({}),
  chain: chainSchema.prefault({}),
  /** Of `strategy: file-handle`: who is mapped in targets' user namespaces, and what their filters leave. */
  fileHandle: z
    .strictObject({
      mappedUsers: z.array(user).max(64).default([0, 107]),
      nativeDirectories: z.boolean().default(true),
    })
    .prefault({}),
  broker: brokerSchema.prefault({}),
  faults: z.array(faultSchema).max(256).default([]),
  /** Invariants that break, and are meant to: the scenario shows what others lose. */
  expect: z.strictObject({ broken: z.array(z.string()).default([]) }).prefault({}),
  limits: z
    .strictObject({
      virtualUs: us.default(60_000_000),
      points: z.int().min(1).max(100_000_000).default(2_000_000),
    })
    .prefault({}),
});

export type Setup = z.output<typeof setupSchema>;
export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type HandleKind = (typeof handleKinds)[number];
export type ScenarioCall = z.output<typeof callSchema>;
export type ScenarioTarget = Scenario['targets'][number];
