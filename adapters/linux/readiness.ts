import koffi from 'koffi';

/** Stops the watching. */
export interface Watch {
  stop(): void;
}

interface PollHandle {
  close(): void;
  unref(): void;
}
type PollCallback = (error: unknown, events: unknown) => void;
/** koffi's callback is (error, events), whatever its typings say. */
const poll = koffi.node.poll as unknown as (
  fd: number,
  options: object,
  callback: PollCallback,
) => PollHandle;

/**
 * Calls back on the event loop whenever a socket, pidfd or eventfd is readable or hung up. The descriptor
 * must be open and of such a kind: for others libuv ends the process.
 */
export function watchReadable(descriptor: number, onReadable: () => void): Watch {
  const handle = poll(descriptor, { readable: true, disconnect: true }, () => onReadable());
  let stopped = false;
  return {
    stop: () => {
      if (stopped) return;
      stopped = true;
      handle.close();
    },
  };
}
