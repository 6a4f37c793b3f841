import type { Evidence } from '../events/evidence.js';
import type { Passage, PlaintextMessage } from '../events/plaintext-message.js';
import type { ConnectionFacts } from './connectivity.js';

/** A message on a connection whose ends have names. */
export interface NamedMessage<M extends PlaintextMessage = PlaintextMessage> {
  readonly message: M;
  readonly from: string;
  readonly to: string;
  readonly connection: ConnectionFacts;
}

/** The message type of a kind. */
export type MessageOf<K extends PlaintextMessage['kind']> = Extract<PlaintextMessage, { readonly kind: K }>;

/** Every kept message of one kind with the names of sender and receiver, by the time of its last byte. */
export function messagesOf<K extends PlaintextMessage['kind']>(
  connections: readonly ConnectionFacts[],
  kind: K,
): readonly NamedMessage<MessageOf<K>>[] {
  const found: NamedMessage<MessageOf<K>>[] = [];
  for (const connection of connections) {
    for (const message of connection.observed.plaintext?.messages ?? []) {
      if (message.kind === kind) found.push({ message: message as MessageOf<K>, ...endsOf(connection, message.from), connection });
    }
  }
  return found.sort(
    (a, b) =>
      a.message.lastAt - b.message.lastAt ||
      (a.connection.observed.source < b.connection.observed.source ? -1 : a.connection.observed.source > b.connection.observed.source ? 1 : 0) ||
      a.message.lastFrame - b.message.lastFrame,
  );
}

/** Sender and receiver of what one side of a connection says. */
export function endsOf(connection: ConnectionFacts, side: 'client' | 'server'): { readonly from: string; readonly to: string } {
  return side === 'client' ? { from: connection.from, to: connection.to } : { from: connection.to, to: connection.from };
}

/** The frames with a message's first and last byte. */
export function framesOf(connection: ConnectionFacts, passage: Passage): readonly Evidence[] {
  const { source } = connection.observed;
  const last = { source, frame: passage.lastFrame };
  return passage.firstFrame === passage.lastFrame ? [last] : [{ source, frame: passage.firstFrame }, last];
}
