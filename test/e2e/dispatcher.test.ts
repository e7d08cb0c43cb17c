import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sleep } from '../lab/child.js';
import { type DispatchedVirtiofsd, startDispatchedVirtiofsd } from '../lab/dispatched-virtiofsd.js';
import { missingLabParts } from '../lab/lab-status.js';
import { runGuestWorkload } from '../lab/run-guest-workload.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const timeoutMs = 180_000;
/** Those of file servers, and SETPCAP, without which virtiofsd as root can't drop the rest itself and refuses. */
const fileServer = 'CHOWN,DAC_OVERRIDE,DAC_READ_SEARCH,FOWNER,FSETID,SETGID,SETUID,SETPCAP,MKNOD,SETFCAP';

/** The payload as the kernel shows it: its number, which is the only one below the container's first process. */
function payloadOf(virtiofsd: DispatchedVirtiofsd): number {
  const { pid } = virtiofsd;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').at(-1));
}

describeWhen(missingLabParts(), 'virtiofsd that deputy puts into a container of a placeholder', () => {
  const forms = [
    ['DAC_READ_SEARCH', '107:107'],
    [fileServer, '0:0'],
  ] as const;
  for (const [capabilities, user] of isLong ? forms : forms.slice(0, 1)) {
    test(`serves a guest with ${capabilities} as ${user}`, { timeout: timeoutMs }, async () => {
      let started: DispatchedVirtiofsd | undefined;
      const result = await runGuestWorkload({
        runtime: 'crun',
        ownerUid: Number.parseInt(user, 10),
        start: async (options) => {
          started = await startDispatchedVirtiofsd({ ...options, dispatchCapabilities: capabilities, user });
          const payload = payloadOf(started);
          for (const name of ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup']) {
            expect(readlinkSync(`/proc/${payload}/ns/${name}`)).toBe(
              readlinkSync(`/proc/${started.pid}/ns/${name}`),
            );
          }
          expect(readFileSync(`/proc/${payload}/cgroup`, 'latin1')).toBe(
            readFileSync(`/proc/${started.pid}/cgroup`, 'latin1'),
          );
          return started;
        },
      });
      const wrong = [...result.checks].filter(([, verdict]) => verdict !== 'ok');
      expect(wrong, result.virtiofsdLog.join('\n')).toEqual([]);
      // It ends with its guest, if the container isn't deleted just before.
      const code = await started?.dispatched;
      expect([0, 128 + 9]).toContain(code);
      expect(await started?.exited).toMatchObject({ code });
    });
  }

  test.runIf(isLong)(
    'serves a guest while whoever dispatched it is killed again and again',
    {
      timeout: timeoutMs,
    },
    async () => {
      let kills = 0;
      let code: Promise<number | null> | undefined;
      const result = await runGuestWorkload({
        runtime: 'crun',
        ownerUid: 107,
        start: async (options) => {
          const dispatched = { ...options, dispatchCapabilities: 'DAC_READ_SEARCH', user: '107:107' };
          const virtiofsd = await startDispatchedVirtiofsd(dispatched);
          let isOver = false;
          let { dispatch } = virtiofsd;
          const exitOf = (child: typeof dispatch) =>
            new Promise<number | null>((resolve) => child.once('exit', (value) => resolve(value)));
          const killing = (async () => {
            for (code = exitOf(dispatch); ; code = exitOf(dispatch)) {
              await sleep(200 + Math.random() * 800);
              if (isOver || dispatch.exitCode !== null) return;
              dispatch.kill('SIGKILL');
              await code;
              kills++;
              const again = spawn(process.execPath, virtiofsd.dispatchWords([]), {
                stdio: ['ignore', 'ignore', 'inherit'],
              });
              dispatch = again;
            }
          })();
          const remove = async (): Promise<void> => {
            isOver = true;
            await killing;
            await virtiofsd.delete();
            // It may have only just begun, and needs what is kept until then.
            await code;
          };
          return { ...virtiofsd, delete: remove };
        },
      });
      const wrong = [...result.checks].filter(([, verdict]) => verdict !== 'ok');
      expect(wrong, result.virtiofsdLog.join('\n')).toEqual([]);
      expect(kills).toBeGreaterThan(5);
      expect([0, 128 + 9]).toContain(await code);
    },
  );

  test('stands still with crun pause, where no other is started, and goes on with crun resume', {
    timeout: timeoutMs,
  }, async () => {
    const virtiofsd = await startDispatchedVirtiofsd({
      runtime: 'crun',
      dispatchCapabilities: 'DAC_READ_SEARCH',
      user: '107:107',
    });
    const payload = payloadOf(virtiofsd);
    await virtiofsd.hold('pause');
    // It would exit with 1; a frozen process gets no signal but SIGKILL.
    process.kill(payload, 'SIGTERM');
    const another = virtiofsd.dispatchWords(['--name', 'another']);
    const { status, stderr } = spawnSync(process.execPath, another, { encoding: 'utf8', timeout: 20_000 });
    expect(status).toBe(125);
    expect(stderr).toContain('DEPUTY_E_TARGET_PAUSED');
    expect(() => process.kill(payload, 0)).not.toThrow();
    // Whoever follows the payload may be killed meanwhile, and come again.
    virtiofsd.dispatch.kill('SIGKILL');
    await virtiofsd.dispatched;
    const again = spawn(process.execPath, virtiofsd.dispatchWords([]), { stdio: 'ignore' });
    const code = new Promise((resolve) => again.once('exit', resolve));
    await virtiofsd.hold('resume');
    expect(await code).toBe(1);
    expect(() => process.kill(payload, 0)).toThrow('ESRCH');
    await virtiofsd.delete();
  });

  test('ends with crun kill, and with crun delete --force', { timeout: timeoutMs }, async () => {
    for (const end of ['kill', 'delete'] as const) {
      const virtiofsd = await startDispatchedVirtiofsd({
        runtime: 'crun',
        dispatchCapabilities: 'DAC_READ_SEARCH',
        user: '107:107',
      });
      const payload = payloadOf(virtiofsd);
      if (end === 'kill') await virtiofsd.kill('SIGTERM');
      // virtiofsd takes SIGTERM as a reason to exit with 1.
      const code = end === 'kill' ? 1 : 128 + 9;
      if (end === 'kill') expect(await virtiofsd.exited).toMatchObject({ code });
      await virtiofsd.delete();
      expect(await virtiofsd.dispatched).toBe(code);
      expect(() => process.kill(payload, 0)).toThrow('ESRCH');
    }
  });
});
