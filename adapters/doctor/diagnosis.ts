/** One line of `deputy doctor`: something that was tried, and what came of it. */
export interface Diagnosis {
  /** The strategy that needs it. */
  readonly strategy: 'seccomp-notify' | 'dispatcher' | 'sidecar-caps' | 'file-handle' | 'machine';
  readonly check: string;
  readonly ok: boolean;
  /** 'no' without which the strategy still works, if worse. */
  readonly optional?: boolean;
  readonly detail: string;
  /** What to do about a 'no'. */
  readonly remedy?: string;
}

/** Makes a line; a remedy is kept only where there is something to mend. */
export function diagnosis(
  strategy: Diagnosis['strategy'],
  check: string,
  ok: boolean,
  detail: string,
  remedy?: string,
  optional = false,
): Diagnosis {
  return {
    strategy,
    check,
    ok,
    ...(optional ? { optional } : {}),
    detail,
    ...(ok || remedy === undefined ? {} : { remedy }),
  };
}
