export { parseManifestText } from './parse-manifest.js';
export { maximumManifestBytes, readManifest } from './read-manifest.js';
