import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'nats';
import { freePort, LabNatsServer } from './nats-server.js';

const names = ['one', 'two', 'three'] as const;
const patienceMs = 30_000;

/** Three servers on loopback that hold each other's replicas. */
export class LabNatsCluster {
  private constructor(private readonly servers: ReadonlyMap<string, LabNatsServer>) {}

  static async start(): Promise<LabNatsCluster> {
    const ports = [await freePort(), await freePort(), await freePort()];
    const servers = new Map<string, LabNatsServer>();
    for (const [index, name] of names.entries()) {
      const clusterPort = ports[index] as number;
      const routes = ports.filter((port) => port !== clusterPort);
      servers.set(name, await LabNatsServer.start({ name, clusterPort, routes }));
    }
    const cluster = new LabNatsCluster(servers);
    await cluster.whenReady();
    return cluster;
  }

  get url(): string {
    return this.all.map(({ url }) => url).join(',');
  }

  get all(): readonly LabNatsServer[] {
    return [...this.servers.values()];
  }

  server(name: string): LabNatsServer {
    return this.servers.get(name) as LabNatsServer;
  }

  /** The name of the server that leads a stream. */
  async leaderOf(stream: string): Promise<string> {
    return this.ask(async (manager) => {
      const leader = (await manager.streams.info(stream)).cluster?.leader;
      if (!leader) throw new Error('no leader');
      return leader;
    });
  }

  async lastSequence(stream: string): Promise<number> {
    return this.ask(async (manager) => (await manager.streams.info(stream)).state.last_seq);
  }

  async killAll(): Promise<void> {
    await Promise.all(this.all.map((server) => server.kill()));
  }

  async restartAll(): Promise<void> {
    await Promise.all(this.all.map((server) => server.restart()));
    await this.whenReady();
  }

  /** Keeps what the servers have on disk; they must not run. */
  async keepFiles(): Promise<void> {
    for (const { storeDirectory, directory } of this.all) {
      await cp(storeDirectory, join(directory, 'kept'), { recursive: true });
    }
  }

  /** Puts back what was kept: all that came since is lost, as with power. */
  async loseSince(servers: readonly LabNatsServer[] = this.all): Promise<void> {
    for (const { storeDirectory, directory } of servers) {
      await rm(storeDirectory, { recursive: true });
      await cp(join(directory, 'kept'), storeDirectory, { recursive: true });
    }
  }

  async remove(): Promise<void> {
    await Promise.all(this.all.map((server) => server.remove()));
  }

  private async whenReady(): Promise<void> {
    await this.ask(async (manager) => manager.getAccountInfo());
  }

  private async ask<T>(
    question: (
      manager: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['jetstreamManager']>>,
    ) => Promise<T>,
  ): Promise<T> {
    const end = performance.now() + patienceMs;
    for (;;) {
      try {
        const connection = await connect({ servers: this.url.split(','), timeout: 1_000, reconnect: false });
        try {
          return await question(await connection.jetstreamManager({ checkAPI: false, timeout: 1_000 }));
        } finally {
          await connection.close();
        }
      } catch (error) {
        if (performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}
