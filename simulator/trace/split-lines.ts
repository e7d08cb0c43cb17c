/** The lines of a text, one at a time; what follows the last newline counts only if there is something. */
export function* splitLines(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const stop = newline === -1 ? text.length : newline;
    yield text.slice(start, stop);
    start = stop + 1;
  }
}
