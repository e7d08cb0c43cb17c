import type { Selection, StrategyDriver } from '../../../contract/strategy-port.js';
import { confinement } from '../../broker/support/broker-process.js';
import { wrapped } from '../../notifier/support/wrapped.js';
import { DispatchTarget } from '../../payload/dispatch-target.js';
import { compileTarget } from '../../support/compile.js';
import { LineProcess } from '../../support/line-process.js';
import { targetId } from '../../support/share.js';
import { Place } from './place.js';
import { killAll, ProcessScene, startEngine, supervisorOf } from './scene.js';
import { TargetLine } from './target-line.js';

/** In the default order, so that 'auto' has to pass over those that can't serve the target. */
const strategies = ['seccomp-notify', 'sidecar-caps', 'file-handle', 'dispatcher'];

/** A machine with other work may take its time. */
const noticedMs = 15_000;

const asked = (selection: Selection, strategy: string): string => (selection === 'auto' ? 'auto' : strategy);

/** What a policy asks of whoever serves the share. */
function bounds(place: Place) {
  const shares = [{ name: 'share', path: place.share }];
  return { shares, confinement: 'sealed', dac: 'enforce', opath: 'exact' };
}

/** Those that answer a listener: the target is started with a filter, and a keeper holds its listener. */
function answering(strategy: string): StrategyDriver {
  return {
    strategy,
    async establish(selection) {
      const place = new Place();
      // Both can serve it, so the policy's order decides.
      const order = [strategy, ...strategies.filter((other) => other !== strategy)];
      place.writePolicy({ ...bounds(place), strategies: order });
      const line = await TargetLine.open(place.socketPath);
      const words = [compileTarget('handle-client'), 'serve', place.socketPath, place.share];
      const engine = await startEngine('kept-engine.mjs', place, asked(selection, strategy), words);
      await line.here;
      const target = Number(await engine.ask('target'));
      return new ProcessScene(place, line, engine, {
        crash: async (running) => {
          process.kill(supervisorOf(running), 'SIGKILL');
          return running;
        },
        releasesByEnding: true,
        killTarget: () => process.kill(target, 'SIGKILL'),
        deathMs: noticedMs,
        // It ends with the line by which it is asked.
        end: async () => undefined,
      });
    },
  };
}

/** The broker, and its example client as the target. */
const sidecar: StrategyDriver = {
  strategy: 'sidecar-caps',
  form: 'broker',
  async establish(selection) {
    const place = new Place();
    place.writePolicy({ ...bounds(place), strategies });
    const line = await TargetLine.open(place.socketPath);
    const words = [place.brokerPath, place.share];
    const start = () =>
      startEngine('broker-engine.mjs', place, asked(selection, 'sidecar-caps'), words, [
        'setpriv',
        ...confinement('kubernetes'),
      ]);
    const engine = await start();
    const program = compileTarget('handle-client', ['-DBROKER']);
    const id = `${targetId}`;
    const identity = [
      '--reuid',
      id,
      '--regid',
      id,
      '--clear-groups',
      '--bounding-set=-all',
      '--no-new-privs',
    ];
    const command = [...identity, program, 'serve', place.socketPath, place.share, place.brokerPath];
    const target = new LineProcess('setpriv', command);
    await line.here;
    const kill = (): Promise<unknown> => {
      target.kill();
      return target.exited;
    };
    return new ProcessScene(place, line, engine, {
      crash: async (running) => {
        running.kill();
        await running.exited;
        return start();
      },
      releasesByEnding: false,
      killTarget: kill,
      // It is not told at all, as its row in the table says, so that it need not be waited for.
      deathMs: 500,
      end: kill,
    });
  },
};

/** A sidecar's notifier, and an unmodified program behind deputy-wrap as the target. */
const wrappedProgram: StrategyDriver = {
  strategy: 'sidecar-caps',
  form: 'notifier',
  async establish(selection) {
    const place = new Place();
    place.writePolicy({ ...bounds(place), strategies });
    const line = await TargetLine.open(place.socketPath);
    const before = ['setpriv', ...confinement('kubernetes')];
    const start = () =>
      startEngine('notifier-engine.mjs', place, asked(selection, 'sidecar-caps'), [place.brokerPath], before);
    const engine = await start();
    const program = [compileTarget('handle-client'), 'serve', place.socketPath, place.share];
    const target = new LineProcess(...wrapped(place.brokerPath, program));
    await line.here;
    const kill = (): Promise<unknown> => {
      target.kill();
      return target.exited;
    };
    return new ProcessScene(place, line, engine, {
      crash: async (running) => {
        await killAll(running);
        return start();
      },
      releasesByEnding: true,
      killTarget: kill,
      deathMs: noticedMs,
      end: kill,
    });
  },
};

/** The dispatcher, in a container whose first process is the placeholder; its payload is the target. */
const dispatched: StrategyDriver = {
  strategy: 'dispatcher',
  async establish(selection) {
    const place = new Place();
    // 'auto' gives it only what it can be held to; who names it is told what is not.
    const wide = { shares: 'all', confinement: 'none', dac: 'capability', opath: 'exact' };
    place.writePolicy({ ...(selection === 'auto' ? wide : bounds(place)), strategies });
    const line = await TargetLine.open(place.socketPath);
    const container = await new DispatchTarget().start();
    const program = compileTarget('handle-client', ['-static']);
    const words = [`${container.processId}`, program, 'serve', place.socketPath, place.share];
    const start = () => startEngine('dispatch-engine.mjs', place, asked(selection, 'dispatcher'), words);
    const engine = await start();
    await line.here;
    return new ProcessScene(place, line, engine, {
      crash: async (running) => {
        running.kill();
        await running.exited;
        return start();
      },
      releasesByEnding: false,
      killTarget: () => container.kill(),
      deathMs: noticedMs,
      end: () => container.end(),
    });
  },
};

/** A driver for each strategy there is, and for each form of it. */
export const strategyDrivers: readonly StrategyDriver[] = [
  answering('seccomp-notify'),
  sidecar,
  wrappedProgram,
  answering('file-handle'),
  dispatched,
];
