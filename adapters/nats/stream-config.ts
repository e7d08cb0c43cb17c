import { DiscardPolicy, millis, nanos, RetentionPolicy, StorageType, type StreamConfig } from 'nats';
import { nodeSubjects, streamName } from '../../core/events/subject.js';
import type { StreamSettings } from './settings.js';

const defaultBytes = 1024 * 1024 * 1024;
const defaultAgeMs = 7 * 24 * 3_600_000;
const defaultWindowMs = 120_000;

/** What a node's stream has to be like: one writer's, in files, and nobody takes anything out of it. */
export function wantedStream(node: string, settings: StreamSettings) {
  const {
    replicas = 1,
    maximumBytes = defaultBytes,
    maximumAgeMs = defaultAgeMs,
    discard = 'old',
  } = settings;
  const windowMs = settings.duplicateWindowMs ?? defaultWindowMs;
  return {
    name: streamName(node),
    subjects: [nodeSubjects(node)],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: replicas,
    max_bytes: maximumBytes,
    max_age: nanos(maximumAgeMs),
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    discard: discard === 'old' ? DiscardPolicy.Old : DiscardPolicy.New,
    // The server refuses one that is longer than events last.
    duplicate_window: nanos(maximumAgeMs === 0 ? windowMs : Math.min(windowMs, maximumAgeMs)),
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
  } satisfies Partial<StreamConfig>;
}

const times = new Set(['max_age', 'duplicate_window']);

/** Where a stream differs from what is wanted: one text for each, with both values. */
export function streamDifferences(
  wanted: ReturnType<typeof wantedStream>,
  actual: Partial<StreamConfig>,
): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const found = (actual as Record<string, unknown>)[name];
    if (JSON.stringify(found ?? false) === JSON.stringify(value)) return [];
    return [`${name} is ${shown(name, found)}, wanted ${shown(name, value)}`];
  });
}

function shown(name: string, value: unknown): string {
  if (times.has(name)) return `${millis(Number(value))} ms`;
  return JSON.stringify(value) ?? 'not set';
}
