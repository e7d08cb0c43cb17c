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
