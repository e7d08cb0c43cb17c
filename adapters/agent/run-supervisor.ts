import { writeFileSync } from 'node:fs';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import type { Policy } from '../../core/policy/schema.js';
import { type Logger, silentLogger } from '../../core/ports/logger.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { Strategy } from '../../core/ports/strategy.js';
import { lockStateDirectory } from '../host/state-directory.js';
import type { KeeperMessage, SupervisorConfiguration } from '../keeper/protocol.js';
import { exitAtOnce, native } from '../linux/native.js';
import { InjectorProcess } from '../supervisor/injector-process.js';
import { KeeperLink } from './keeper-link.js';
import { Supervisor } from './supervisor.js';

export interface SupervisorParts {
  readonly loggerOf: (level: string) => Logger;
  /** The policy of a file; its warnings go to the logger. */
  readonly policyOf: (path: string | undefined, logger: Logger) => Policy;
  readonly handlersModule: URL;
  readonly strategies: (service: RequestService) => readonly Strategy[];
}

/** Runs this process as a supervisor of the keeper that started it. */
export function runSupervisor(parts: SupervisorParts): void {
  let supervisor: Supervisor | undefined;
  let logger: Logger | undefined;
  let configuration: SupervisorConfiguration | undefined;
  let activated = false;
  const link: KeeperLink = new KeeperLink(
    (listener) => supervisor?.offer(listener),
    (message) => obey(message),
  );

  const start = async (wanted: SupervisorConfiguration): Promise<void> => {
    configuration = wanted;
    logger = parts.loggerOf(wanted.logLevel);
    native();
    link.beat();
    try {
      supervisor = new Supervisor({
        configuration: wanted,
        link,
        logger,
        // The keeper has said already what is odd about it.
        policy: parts.policyOf(wanted.policyPath, silentLogger),
        handlersModule: parts.handlersModule,
        strategies: parts.strategies,
        onFatal: (message) => {
          logger?.error({}, `${message}; ending`);
          exitAtOnce(1);
        },
      });
      const obstacle = await supervisor.prepare();
      if (obstacle !== undefined) throw deputyError('DEPUTY_E_SELF_TEST_FAILED', { detail: obstacle });
      link.send({ kind: 'ready' });
    } catch (error) {
      fail(error);
    }
  };

  const fail = (error: unknown): void => {
    const known = isDeputyError(error) ? error : deputyError('DEPUTY_E_SUPERVISOR_FAILED', {}, error);
    const { code, message, remedy } = known;
    const end = (): never => exitAtOnce(1);
    if (!process.connected) end();
    process.send?.({ kind: 'failed', code, message, remedy }, end);
  };

  const activate = async (message: Extract<KeeperMessage, { kind: 'activate' }>): Promise<void> => {
    activated = true;
    try {
      await supervisor?.activate(message.reason, message.lost);
      link.send({ kind: 'active' });
    } catch (error) {
      logger?.error({ err: error }, 'the take-over failed');
      fail(error);
    }
  };

  const stop = async (hold: boolean): Promise<void> => {
    const end = (await supervisor?.stop(hold)) ?? { abandonedTargets: 0, stuckLoops: 0 };
    process.send?.({ kind: 'stopped', ...end }, () => exitAtOnce(0));
  };

  const reload = (): void => {
    const path = configuration?.policyPath;
    if (logger === undefined) return;
    try {
      supervisor?.setPolicy(parts.policyOf(path, activated ? logger : silentLogger));
      if (activated) logger.info({ policy: path }, 'the policy was read again');
    } catch (error) {
      const code = isDeputyError(error) ? error.code : undefined;
      if (activated) logger.error({ code, err: error }, 'the new policy is refused; the old one stays');
    }
  };

  const obey = (message: KeeperMessage): void => {
    switch (message.kind) {
      case 'start':
        return void start(message.configuration);
      case 'activate':
        return void activate(message);
      case 'note':
        return supervisor?.note(message.key, message.note);
      case 'gone':
        return supervisor?.gone(message.key);
      case 'processes':
        return supervisor?.setProcesses(message.processes);
      case 'injector':
        link.forgetChannels();
        return supervisor?.connectInjector();
      case 'policy':
        return reload();
      case 'stop':
        return void stop(message.hold);
    }
  };

  comeWithinReach();
  // Signals of a terminal go to the whole group; the keeper says when to end.
  let wasTold = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      wasTold ||= signal !== 'SIGHUP';
      // The keeper died, and whoever ends what is left of the service will start it again.
      if (wasTold && !process.connected) exitAtOnce(0);
    });
  }
  process.on('disconnect', () => {
    const error = deputyError('DEPUTY_E_KEEPER_GONE', { detail: 'its channel is closed' });
    if (!activated || wasTold) exitAtOnce(0);
    logger?.error({ err: error, code: error.code }, error.message);
    keepOthersOut(configuration?.stateDirectory ?? '');
    const injector = new InjectorProcess(logger as Logger, () => supervisor?.connectInjector());
    link.useInstead(injector);
    void injector.start().catch(() => undefined);
    const timer = setInterval(() => {
      if ((supervisor?.listenerCount ?? 0) > 0) return;
      clearInterval(timer);
      void supervisor
        ?.stop(false)
        .then(() => injector.stop())
        .then(() => exitAtOnce(0));
    }, 1_000);
  });
}

/** The keeper's lock went with it. An agent that was started in the very moment serves from now on. */
function keepOthersOut(stateDirectory: string): void {
  try {
    lockStateDirectory(stateDirectory);
  } catch {
    exitAtOnce(1);
  }
}

/** The keeper stays out of the OOM killer's reach; supervisors can be replaced, and don't inherit that. */
function comeWithinReach(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '0');
  } catch {
    // Where it can't be written, the keeper's could not, either.
  }
}
