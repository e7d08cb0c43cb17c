/**
 * Does the pattern match the whole text? `*` stands for any characters, `?` for exactly one.
 * Greedy with one point to go back to, so the time is at most the product of the two lengths (a policy's
 * patterns are bounded), whatever a target puts into its metadata; a regular expression could take forever.
 */
export function globMatches(pattern: string, text: string): boolean {
  let patternIndex = 0;
  let textIndex = 0;
  let starIndex = -1;
  let resumeIndex = 0;
  while (textIndex < text.length) {
    const wanted = pattern[patternIndex];
    if (wanted === '*') {
      starIndex = patternIndex;
      resumeIndex = textIndex;
      patternIndex += 1;
    } else if (wanted === '?' || (wanted !== undefined && wanted === text[textIndex])) {
      patternIndex += 1;
      textIndex += 1;
    } else if (starIndex >= 0) {
      resumeIndex += 1;
      textIndex = resumeIndex;
      patternIndex = starIndex + 1;
    } else {
      return false;
    }
  }
  while (pattern[patternIndex] === '*') {
    patternIndex += 1;
  }
  return patternIndex === pattern.length;
}
