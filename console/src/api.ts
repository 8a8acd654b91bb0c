// What the server says: the types of its JSON, and the requests.

import { object, parse, type Json, type JsonObject } from './json';
import { start } from './schema';

export type Schema = { [keyword: string]: any };

export interface Tool {
  name: string;
  description: string;
  async?: boolean;
  async_response?: string;
  message?: string;
  url?: string;
  parameters: Schema;
  /** Arguments that the schema allows, to begin with. */
  example: JsonObject;
  deadline_ms: number | null;
  location: string;
}

export interface AppInfo {
  /** Another one after each start. */
  instance: string;
  version: string;
  name: string;
  webhook: string;
  signed: boolean;
  limits: { tool_calls_ms: number; assistant_request_ms: number; tool_calls_limit_ms: number; assistant_request_limit_ms: number };
  tools: Tool[];
  handlers: { event: string; location: string }[];
  /** The members that an event has of its own, made up. */
  samples: { [event: string]: JsonObject };
  profiles: { name: string; title: string; about: string }[];
  inbox: boolean;
}

export interface ToolRun {
  tool_call_id: string;
  name: string;
  /** JSON text. */
  arguments: string;
  started_ms: number;
  ended_ms: number | null;
  deadline_ms: number | null;
  background: boolean;
  outcome: string | null;
  /** JSON text. */
  result: string | null;
}

/** One attempt of a handler that runs after the answer. */
export interface HandlerRun {
  name: string;
  attempt: number;
  started_ms: number;
  ended_ms: number | null;
  failed: boolean;
}

export interface LogLine {
  at_ms: number;
  level: 'ERROR' | 'WARN' | 'INFO' | 'DEBUG' | 'TRACE';
  target: string;
  text: string;
}

export interface Delivery {
  id: number;
  /** Milliseconds since 1970. */
  at: number;
  from_console: boolean;
  method: string;
  path: string;
  headers: [string, string][];
  body: string;
  bytes: number;
  verified: boolean | null;
  /** How it was verified, or why not. */
  verdict: string;
  event: string | null;
  call_id: string | null;
  /** Within which this server answers, and for how long the platform waits. */
  budget_ms: number | null;
  limit_ms: number | null;
  tools: ToolRun[];
  handlers: HandlerRun[];
  status: number | null;
  reply: string | null;
  answered_ms: number | null;
  /** In the word of the log. */
  outcome: string | null;
  log: LogLine[];
}

export type Signature = 'valid' | 'wrong' | 'none';

export interface Sent {
  id: number | null;
  /** The start of the server that this number is of. */
  instance: string;
  status: number;
  reply: string;
}

export interface InboxItem {
  id: string;
  event: string;
  call_id: string | null;
  state: 'waiting' | 'running' | 'dead';
  handler: string;
  tries: number;
  last_error: string | null;
  /** Milliseconds since 1970. */
  appended_at: number;
  next_try_at: number | null;
  payload: string;
}

export interface Inbox {
  store: string;
  counts: { waiting: number; running: number; dead: number };
  items: InboxItem[];
}

/** A refusal of the server, in words. */
export class Refused extends Error {}

/** The text of what the server answers: JSON. */
async function ask(path: string, init?: RequestInit): Promise<string> {
  const response = await fetch(path, { cache: 'no-store', ...init });
  const text = await response.text();
  const read = parse(text);
  if ('problem' in read) throw new Refused(`the server answered ${response.status}: ${text.slice(0, 200)}`);
  const why = object(read.value).error;
  if (!response.ok) throw new Refused(typeof why === 'string' ? why : `the server answered ${response.status}`);
  return text;
}

const request = async <T>(path: string, init?: RequestInit) => JSON.parse(await ask(path, init)) as T;

/** For what holds values of the user's own, whose numbers stay as they were written. */
const exactly = (text: string): any => {
  const read = parse(text);
  return 'value' in read ? read.value : null;
};

const post = <T>(path: string, body: unknown) =>
  request<T>(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export async function loadApp(): Promise<AppInfo> {
  const text = await ask('api/app');
  const app = JSON.parse(text) as AppInfo;
  const { tools } = exactly(text) as Pick<AppInfo, 'tools'>;
  app.tools.forEach((tool, index) => {
    tool.parameters = tools[index]!.parameters;
    tool.example = tools[index]!.example ?? (start(tool.parameters) as JsonObject);
  });
  return app;
}
export const deliver = (body: string, signature: Signature = 'valid', age_seconds = 0) =>
  post<Sent>('api/deliveries', { body, signature, age_seconds });
/** Sends what came with a delivery once more, secrets and all. */
export const repeat = (delivery: number) => post<Sent>('api/deliveries', { delivery });
export const forgetDeliveries = () => request<object>('api/deliveries', { method: 'DELETE' });
export const loadDefinitions = async (profile: string): Promise<{ definitions: Json; warnings: string[] }> =>
  exactly(await ask(`api/definitions/${encodeURIComponent(profile)}`));
export const loadInbox = () => request<Inbox>('api/inbox');
export const replayDead = (id: string) => post<object>('api/inbox/replay', { id });
