import { it } from 'vitest';
import { openInjector, runSession } from './support/session.js';
for (const killable of [0, 1]) for (const threads of [1, 4]) for (const flags of [0, 2])
it(`bench ${killable} ${threads} ${flags}`, async () => {
  const injector = await openInjector();
  await runSession({ calls: 500, killable, threads }, { injector, flags });
  const { counts, report } = await runSession({ calls: 3000 / threads, killable, threads }, { injector, flags });
  const d = [...counts.durationsUs].sort((a, b) => a - b);
  console.log(`killable=${killable} threads=${threads} page=${flags >> 1} n=${d.length} right=${report?.right} median=${d[d.length >> 1]} p99=${d[Math.floor(d.length * 0.99)]} max=${d.at(-1)}`);
  await injector.close();
}, 60000);
