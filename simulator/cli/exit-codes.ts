/** Exit codes of every command of deputy-sim; each command's --help says which it can give. */
export const exitCode = { held: 0, broken: 1, usage: 2, nondeterminism: 3, inconclusive: 4 } as const;

/** What stands at the end of --help. */
export const exitCodeHelp = `
Exit codes:
  0  every invariant held (show, list, compare: shown; diff, verify: the same; shrink: as small as it gets)
  1  an invariant is broken (diff: two runs differ; replay: another build went another way; it failed)
  2  wrong usage or input
  3  nondeterminism: the same build, seed, scenario and options did something else
  4  inconclusive: a limit, a cap or an interruption ended it before all was seen`;
