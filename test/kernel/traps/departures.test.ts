import { afterEach, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { descriptorsOf } from '../support/process-resources.js';
import { requestsOf } from '../support/request-events.js';
import { makeScene } from '../support/scene.js';
import type { TrapTarget } from '../support/trap-target.js';
import { nr, O, type TrapThread } from '../support/trap-thread.js';

const CLONE_FILES = 0x400;
const anyDescriptor = expect.any(Number);
/** A descriptor that no other has the number of. */
const mountNumber = 200;

/** While the injector is stopped, an exact open stays half done for as long as the test wants. */
describeWhen(missingForKernel(), 'a target that changes while its call is answered', () => {
  const scene = makeScene({ opath: 'exact' });
  let injector = 0;
  afterEach(() => {
    if (injector !== 0) process.kill(injector, 'SIGCONT');
    injector = 0;
  });

  /** A thread whose call is with the injector, which is stopped. */
  async function halfDone(): Promise<{ target: TrapTarget; thread: TrapThread }> {
    const target = scene.target();
    for (const name of ['own', 'public']) await target.encode(name, name);
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    await target.must(`call ${nr.dup2} ${mount} ${mountNumber}`);
    await scene.confine(target);
    const thread = await target.newThread(1);
    injector = scene.agent.status().processes.find(({ role }) => role === 'injector')?.pid ?? 0;
    process.kill(injector, 'SIGSTOP');
    await thread.beginOpenHandle(mountNumber, 'own', O.PATH);
    // Another's call is answered behind it: deputy has taken this one.
    expect(await target.openAndDescribe(mountNumber, 'public', O.RDONLY)).toMatchObject({ type: '100000' });
    return { target, thread };
  }
  function goOn(): void {
    process.kill(injector, 'SIGCONT');
    injector = 0;
  }

  test('closes and replaces the descriptor that it named: the answer is of what it named', async () => {
    const { target, thread } = await halfDone();
    const other = await target.open('/proc', O.RDONLY | O.DIRECTORY);
    await target.must(`call ${nr.dup2} ${other} ${mountNumber}`);
    goOn();
    const opened = await thread.wait();
    const own = await target.describe(await target.open('own', O.PATH));
    expect(await target.describe(opened)).toEqual(own);
    // From now on it is what the number means.
    expect(await target.openHandle(mountNumber, 'own', O.PATH)).toBe('EPERM');
  });

  test("executes another program: the call is nobody's, and the program gets nothing", async () => {
    const { target } = await halfDone();
    await target.execute(compileTarget('trap-target', ['-DANOTHER']));
    const before = descriptorsOf(target.pid).length;
    goOn();
    await target.must('alloc again 4096');
    expect(await target.encodeInto('again', 'public')).toBe(0);
    expect(descriptorsOf(target.pid)).toHaveLength(before);
    const requests = await requestsOf(scene.agent.stateDirectory, target.container, 3);
    expect(requests.map(({ type }) => type).sort()).toEqual([
      'request.answered',
      'request.answered',
      'request.cancelled',
    ]);
  });

  test('ends: the call is cancelled, and the next target is served', async () => {
    const { target } = await halfDone();
    target.kill();
    await target.exited;
    goOn();
    const requests = await requestsOf(scene.agent.stateDirectory, target.container, 2);
    expect(requests.map(({ type }) => type).sort()).toEqual(['request.answered', 'request.cancelled']);
    const next = scene.target();
    await next.encode('own', 'own');
    const mount = await next.open('.', O.RDONLY | O.DIRECTORY);
    await scene.confine(next);
    expect(await next.openHandle(mount, 'own', O.PATH)).toEqual(anyDescriptor);
  });

  test('forks, and its other threads leave the table: the descriptor comes to who called, and to nobody else', async () => {
    const { target, thread } = await halfDone();
    const leaving = await target.newThread(2);
    await leaving.must(`call ${nr.unshare} ${CLONE_FILES}`);
    const child = target.thread(3);
    await child.must('fork');
    goOn();
    const opened = await thread.wait();
    expect(await target.describe(opened)).toMatchObject({ flags: '10000000' });
    expect(await leaving.describe(opened)).toBe('EBADF');
    expect(await child.describe(opened)).toBe('EBADF');
    // The child calls for itself, under the same filter.
    expect(await child.openHandle(mountNumber, 'own', O.PATH)).toEqual(anyDescriptor);
  });
});
