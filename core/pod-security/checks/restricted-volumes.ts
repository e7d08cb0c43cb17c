import type { PodSecurityCheck } from '../check.js';
import { forbidden, numbered, quoted, sortedSet } from '../wording.js';

/** 'image' came with 1.33, for every version of the standards. */
const allowedTypes: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** What else there is, or was; Kubernetes calls any other type 'unknown'. */
const knownTypes: ReadonlySet<string> = new Set([
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
]);

/** Volumes must be of a type that leads neither to the host nor past a persistent volume's own control. */
export const restrictedVolumes: PodSecurityCheck = {
  id: 'restrictedVolumes',
  level: 'restricted',
  revisions: [
    {
      sinceMinor: 0,
      overrides: ['hostPathVolumes'],
      evaluate: ({ volumes }) => {
        const bad = volumes.filter(({ type }) => !allowedTypes.has(type));
        if (bad.length === 0) return undefined;
        const types = sortedSet(bad.map(({ type }) => (knownTypes.has(type) ? type : 'unknown')));
        return {
          reason: 'restricted volume types',
          detail: [
            `${numbered(bad.length, 'volume')} ${quoted(bad.map(({ name }) => name))}`,
            numbered(bad.length, 'uses', 'use'),
            numbered(types.length, 'restricted volume type'),
            quoted(types),
          ].join(' '),
          fields: bad.map((volume) => forbidden(`${volume.path}.${volume.type}`)),
        };
      },
    },
  ],
};
