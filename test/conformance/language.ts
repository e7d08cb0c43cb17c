/**
 * One case: a script of lines `ACTOR VERB WORDS...`, and the rows of the facts that it stands for.
 * Actors: P is the first thread of the target, other capitals its threads (made by `new` or `fork`); S answers,
 * T and U trace. `a | b` behind `=>` lists what a step may give where it is a race; other steps must be equal
 * on both machines. Without `=>` nothing is said of what comes, only that it is the same.
 */
export interface Case {
  readonly name: string;
  readonly script: string;
  /** The row of facts/kernel.md that the case stands for, in its own words. */
  readonly fact?: string;
}

export interface Line {
  readonly text: string;
  readonly actor: string;
  readonly verb: string;
  readonly words: readonly string[];
  /** Outcomes that a race may have. */
  readonly allowed: readonly string[] | undefined;
  /** What it has to give on every machine. */
  readonly expected: string | undefined;
}

/** `=> x` says what is expected, `=> x | y` what is allowed. */
export function parseScript(script: string): Line[] {
  return script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [text = '', outcome] = line.split('=>').map((part) => part.trim());
      const [actor = '', verb = '', ...words] = text.split(/\s+/);
      const outcomes = outcome?.split('|').map((one) => one.trim());
      const isRace = outcomes !== undefined && outcomes.length > 1;
      return {
        text,
        actor,
        verb,
        words,
        allowed: isRace ? outcomes : undefined,
        expected: isRace ? undefined : outcome,
      };
    });
}

/** A case from a few words. */
export function aCase(name: string, script: string, fact?: string): Case {
  return { name, script, ...(fact === undefined ? {} : { fact }) };
}
