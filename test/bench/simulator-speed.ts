import { parseScenario, runScenario } from '../../simulator/index.js';

/** Prints how many steps a second the simulator makes: node dist/test/bench/simulator-speed.js */
const scenario = parseScenario({
  name: 'speed',
  sentence: 'Two threads that open files, and a supervisor that dies now and then.',
  targets: [
    {
      name: 'vm',
      threads: [
        { calls: [{ open: 'own', times: 4_000 }] },
        { calls: [{ open: 'own', flags: ['O_RDWR'], times: 4_000 }] },
      ],
    },
  ],
  faults: [{ kind: 'storm', actor: 'supervisor', count: 5, everyUs: 300_000, when: { atUs: 300_000 } }],
});

for (const seed of ['1', '2', '3', '4', '5']) {
  const startedMs = performance.now();
  const { steps, points, outcome, stateHash } = await runScenario(scenario, { seed });
  const seconds = (performance.now() - startedMs) / 1_000;
  const rate = Math.round(steps / seconds);
  console.log(`seed ${seed}: ${steps} steps, ${points} points, ${rate} steps/s, ${outcome}, ${stateHash}`);
}
