// C1 controls, what cannot be seen and what turns the direction of text: JSON.stringify lets these through.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON for a terminal: what is unsafe there stands as \uXXXX, so that parsing it gives the same values. */
export function terminalJson(value: unknown, indent = 2): string {
  // Newlines that JSON.stringify puts between fields are no part of a string.
  return JSON.stringify(value, null, indent)
    .split('\n')
    .map((line) => line.replace(unsafe, escapeUnits))
    .join('\n');
}

/** JSON for the inside of a script element: ASCII without <, > and &, in which no parser finds an end. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]|[^ -~]/g, escapeUnits);
}

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
