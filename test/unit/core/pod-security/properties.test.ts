import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeputyError } from '../../../../core/errors/deputy-error.js';
import { evaluatePodSecurity } from '../../../../core/pod-security/evaluate.js';
import { judgeManifest } from '../../../../core/pod-security/manifest.js';
import { newestPodSecurityMinor } from '../../../../core/pod-security/table.js';

const flag = fc.boolean();
const option = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
const profile = fc.record({ type: fc.constantFrom('RuntimeDefault', 'Localhost', 'Unconfined', '') });
const capabilities = fc.array(fc.constantFrom('ALL', 'CHOWN', 'NET_BIND_SERVICE', 'NET_RAW'), {
  maxLength: 3,
});
const handler = fc.record({ httpGet: fc.record({ host: fc.constantFrom('', 'h') }) });

const containerSecurity = fc.record({
  allowPrivilegeEscalation: option(flag),
  appArmorProfile: option(profile),
  capabilities: option(fc.record({ add: option(capabilities), drop: option(capabilities) })),
  privileged: option(flag),
  procMount: option(fc.constantFrom('Default', 'Unmasked')),
  runAsNonRoot: option(flag),
  runAsUser: option(fc.nat(2)),
  seLinuxOptions: option(fc.record({ type: option(fc.constantFrom('', 'container_engine_t', 'spc_t')) })),
  seccompProfile: option(profile),
});
/** What restricted asks for. Chance alone finds it too seldom to try what else such a pod may have. */
const restricted = fc.constant({
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
});
const container = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  securityContext: option(fc.oneof(restricted, containerSecurity)),
  ports: option(fc.array(fc.record({ hostPort: option(fc.nat(1)) }), { maxLength: 2 })),
  readinessProbe: option(handler),
});
const volumeTypes = ['emptyDir', 'hostPath', 'image', 'nfs'];
const volume = fc.record({ name: fc.constant('v'), type: option(fc.constantFrom(...volumeTypes)) });
const pod = fc.record({
  spec: fc.record({
    containers: fc.array(container, { minLength: 1, maxLength: 2 }),
    initContainers: option(fc.array(container, { maxLength: 2 })),
    ephemeralContainers: option(fc.array(container, { maxLength: 1 })),
    hostNetwork: option(flag),
    hostUsers: option(flag),
    securityContext: option(
      fc.record({
        runAsNonRoot: option(flag),
        runAsUser: option(fc.nat(1)),
        seccompProfile: option(profile),
        sysctls: option(fc.constant([{ name: 'net.ipv4.tcp_rmem' }])),
      }),
    ),
    volumes: option(
      fc.array(
        volume.map(({ name, type }) => (type === undefined ? { name } : { name, [type]: {} })),
        { maxLength: 2 },
      ),
    ),
  }),
});
const minor = fc.integer({ min: 0, max: newestPodSecurityMinor + 1 });

test('what restricted allows, the baseline allows', () => {
  let allowed = 0;
  fc.assert(
    fc.property(pod, minor, (value, number) => {
      const version = `v1.${number}`;
      if (!evaluatePodSecurity(value, { level: 'restricted', version }).allowed) return;
      allowed += 1;
      expect(evaluatePodSecurity(value, { level: 'baseline', version }).allowed).toBe(true);
    }),
    { numRuns: 3000 },
  );
  // Else it would have shown nothing.
  expect(allowed).toBeGreaterThan(10);
});

test('who is refused is told why, with a field for each reason', () => {
  fc.assert(
    fc.property(pod, minor, fc.constantFrom('baseline', 'restricted'), (value, number, level) => {
      const { allowed, violations } = evaluatePodSecurity(value, { level, version: `v1.${number}` });
      expect(allowed).toBe(violations.length === 0);
      for (const { reason, detail, fields } of violations) {
        expect(reason).not.toBe('');
        expect(detail).not.toBe('');
        expect(fields.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 1000 },
  );
});

test('whatever is put where a pod should be, the answer is one or a coded error', () => {
  const anything = fc.anything({ maxDepth: 4, withNullPrototype: true });
  // Anything at one place of a pod that is else right gets further in than anything alone.
  const spoiled = fc
    .tuple(pod, fc.constantFrom('containers', 'initContainers', 'securityContext', 'volumes', 'os'), anything)
    .map(([{ spec }, key, value]) => ({ spec: { ...spec, [key]: value } }));
  fc.assert(
    fc.property(fc.oneof(anything, spoiled), fc.constantFrom('baseline', 'restricted'), (value, level) => {
      const object = { apiVersion: 'v1', kind: 'Pod', ...(value as object | undefined) };
      for (const judge of [
        () => evaluatePodSecurity(value, { level }),
        () => judgeManifest([object, value], { level }),
      ]) {
        try {
          expect(typeof judge().allowed).toBe('boolean');
        } catch (error) {
          if (!isDeputyError(error, 'DEPUTY_E_POD_INVALID')) throw error;
        }
      }
    }),
    { numRuns: 2000 },
  );
});
