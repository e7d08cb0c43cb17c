import { globMatches } from './glob.js';

// A runtime's metadata is free text; this is far more than a profile can sensibly say.
const maximumMetadataLength = 16_384;
const maximumTenantLength = 128;

/** The words of a runtime's metadata: separated by white space or commas. */
export function metadataWords(metadata: string): string[] {
  return metadata
    .slice(0, maximumMetadataLength)
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** Does the pattern match the metadata as a whole, or one of its words? */
export function metadataMatches(pattern: string, metadata: string): boolean {
  const bounded = metadata.slice(0, maximumMetadataLength);
  return globMatches(pattern, bounded) || metadataWords(bounded).some((word) => globMatches(pattern, word));
}

/**
 * The tenant that `tenant=` in the metadata names.
 * Two different ones name nobody: a target must not become another tenant by the order of words.
 */
export function metadataTenant(metadata: string): string | undefined {
  const named = new Set(
    metadataWords(metadata)
      .filter((word) => word.startsWith('tenant='))
      .map((word) => word.slice('tenant='.length)),
  );
  const [tenant] = named;
  if (named.size !== 1 || !tenant || tenant.length > maximumTenantLength || /\p{Cc}/u.test(tenant)) {
    return undefined;
  }
  return tenant;
}

/**
 * The word with which a profile says that its filter leaves opens of directories (O_DIRECTORY) to the kernel.
 */
export const nativeDirectoriesWord = 'directories=native';

/** Does the target's filter leave opens of directories to the kernel? So its profile says. */
export function hasNativeDirectories(metadata: string | undefined): boolean {
  return metadata !== undefined && metadataWords(metadata).includes(nativeDirectoriesWord);
}
