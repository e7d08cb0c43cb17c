import { writeFileSync } from 'node:fs';
import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import type { Policy } from '../../core/policy/schema.js';
import { type Logger, silentLogger } from '../../core/ports/logger.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { Strategy } from '../../core/ports/strategy.js';
import { lockStateDirectory } from '../host/state-directory.js';
import type { KeeperMessage, SupervisorConfiguration } from '../keeper/protocol.js';
import { mayTakeOnIds, setNotDumpable } from '../linux/credentials.js';
import { exitAtOnce, native } from '../linux/native.js';
import type { FirstLoop } from '../supervisor/first-loop.js';
import { filterProcess } from '../supervisor/own-filter.js';
import { KeeperLink } from './keeper-link.js';
import { Supervisor, type Turn } from './supervisor.js';

export interface SupervisorParts {
  readonly loggerOf: (level: string) => Logger;
  readonly handlersModule: URL;
  /** The first loop, if it could be started. */
  readonly first: FirstLoop | undefined;
  readonly strategies: (service: RequestService, isSidecar: boolean) => readonly Strategy[];
}

/** How often an orphaned supervisor looks whether it has a target left. */
const orphanLookMs = 1_000;

/** Runs this process as a supervisor of the keeper that started it. */
export function runSupervisor(parts: SupervisorParts): void {
  comeWithinReach();
  // In a sidecar it has its target's user, who must not look into it.
  if (!mayTakeOnIds()) setNotDumpable();
  const filtered = filterProcess();
  parts.first?.filter();
  new SupervisorProcess(parts, filtered);
}

/** This process, between its keeper and its supervisor. */
class SupervisorProcess {
  private supervisor: Supervisor | undefined;
  private logger: Logger = silentLogger;
  private configuration: SupervisorConfiguration | undefined;
  private activated = false;
  private readonly hurried = new AbortController();
  private wasToldToEnd = false;
  private readonly link: KeeperLink;

  constructor(
    private readonly parts: SupervisorParts,
    /** What came of the process's filter: 0 or minus an errno. */
    private readonly filtered: number,
  ) {
    this.link = new KeeperLink(
      (listener) => this.supervisor?.offer(listener),
      (message) => this.obey(message),
    );
    // Signals of a terminal go to the whole group, and a service manager's to the whole service; the keeper
    // says when to end.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        this.wasToldToEnd ||= signal !== 'SIGHUP';
        if (this.wasToldToEnd && !process.connected) exitAtOnce(0);
      });
    }
    process.on('disconnect', () => void this.orphaned());
    // While this process was being loaded its keeper may have gone, and a loop's thread would keep it.
    if (!process.connected) exitAtOnce(0);
  }

  private obey(message: KeeperMessage): void {
    const { supervisor } = this;
    switch (message.kind) {
      case 'start':
        return void this.start(message.configuration);
      case 'activate':
        return void this.activate(message);
      case 'note':
        return supervisor?.note(message.key, message.note);
      case 'gone':
        return supervisor?.gone(message.key);
      case 'processes':
        return supervisor?.setProcesses(message.processes);
      case 'injector':
        this.link.forgetChannels();
        return supervisor?.connectInjector();
      case 'hurry':
        return this.hurried.abort();
      case 'policy':
        return this.setPolicy(message.policy);
      case 'stop':
        return void this.stop(message.hold);
    }
  }

  private async start(configuration: SupervisorConfiguration): Promise<void> {
    const { parts, link } = this;
    this.configuration = configuration;
    this.logger = parts.loggerOf(configuration.logLevel);
    if (this.filtered < 0)
      this.logger.warn({ errno: -this.filtered }, 'the supervisor has no filter of its own');
    link.beat();
    try {
      native();
      this.supervisor = new Supervisor({
        configuration,
        link,
        logger: this.logger,
        handlersModule: parts.handlersModule,
        first: parts.first,
        strategies: (service) => parts.strategies(service, configuration.isSidecar ?? false),
        onFatal: (message) => {
          this.logger.error({}, `${message}; ending`);
          exitAtOnce(1);
        },
      });
      const obstacle = await this.supervisor.prepare(this.hurried.signal);
      if (obstacle !== undefined) throw deputyError('DEPUTY_E_SELF_TEST_FAILED', { detail: obstacle });
      link.send({ kind: 'ready' });
    } catch (error) {
      this.fail(error);
    }
  }

  private async activate(turn: Turn): Promise<void> {
    this.activated = true;
    try {
      await this.supervisor?.activate(turn);
      this.link.send({ kind: 'active' });
    } catch (error) {
      this.logger.error({ err: error }, 'the take-over failed');
      this.fail(error);
    }
  }

  private async stop(hold: boolean): Promise<void> {
    const end = (await this.supervisor?.stop(hold)) ?? { abandonedTargets: 0, stuckLoops: 0 };
    process.send?.({ kind: 'stopped', ...end }, () => exitAtOnce(0));
  }

  private setPolicy(policy: Policy): void {
    this.supervisor?.setPolicy(policy);
    void this.supervisor?.reloadKeys().catch((error: unknown) => {
      const code = isDeputyError(error) ? error.code : undefined;
      this.logger.error({ code, err: error }, 'the keys can not be read; the old ones stay');
    });
    if (!this.activated) return;
    this.logger.info({ policy: this.configuration?.policyPath }, 'the policy was read again');
  }

  /** Says why it can't go on, and ends: the keeper starts another. */
  private fail(error: unknown): void {
    const known = isDeputyError(error) ? error : deputyError('DEPUTY_E_SUPERVISOR_FAILED', {}, error);
    const { code, message, remedy } = known;
    const end = (): never => exitAtOnce(1);
    if (!process.connected) end();
    process.send?.({ kind: 'failed', code, message, remedy }, end);
  }

  /** The keeper is gone. Targets that are served are served to their end, with an injector of their own. */
  private async orphaned(): Promise<void> {
    if (!this.activated || this.wasToldToEnd) exitAtOnce(0);
    const error = deputyError('DEPUTY_E_KEEPER_GONE', { detail: 'its channel is closed' });
    this.logger.error({ err: error, code: error.code }, error.message);
    keepOthersOut(this.configuration?.stateDirectory ?? '');
    const { InjectorProcess } = await import('../supervisor/injector-process.js');
    const injector = new InjectorProcess(this.logger, () => this.supervisor?.connectInjector());
    this.link.useInstead(injector);
    void injector.start().catch(() => undefined);
    const timer = setInterval(() => {
      if ((this.supervisor?.listenerCount ?? 0) > 0) return;
      clearInterval(timer);
      void this.supervisor
        ?.stop(false)
        .then(() => injector.stop())
        .then(() => exitAtOnce(0));
    }, orphanLookMs);
  }
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
