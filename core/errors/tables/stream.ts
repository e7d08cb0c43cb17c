import type { ErrorEntry } from './entry.js';

/** Errors of the event stream on NATS JetStream. */
export const streamErrors = {
  DEPUTY_E_NATS_UNAVAILABLE: {
    what: 'NATS at {servers} cannot be used: {detail}',
    why: 'No server answers, JetStream is off or has no leader, or the connection broke.',
    remedy: 'Bring the server back; deputy tries on, and its journal keeps what happens meanwhile.',
  },
  DEPUTY_E_NATS_REFUSED: {
    what: 'NATS at {servers} refuses the connection: {detail}',
    why: 'User, password, token, credentials or certificate are not what the server wants.',
    remedy: 'Check NATS_USER, NATS_PASSWORD, NATS_TOKEN, `--nats-creds` and the TLS files.',
  },
  DEPUTY_E_NATS_PAYLOAD_LIMIT: {
    what: 'the NATS server takes messages of up to {limit} bytes; an event may have {needed}',
    why: 'An event that the server would refuse could never be published, nor any behind it.',
    remedy: "Raise the server's `max_payload`, or the stream's largest message.",
  },
  DEPUTY_E_NATS_TOO_OLD: {
    what: '{what} needs nats-server {needed}; this is {version}',
    why: 'Older servers check what they source for the sequence that it had to have in its own stream.',
    remedy: 'Use a newer server, or read the streams of the nodes one by one.',
  },
  DEPUTY_E_STREAM_DIFFERS: {
    what: 'the stream {stream} is not as it should be: {differences}',
    why: 'It was made with other settings, or by somebody else. It is never changed silently.',
    remedy:
      'Start with the settings that it has, or change it with the NATS command line (`nats stream edit`).',
  },
  DEPUTY_E_STREAM_MISSING: {
    what: 'there is no stream {stream} on this server',
    why: 'No agent has written to it yet, or it was removed.',
    remedy: 'Check the name of the node and the URL; an agent with `--nats` makes its stream.',
  },
  DEPUTY_E_CONSUMER_DIFFERS: {
    what: 'the durable consumer {name} of {stream} is not as asked for: {detail}',
    why: 'A durable name stands for one place in one selection of events; another selection needs another.',
    remedy: 'Use another durable name, or remove the old one (`nats consumer rm`).',
  },
  DEPUTY_E_STREAM_FENCED: {
    what: 'another writer uses the stream {stream}: {detail}',
    why: 'A stream has one writer, known by its state directory and epoch; two would mix their events.',
    remedy:
      'Stop the other one or use another `--node`; then, or when a state directory was lost: `--nats-adopt`.',
  },
  DEPUTY_E_STREAM_GAP: {
    what: 'the stream {stream} lacks {event}, and has later events of the same delegation',
    why: 'Somebody else wrote while events were on their way to replicas, or a message was taken out.',
    remedy: 'What stands in a stream stays: remove it, and the agent publishes anew what its journal has.',
  },
  DEPUTY_E_STREAM_WENT_BACKWARDS: {
    what: 'the stream {stream} has lost what it had acknowledged: {detail}',
    why: 'It was made anew, or its server lost what was not yet on its disk when power failed.',
    remedy:
      'Nothing: what the journal still has is published again; what is older stays lost, and is logged.',
  },
  DEPUTY_E_STREAM_FULL: {
    what: 'the stream {stream} takes no more events: {detail}',
    why: 'It has reached its bound, and keeps what it has (`discard: new`), or the server has no room.',
    remedy: 'Make room or raise the bound; events wait in the journal, and requests once that is full.',
  },
} as const satisfies Record<string, ErrorEntry>;
