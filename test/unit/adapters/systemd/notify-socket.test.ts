import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NotifySocket, openNotifySocket } from '../../../../adapters/systemd/index.js';
import { isDeputyError } from '../../../../core/errors/deputy-error.js';
import { DatagramReceiver } from '../../../support/datagram-receiver.js';
import { describeWhen } from '../../../support/describe-when.js';

const onLinux = process.platform === 'linux' ? [] : ['Linux'];
const EAGAIN = -11;
const ENOENT = -2;
const ECONNREFUSED = -111;
const EBADF = -9;

describeWhen(onLinux, 'what a service says to systemd', () => {
  let directory: string;
  let receiver: DatagramReceiver;
  let notify: NotifySocket;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-notify-'));
    receiver = new DatagramReceiver(join(directory, 'notify'));
    notify = openNotifySocket({ NOTIFY_SOCKET: receiver.name }) as NotifySocket;
  });
  afterEach(() => {
    receiver.close();
    rmSync(directory, { recursive: true });
  });
  const said = (): string | undefined => receiver.receive()?.text;

  test('each call is one datagram of assignments', () => {
    expect(notify.ready()).toBe(0);
    expect(said()).toBe('READY=1');
    expect(notify.ready('serving 3 targets')).toBe(0);
    expect(said()).toBe('READY=1\nSTATUS=serving 3 targets');
    expect(notify.status('busy')).toBe(0);
    expect(said()).toBe('STATUS=busy');
    expect(notify.stopping()).toBe(0);
    expect(said()).toBe('STOPPING=1');
    expect(notify.watchdog()).toBe(0);
    expect(said()).toBe('WATCHDOG=1');
    expect(notify.mainProcess(4711)).toBe(0);
    expect(said()).toBe('MAINPID=4711');
    expect(notify.removeDescriptor('listener-a')).toBe(0);
    expect(said()).toBe('FDSTOREREMOVE=1\nFDNAME=listener-a');
    expect(said()).toBeUndefined();
  });

  test('reloading carries the time of the monotonic clock', () => {
    const before = process.hrtime.bigint() / 1000n;
    expect(notify.reloading()).toBe(0);
    const time = BigInt(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(said() ?? '')?.[1] ?? '0');
    expect(time >= before && time <= process.hrtime.bigint() / 1000n).toBe(true);
  });

  test('status is one line, valid UTF-8 and of bounded length', () => {
    notify.status('two\nlines\r\n\tand READY=1\0');
    expect(said()).toBe('STATUS=two lines and READY=1 ');
    notify.status('\u{1f600}'.repeat(1000));
    const text = said() ?? '';
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual('STATUS='.length + 1024);
    expect(text).toMatch(/^STATUS=(\u{1f600})+\.\.\.$/u);
    notify.status('half \ud800');
    expect(said()).toBe('STATUS=half \ufffd');
  });

  test('a stored descriptor travels with its name', () => {
    const descriptor = openSync('/dev/null', 'r');
    expect(notify.storeDescriptor('listener-a b', descriptor)).toBe(0);
    expect(notify.storeDescriptor('socket', descriptor, { poll: false })).toBe(0);
    const texts = ['FDSTORE=1\nFDNAME=listener-a b', 'FDSTORE=1\nFDNAME=socket\nFDPOLL=0'];
    for (const text of texts) {
      const datagram = receiver.receive();
      expect(datagram?.text).toBe(text);
      expect(datagram?.descriptors).toHaveLength(1);
      const copy = datagram?.descriptors[0] as number;
      expect(fstatSync(copy).rdev).toBe(fstatSync(descriptor).rdev);
      closeSync(copy);
    }
    closeSync(descriptor);
  });

  test('names are as sd_pid_notify_with_fds(3) wants them, or a coded error', () => {
    for (const name of ['', 'a:b', 'a\nb', 'a\x7f', 'ä', 'x'.repeat(63)]) {
      for (const call of [() => notify.storeDescriptor(name, 0), () => notify.removeDescriptor(name)]) {
        expect(codeOf(call), JSON.stringify(name)).toBe('DEPUTY_E_DESCRIPTOR_NAME_INVALID');
      }
    }
    expect(said()).toBeUndefined();
    expect(notify.removeDescriptor(` !9;~${'x'.repeat(57)}`)).toBe(0);
  });

  test('a failed send is a value', () => {
    expect(notify.storeDescriptor('closed', 9999)).toBe(EBADF);
    expect(new NotifySocket(join(directory, 'nobody')).ready()).toBe(ENOENT);
    receiver.close();
    expect(notify.ready()).toBe(ECONNREFUSED);
    receiver = new DatagramReceiver(join(directory, 'another'));
  });

  test('a receiver that does not read makes nobody wait', () => {
    let sent = 0;
    let result = 0;
    while (result === 0 && sent < 100_000) {
      result = notify.watchdog();
      sent++;
    }
    expect(result).toBe(EAGAIN);
    while (said() !== undefined);
    expect(notify.watchdog()).toBe(0);
  });

  test('no descriptor is left behind by thousands of messages', () => {
    const first = openSync('/dev/null', 'r');
    for (let index = 0; index < 3000; index++) {
      notify.watchdog();
      said();
    }
    const second = openSync('/dev/null', 'r');
    closeSync(first);
    closeSync(second);
    expect(second).toBe(first + 1);
  });

  test('an abstract name works as well, and a receiver that was started again is found', () => {
    const name = `@deputy/notify-${process.pid}`;
    const abstract = openNotifySocket({ NOTIFY_SOCKET: name }) as NotifySocket;
    for (let start = 0; start < 2; start++) {
      const other = new DatagramReceiver(name);
      expect(abstract.ready()).toBe(0);
      expect(other.receive()?.text).toBe('READY=1');
      other.close();
      expect(abstract.ready()).toBe(ECONNREFUSED);
    }
  });
});

describe('NOTIFY_SOCKET', () => {
  test('is not there: nobody wants to be notified', () => {
    expect(openNotifySocket({})).toBeUndefined();
    expect(openNotifySocket({ NOTIFY_SOCKET: '' })).toBeUndefined();
  });

  test('is nonsense: a coded error', () => {
    for (const value of ['relative', '/', '@', 'vsock:2:1234', '/a\0b', `/${'x'.repeat(107)}`]) {
      const open = (): unknown => openNotifySocket({ NOTIFY_SOCKET: value });
      expect(codeOf(open), value).toBe('DEPUTY_E_SERVICE_ENVIRONMENT_INVALID');
    }
    expect(openNotifySocket({ NOTIFY_SOCKET: `/${'x'.repeat(106)}` })).toBeInstanceOf(NotifySocket);
  });
});

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return isDeputyError(error) ? error.code : String(error);
  }
}
