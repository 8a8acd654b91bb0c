// The phone call that the console plays: who calls whom, what it has come to, and the messages of its steps.
import { signal } from '@preact/signals';
import { object, write, type Json, type JsonObject } from './json';
import { app } from './live';

export interface PhoneCall {
  id: string;
  caller: string;
  number: string;
  web: boolean;
  /** What the answer to the assistant-request attached; the platform sends it back with every later event. */
  metadata: Json | undefined;
  tool_calls: number;
}

const random = () => crypto.randomUUID();

const fresh = (): PhoneCall => ({
  id: random(),
  caller: '+31612000111',
  number: '+31201110000',
  web: false,
  metadata: undefined,
  tool_calls: 0,
});

export const call = signal<PhoneCall>(fresh());
export const change = (changes: Partial<PhoneCall>) => (call.value = { ...call.value, ...changes });

export function newCall() {
  const { caller, number, web } = call.value;
  call.value = { ...fresh(), caller, number, web };
}

/** A body as the platform would send it now, in this call. */
export function body(event: string, status: string, members: JsonObject = {}): string {
  const { id, caller, number, web, metadata } = call.value;
  const sample = object(app.value?.samples[event]);
  const message: JsonObject = {
    type: event,
    timestamp: new Date().toISOString(),
    call: { id, type: web ? 'web_call' : 'inbound_phone_call', status },
    phone_number: { number: web ? null : number },
    customer: { number: web ? null : caller },
    ...sample,
    ...members,
  };
  if (metadata !== undefined && event !== 'assistant-request') message.assistant = { metadata };
  return write({ message });
}

export function toolCallBody(calls: { name: string; arguments: Json }[]): string {
  const list = calls.map(({ name, arguments: given }) => ({
    id: `tool_${random().slice(0, 8)}`,
    type: 'function',
    function: { name, arguments: given },
  }));
  return body('tool-calls', 'in-progress', { tool_call_list: list });
}

/** Takes from an answer what the platform would keep of it. */
export function keepMetadata(reply: Json) {
  const configured = { ...object(object(reply).assistant), ...object(object(reply).assistant_override) };
  if (configured.metadata !== undefined) change({ metadata: configured.metadata });
}
