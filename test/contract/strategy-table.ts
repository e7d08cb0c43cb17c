import type { StrategyResults } from './strategy.suite.js';
import { strategyCases } from './strategy-cases.js';
import type { StrategyException } from './strategy-exceptions.js';

const head = `# What each strategy gives

One suite of cases is run against the real strategies, each chosen by its name and by \`auto\`, and this table is what came of it
(\`npx vitest run test/kernel/contract -u\` writes it anew). The target is one program with the same user: it makes the calls
itself without a capability, as the dispatcher's payload with one, or asks a broker with the code of [the example](../examples/broker-client.c).
For a sidecar's notifier it is run by \`deputy-wrap\`, and all of the sidecar is killed at once. The policy has \`confinement: sealed\`,
\`dac: enforce\`, \`opath: exact\` and one share, a tmpfs; for the dispatcher by \`auto\` only what it can be held to. Handles were named by
the target, unless the row says otherwise.

**n/a** is what a strategy can't do by its nature, with what comes of it instead; the number is the reason below. Such a row stands in
\`test/contract/strategy-exceptions.json\`: the suite fails where one is missing, and where one isn't needed any more.
`;

/** The page of the docs: what came of each case under each strategy, and why some have another result. */
export function strategyTable(results: StrategyResults, exceptions: readonly StrategyException[]): string {
  const names = [...results.keys()];
  const reasons = [...new Set(exceptions.map(({ reason }) => reason))];
  const lines = strategyCases.map(({ id, title, right, wanted = right[0] }) => {
    const cells = names.map((column) => {
      const result = results.get(column)?.get(id) ?? 'not run';
      const exception = exceptions.find((row) => row.column === column && row.caseId === id);
      if (exception !== undefined) return `n/a (${reasons.indexOf(exception.reason) + 1}): ${result}`;
      return result === right[0] && right.length === 1 ? 'yes' : result;
    });
    return `| ${[title, wanted, ...cells].join(' | ')} |`;
  });
  const columns = ['what the target does', 'what is right', ...names.map((name) => `**${name}**`)];
  const notes = reasons.map((reason, index) => `${index + 1}. ${reason}`);
  const table = [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`, ...lines];
  return `${head}\n${table.join('\n')}\n\n## Why not\n\n${notes.join('\n')}\n`;
}
