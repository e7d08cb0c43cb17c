/** What the terminal behind stdout can show. */
export interface Terminal {
  readonly width: number;
  readonly color: boolean;
  readonly unicode: boolean;
}

/** Wider than any line: a pipe or a file gets everything. */
const unboundedWidth = 1_000_000;

/** Looks at stdout and the environment: https://no-color.org, TERM=dumb, and the locale's character set. */
export function terminalOf(
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const { NO_COLOR = '', TERM = '', LC_ALL, LC_CTYPE, LANG } = environment;
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  const terminal = isTTY === true;
  return {
    width: terminal && columns !== undefined && columns > 0 ? columns : unboundedWidth,
    color: terminal && NO_COLOR === '' && TERM !== 'dumb',
    // A pipe or a file is read by programs, and those read UTF-8.
    unicode: !terminal || locale === '' || /utf-?8/i.test(locale),
  };
}
