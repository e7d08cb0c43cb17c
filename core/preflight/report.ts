import { z } from 'zod';
import { podSecurityLevels } from '../pod-security/policy.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { PreflightFacts } from './entry.js';
import type { Ranking } from './rank.js';

/** The version of the format: it grows, and only another number may take something away. */
const formatVersion = 1;

const text = z.string();

const reasonKinds = [
  'not-in-build',
  'policy-list',
  'policy-fields',
  'policy',
  'pod-security',
  'target',
  'trial',
] as const;

const judgement = {
  possible: z.boolean(),
  reasons: z.array(z.object({ kind: z.enum(reasonKinds), text, remedy: text })),
  trials: z.array(
    z.object({
      id: text,
      ok: z.boolean(),
      optional: z.boolean(),
      detail: text,
      remedy: text.optional(),
    }),
  ),
  enforces: z.array(text),
  price: z.object({ latency: text, boundary: text, privilege: text, restart: text }),
};

const rankedSchema = z.object({
  strategy: text,
  /** 1 for the best of those that are possible; null for the others. */
  rank: z.int().min(1).nullable(),
  ...judgement,
  /** Where it has several: what is above is that of the first that is possible, else of the first. */
  forms: z.array(z.object({ form: text, serves: text, ...judgement })).optional(),
});

/** What `deputy preflight --json` prints. */
export const preflightReportSchema = z.object({
  version: z.literal(formatVersion),
  level: z.enum(podSecurityLevels),
  levelVersion: text,
  policy: z.object({ strategies: z.array(text), digest: text }),
  target: z
    .object({
      containerId: text,
      processId: z.int(),
      userNamespaceIsOurs: z.boolean(),
      isInit: z.boolean(),
      isFrozen: z.boolean(),
      takeOver: text.optional(),
      shares: z.object({ servable: z.boolean(), reasons: z.array(text) }),
    })
    .optional(),
  pods: z.array(text),
  skipped: z.array(z.object({ kind: text, name: text })),
  notes: z.array(text),
  chosen: text.nullable(),
  strategies: z.array(rankedSchema),
});

export type PreflightReport = z.input<typeof preflightReportSchema>;

/** The JSON Schema of a report, for other tools. */
export function preflightJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(preflightReportSchema, { io: 'input' }) as Record<string, unknown>;
}

/** What was asked, and what is to be said besides. */
export interface ReportContext {
  readonly level: string;
  readonly levelVersion: string;
  readonly skipped: readonly { readonly kind: string; readonly name: string }[];
  readonly notes: readonly string[];
}

/** A ranking and what it was made from, as it is printed. */
export function preflightReport(
  { chosen, strategies }: Ranking,
  { target, pods }: PreflightFacts,
  policy: ResolvedPolicy,
  { level, levelVersion, skipped, notes }: ReportContext,
): PreflightReport {
  return preflightReportSchema.parse({
    version: formatVersion,
    level,
    levelVersion,
    policy: { strategies: policy.strategies, digest: policy.digest },
    ...(target === undefined ? {} : { target }),
    pods: pods.map(({ name }) => name),
    skipped,
    notes,
    chosen,
    strategies,
  });
}
