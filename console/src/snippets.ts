// A delivery as something to paste: a shell command, a test.
import type { Delivery, Json, JsonObject } from './api';
import { parse, rustJson, rustString } from './json';

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A command that signs and sends `body`. The secret comes from the environment and is never part of the text. */
export function curl(webhook: string, body: string, signed: boolean): string {
  const lines = signed
    ? [
        `: "\${HMS_WEBHOOK_SECRET:?set it to the webhook secret of the server}"`,
        `body=${quote(body)}`,
        `timestamp=$(date +%s)`,
        `signature=$(printf '%s.%s' "$timestamp" "$body" | openssl dgst -sha256 -hmac "$HMS_WEBHOOK_SECRET" | sed 's/.* //')`,
        `curl -sS ${quote(webhook)} -H 'Content-Type: application/json' \\`,
        `  -H "X-Webhook-Timestamp: $timestamp" -H "X-Webhook-Signature: sha256=$signature" --data-binary "$body"`,
      ]
    : [`curl -sS ${quote(webhook)} -H 'Content-Type: application/json' --data-binary ${quote(body)}`];
  return `${lines.join('\n')}\n`;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const member = (value: Json | undefined, name: string): Json | undefined => (isObject(value) ? value[name] : undefined);

/** What every event has, beside which stand the members of the one event. */
const COMMON = ['type', 'timestamp', 'call', 'phone_number', 'customer', 'assistant'];

const STATUSES: { [status: string]: string } = { 'in-progress': 'IN_PROGRESS', ended: 'ENDED', 'ended-with-error': 'ENDED_WITH_ERROR' };

/** A test that sends the same through `TestPlatform` and expects the same answer. */
export function test(delivery: Pick<Delivery, 'body' | 'reply' | 'status'>): string {
  const read = parse(delivery.body);
  const message = 'value' in read ? member(read.value, 'message') : undefined;
  const kind = member(message, 'type');
  const reply = parse(delivery.reply ?? '');
  const expected = 'value' in reply ? reply.value : null;
  if (!isObject(message) || typeof kind !== 'string' || delivery.status !== 200) return raw(delivery);

  const calls = member(message, 'tool_call_list');
  if (kind === 'tool-calls' && Array.isArray(calls) && calls.length === 1) return oneTool(message, calls[0], expected);

  const members = Object.fromEntries(Object.entries(message).filter(([name]) => !COMMON.includes(name)));
  const body = [
    `    let answer = platform.event(${rustString(kind)}, json!(${rustJson(members, '    ')})).await;`,
    `    assert_eq!(answer.status, 200);`,
    ...(kind === 'status-update' || kind === 'end-of-call-report'
      ? ['    platform.settled().await;']
      : [`    assert_eq!(answer.json(), json!(${rustJson(expected, '    ')}));`]),
  ];
  if (kind === 'status-update') {
    const name = STATUSES[String(member(member(message, 'call'), 'status'))];
    const alone = Object.keys(members).length === 0 && name !== undefined;
    if (alone) body.splice(0, 2, `    platform.status_update(CallStatus::${name}).await;`);
    // Only this event says more of the call than which one it is.
    else body[0] = `    let answer = platform.event("status-update", json!(${rustJson({ call: message.call ?? null, ...members }, '    ')})).await;`;
    return file(functionName(kind, 'is_answered'), message, body, alone);
  }
  return file(functionName(kind, 'is_answered'), message, body);
}

function oneTool(message: JsonObject, call: Json | undefined, expected: Json): string {
  const name = String(member(member(call, 'function'), 'name'));
  const given = member(member(call, 'function'), 'arguments') ?? {};
  const results = member(expected, 'results');
  const result = Array.isArray(results) ? (member(results[0], 'result') ?? null) : null;
  return file(functionName(name, isError(result) ? 'says_why_not' : 'answers'), message, [
    `    let reply = platform.call_tool(${rustString(name)}, json!(${rustJson(given, '    ')})).await;`,
    `    assert_eq!(reply.value(), &json!(${rustJson(result, '    ')}));`,
  ]);
}

const isError = (result: Json) => isObject(result) && 'error' in result;

/** Where it is no event that the platform documents: the bytes as they are. */
function raw(delivery: Pick<Delivery, 'body' | 'status'>): string {
  return file('the_delivery_is_answered', {}, [
    `    let answer = platform.deliver(${rustString(delivery.body)}).await;`,
    `    assert_eq!(answer.status, ${delivery.status ?? 200});`,
  ]);
}

function file(name: string, message: JsonObject, body: string[], status = false): string {
  const parts = ['TestPlatform::new(App::discover())', '.unwrap()', ...settings(message)];
  const line = parts.join('');
  const platform = line.length <= 80 ? line : parts.join('\n        ');
  const text = body.join('\n');
  return [
    `use hms_webhook::{App, ${status ? 'CallStatus, ' : ''}testing::TestPlatform};`,
    ...(text.includes('json!(') ? ['use serde_json::json;'] : []),
    '',
    '#[tokio::test]',
    `async fn ${name}() {`,
    '    // `App::discover()` finds what is annotated; put your own app here if it has state.',
    `    let platform = ${platform};`,
    text,
    '}',
    '',
  ].join('\n');
}

function settings(message: JsonObject): string[] {
  const id = member(member(message, 'call'), 'id');
  const caller = member(member(message, 'customer'), 'number');
  const metadata = member(member(message, 'assistant'), 'metadata');
  return [
    ...(typeof id === 'string' ? [`.call_id(${rustString(id)})`] : []),
    ...(typeof caller === 'string' ? [`.caller(Some(${rustString(caller)}))`] : caller === null ? ['.caller(None)'] : []),
    ...(metadata !== undefined ? [`.metadata(json!(${rustJson(metadata, '        ')}))`] : []),
  ];
}

function functionName(...words: string[]): string {
  const name = words.join('_').replaceAll(/[^A-Za-z0-9]+/g, '_').replace(/^_+/, '').toLowerCase();
  return /^[a-z]/.test(name) ? name : `it_${name}`;
}
