/** The keys that handles are sealed with: their files, their life, and the MAC. */
export { exported, imported, retired, rotated, withFirstKey } from './key-changes.js';
export { formatKeys, parseKeys } from './key-document.js';
export { changeKeys, keysPath, readKeys, readSmallFile, writeAtomically } from './key-files.js';
export { KeyRing } from './key-ring.js';
export { isValid, keyIdText, parseKeyId, type SealKey, type SealKeySet } from './seal-key.js';
