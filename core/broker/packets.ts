/**
 * The broker's protocol, version 1: one packet of a SOCK_SEQPACKET socket is one message (unix(7)); numbers
 * are little-endian. docs/reference/broker-protocol.md is the page for those who write a client.
 */
export const brokerVersion = 1;

/** What a packet is. An answer has its request's type with `answerBit`; a fault has that bit alone. */
export const packetType = { hello: 1, nameToHandle: 2, openByHandle: 3 } as const;
export const answerBit = 0x8000;

/** The head of every packet. `result` is 0 in requests; in answers 0 or more, or minus an errno. */
export const head = { type: 0, version: 2, id: 4, bytes: 8, result: 12, end: 16 } as const;

export const helloPlace = { lowest: 16, highest: 18, reserved: 20, end: 24 } as const;
export const namePlace = { flags: 16, room: 20, end: 24 } as const;
/** From `handle` on stands a struct file_handle as name_to_handle_at(2) has it. */
export const openPlace = { flags: 16, handle: 20, end: 28 } as const;

/** What all answers to calls have behind the head: the number of a refusal, or 0 (docs/errors.md). */
export const answerPlace = { reason: 16, end: 20 } as const;
export const helloAnswerPlace = { version: 20, inFlight: 24, handleBytes: 28, end: 32 } as const;
export const nameAnswerPlace = { mountId: 24, handle: 32, end: 40 } as const;
export const faultPlace = { fault: 16, text: 20 } as const;

/** struct file_handle: its size, its type, its bytes. */
export const handlePlace = { bytes: 0, type: 4, data: 8 } as const;

/** No packet is longer: a broker closes the connection of whoever sends one. */
export const maximumPacketBytes = 512;
export const maximumFaultTextBytes = 200;

/** Requests that a client may have unanswered; the broker reads no more while answers lie unread. */
export const requestsInFlight = 32;

/** Why a broker ends a connection, and the errno that stands beside it. */
export const brokerFaults = {
  /** None of the client's versions is spoken here. */
  version: { number: 1, errno: 93 },
  /** Not a packet of this protocol: EPROTO. */
  malformed: { number: 2, errno: 71 },
  /** Descriptors beside a packet that has none, or fewer or more than one: EBADMSG. */
  descriptors: { number: 3, errno: 74 },
  /** The peer is not the target, or can't be seen: EPERM. */
  stranger: { number: 4, errno: 1 },
  /** As many connections as there may be: EBUSY. */
  crowded: { number: 5, errno: 16 },
  /** A call before the hello, or a second hello: EPROTO. */
  order: { number: 6, errno: 71 },
} as const;

export type BrokerFaultName = keyof typeof brokerFaults;
