import { z } from 'zod';

/** A field that may be left out; null means the same, as it does to Kubernetes. */
function optional<Schema extends z.ZodType>(schema: Schema) {
  return z
    .nullish(schema)
    .transform((value) => (value === null ? undefined : value) as z.output<Schema> | undefined);
}

const text = optional(z.string());
const flag = optional(z.boolean());
const wholeNumber = optional(z.int());
const texts = optional(z.array(z.string()));
const profile = optional(z.object({ type: text }));
const seLinuxOptions = optional(z.object({ type: text, user: text, role: text }));
const windowsOptions = optional(z.object({ hostProcess: flag }));

const podSecurityContext = z.object({
  appArmorProfile: profile,
  runAsNonRoot: flag,
  runAsUser: wholeNumber,
  seLinuxOptions,
  seccompProfile: profile,
  sysctls: optional(z.array(z.object({ name: text }))),
  windowsOptions,
});

const containerSecurityContext = z.object({
  allowPrivilegeEscalation: flag,
  appArmorProfile: profile,
  capabilities: optional(z.object({ add: texts, drop: texts })),
  privileged: flag,
  procMount: text,
  runAsNonRoot: flag,
  runAsUser: wholeNumber,
  seLinuxOptions,
  seccompProfile: profile,
  windowsOptions,
});

const host = optional(z.object({ host: text }));
const handler = optional(z.object({ httpGet: host, tcpSocket: host }));

const container = z.object({
  name: text,
  securityContext: optional(containerSecurityContext),
  ports: optional(z.array(z.object({ hostPort: wholeNumber }))),
  livenessProbe: handler,
  readinessProbe: handler,
  startupProbe: handler,
  lifecycle: optional(z.object({ postStart: handler, preStop: handler })),
});

// A volume is its name and one more key, its type; one that is not known here must not pass unseen.
const volume = z.looseObject({ name: text });

const podSpec = z.object({
  containers: z.array(container).min(1),
  initContainers: optional(z.array(container)),
  ephemeralContainers: optional(z.array(container)),
  volumes: optional(z.array(volume)),
  securityContext: optional(podSecurityContext),
  hostNetwork: flag,
  hostPID: flag,
  hostIPC: flag,
  hostUsers: flag,
  os: optional(z.object({ name: text })),
});

const annotation = text.transform((value) => value ?? '');

/** Of a pod, or of a template of pods, what the checks read; all else passes unseen. */
export const podSchema = z.object({
  metadata: optional(z.object({ annotations: optional(z.record(z.string(), annotation)) })),
  spec: podSpec,
});

/** A pod as `podSchema` reads it. */
export type PodFields = z.output<typeof podSchema>;

/** A container of a pod: init, ordinary or ephemeral. */
export type ContainerFields = z.output<typeof container>;

/** A volume of a pod, with whatever keys it has. */
export type VolumeFields = z.output<typeof volume>;
