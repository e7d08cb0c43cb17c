export { maximumManifestBytes, parseManifestText, readManifest } from './read-manifest.js';
