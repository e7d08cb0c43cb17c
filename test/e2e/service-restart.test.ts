import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Disturbance, disturbances, ServiceLab } from '../lab/service-lab.js';
import { SteadyTarget } from '../lab/steady-target.js';
import { missingForSystemd } from '../lab/systemd.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const times = isLong ? 10 : 3;
const forms = [
  { name: 'plain', killable: false, exactEvery: 0 },
  { name: 'killable', killable: true, exactEvery: 0 },
  { name: 'plain-exact', killable: false, exactEvery: 7 },
  { name: 'killable-exact', killable: true, exactEvery: 7 },
];
/** Events go to memory here: enough of them, and not too many. */
const settings = 'WatchdogSec=3s';

describeWhen(missingForSystemd(), 'targets of a service that ends in every way', () => {
  let lab: ServiceLab;
  beforeAll(async () => {
    lab = await ServiceLab.start(settings);
  }, 60_000);
  afterAll(() => lab?.stop());

  const names = Object.keys(disturbances) as Disturbance[];
  test.each(names)('%s: they get every result, late', { timeout: 60_000 * times }, async (disturbance) => {
    const killed: string[] = [];
    let started = 0;
    const start = (form: (typeof forms)[number]): Promise<SteadyTarget> =>
      SteadyTarget.start(lab, { ...form, container: `${disturbance}-${form.name}-${started++}` });
    const targets = await Promise.all(forms.map(start));
    for (let round = 0; round < times; round++) {
      await Promise.all(targets.map((target) => target.goesOn()));
      await lab.disturb(disturbance);
      for (const [index, target] of targets.entries()) {
        const { died } = await target.goesOn();
        if (died === undefined) continue;
        expect(died, target.options.container).toBe('SIGKILL');
        killed.push(target.options.container);
        targets[index] = await start(forms[index] as (typeof forms)[number]);
      }
    }
    // Only a killed injector takes a target along, and only one that it was at work in.
    if (disturbance !== 'killAll') expect(killed).toEqual([]);
    for (const container of killed) expect(container).toContain('exact');
    if (killed.length > 0) console.log(`killed with the injector: ${killed.join(', ')}`);
    for (const target of targets) {
      const { calls, longestUs, ...rest } = await target.end();
      expect(rest, target.options.container).toMatchObject({
        wrong: 0,
        enosys: 0,
        interrupted: 0,
        descriptors: target.descriptors,
      });
    }
  });
});
