// What the server says: the types of its JSON, and the requests.

import { start } from './schema';

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
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
  log: LogLine[];
}

export type Signature = 'valid' | 'wrong' | 'none';

export interface Sent {
  id: number | null;
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

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, { cache: 'no-store', ...init });
  const text = await response.text();
  let json: any = null;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Refused(`the server answered ${response.status}: ${text.slice(0, 200)}`);
  }
  if (!response.ok) throw new Refused(json?.error ?? `the server answered ${response.status}`);
  return json as T;
}

const post = <T>(path: string, body: unknown) =>
  request<T>(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export async function loadApp(): Promise<AppInfo> {
  const app = await request<AppInfo>('api/app');
  for (const tool of app.tools) tool.example ??= start(tool.parameters) as JsonObject;
  return app;
}
export const deliver = (body: string, signature: Signature = 'valid', age_seconds = 0) =>
  post<Sent>('api/deliveries', { body, signature, age_seconds });
export const forgetDeliveries = () => request<object>('api/deliveries', { method: 'DELETE' });
export const loadDefinitions = (profile: string) =>
  request<{ definitions: Json; warnings: string[] }>(`api/definitions/${encodeURIComponent(profile)}`);
export const loadInbox = () => request<Inbox>('api/inbox');
export const replayDead = (id: string) => post<object>('api/inbox/replay', { id });
