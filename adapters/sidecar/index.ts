/** Sidecars as runtimes take them: an OCI bundle, and what is added to a Kubernetes pod. */

export {
  type KubernetesSidecar,
  kubernetesCapabilities,
  kubernetesContainer,
  kubernetesSnippet,
} from './kubernetes-snippet.js';
export { type OciSidecar, ociBundle, ociCapabilities } from './oci-bundle.js';
export { type Sidecar, type SidecarForm, sidecarArguments } from './sidecar-spec.js';
