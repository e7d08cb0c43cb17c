import { z } from 'zod';
import { envelopeSchema } from './envelope.js';
import { type EventType, eventTypes } from './event-versions.js';
import { eventRegistry } from './registry.js';
import { subjectPrefix } from './subject.js';

/** The AsyncAPI 3 document of the events on NATS, for consumers in any language: made from the schemas. */
export function asyncApiDocument(): Record<string, unknown> {
  const names = eventTypes.map((type) => [type, messageName(type)] as const);
  const references = (where: string) =>
    Object.fromEntries(names.map(([, name]) => [name, { $ref: `#/${where}/${name}` }]));
  const channelMessages = names.map(([, name]) => ({ $ref: `#/channels/events/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'deputy events',
      version: '1.0.0',
      description:
        'What deputy did: one event for each request and each step of a delegation, once, in order. ' +
        'CloudEvents 1.0 in NATS binary mode; the payload is the whole event.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      events: {
        address: `${subjectPrefix}.{node}.{tenant}.{delegationId}.{kind}.{name}`,
        title: "A node's events, in the JetStream stream deputy-{node}",
        parameters: parameters(),
        messages: references('components/messages'),
      },
    },
    operations: {
      receiveEvents: {
        action: 'receive',
        channel: { $ref: '#/channels/events' },
        messages: channelMessages,
      },
    },
    components: {
      messages: Object.fromEntries(names.map(([type, name]) => [name, message(type, name)])),
      schemas: Object.fromEntries(names.map(([type, name]) => [name, publishedSchema(type)])),
      messageTraits: { cloudEvent: { headers: headerSchema() } },
    },
  };
}

/** The JSON Schema of one event as it is published: draft 7, which AsyncAPI's own is a superset of. */
export function publishedSchema(type: EventType): Record<string, unknown> {
  const { schema, version } = eventRegistry[type];
  const whole = envelopeSchema.extend({
    type: z.literal(type),
    schemaVersion: z.literal(version),
    data: schema,
  });
  return z.toJSONSchema(whole, { io: 'input', target: 'draft-7' }) as Record<string, unknown>;
}

function message(type: EventType, name: string): Record<string, unknown> {
  return {
    name: type,
    title: type,
    contentType: 'application/json',
    traits: [{ $ref: '#/components/messageTraits/cloudEvent' }],
    payload: { $ref: `#/components/schemas/${name}` },
  };
}

function messageName(type: EventType): string {
  const [kind = '', name = ''] = type.split('.');
  return `${kind}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function parameters(): Record<string, unknown> {
  const escaped =
    "Escaped: '.', '*', '%' and all that is not a letter, a digit, '-' or '_' is percent-encoded.";
  return {
    node: { description: `The node that the agent runs on. ${escaped}` },
    tenant: { description: `Who owns the target. ${escaped}` },
    delegationId: { description: `The delegation; its events are numbered without gaps. ${escaped}` },
    kind: { description: 'What it is about.', enum: ['delegation', 'request'] },
    name: { description: 'What happened.' },
  };
}

function headerSchema(): Record<string, unknown> {
  const text = (description: string) => ({ type: 'string', description });
  return {
    type: 'object',
    required: ['ce-specversion', 'ce-id', 'ce-source', 'ce-type'],
    properties: {
      'ce-specversion': { type: 'string', const: '1.0' },
      'ce-id': text(
        'The id of the event, percent-encoded: delegation, slash, version. The same event, the same id.',
      ),
      'ce-source': text('/deputy/ and the node'),
      'ce-type': { type: 'string', enum: [...eventTypes] },
      'ce-time': { type: 'string', format: 'date-time' },
      'content-type': { type: 'string', const: 'application/json' },
      'deputy-epoch': text('One more for each process that took over'),
      'deputy-writer': text("The state directory that the stream's writer has"),
      'Nats-Msg-Id': text('As ce-id'),
    },
  };
}
