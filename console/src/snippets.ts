// A delivery as something to paste: a shell command, a test.
import type { Delivery } from './api';
import { HIDDEN } from './words';
import { isObject, parse, type Json, type JsonObject } from './json';
import { isHeld, rustString, rustValue } from './rust';

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Reads what to sign, and the secret from the environment: an argument would be seen by everybody who lists processes. */
const SIGN =
  'import hashlib, hmac, os, sys; print(hmac.new(os.environb[b"HMS_WEBHOOK_SECRET"], sys.stdin.buffer.read(), hashlib.sha256).hexdigest())';

/** A command that signs and sends `body`. The secret comes from the environment and is part of no text. */
export function curl(webhook: string, body: string, signed: boolean): string {
  const send = `printf %s "$body" | curl -sS ${quote(webhook)} -H 'Content-Type: application/json'`;
  const lines = signed
    ? [
        `: "\${HMS_WEBHOOK_SECRET:?set it to the webhook secret of the server}"`,
        `body=${quote(body)}`,
        `timestamp=$(date +%s)`,
        `signature=$(printf '%s.%s' "$timestamp" "$body" | HMS_WEBHOOK_SECRET="$HMS_WEBHOOK_SECRET" python3 -c ${quote(SIGN)})`,
        `${send} \\`,
        `  -H "X-Webhook-Timestamp: $timestamp" -H "X-Webhook-Signature: sha256=$signature" --data-binary @-`,
      ]
    : [`body=${quote(body)}`, `${send} --data-binary @-`];
  return `${lines.join('\n')}\n`;
}

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
  if (!isObject(message) || typeof kind !== 'string' || delivery.status !== 200 || !isHeld(message)) return raw(delivery, expected);

  const calls = member(message, 'tool_call_list');
  if (kind === 'tool-calls' && Array.isArray(calls) && calls.length === 1) return oneTool(message, calls[0], expected);

  const members = Object.fromEntries(Object.entries(message).filter(([name]) => !COMMON.includes(name)));
  const body = [
    `    let answer = platform.event(${rustString(kind)}, ${rustValue(members, '    ')}).await;`,
    `    assert_eq!(answer.status, 200);`,
    ...(kind === 'status-update' || kind === 'end-of-call-report'
      ? ['    platform.settled().await;']
      : [`    assert_eq!(answer.json(), ${rustValue(expected, '    ')});`]),
  ];
  if (kind === 'status-update') {
    const name = STATUSES[String(member(member(message, 'call'), 'status'))];
    const alone = Object.keys(members).length === 0 && name !== undefined;
    if (alone) body.splice(0, 2, `    platform.status_update(CallStatus::${name}).await;`);
    // Only this event says more of the call than which one it is.
    else body[0] = `    let answer = platform.event("status-update", ${rustValue({ call: message.call ?? null, ...members }, '    ')}).await;`;
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
    `    let reply = platform.call_tool(${rustString(name)}, ${rustValue(given, '    ')}).await;`,
    `    assert_eq!(reply.value(), &${rustValue(result, '    ')});`,
  ]);
}

const isError = (result: Json) => isObject(result) && 'error' in result;

/** Where no call of `TestPlatform` makes the same: the bytes as they are. */
function raw({ body, status }: Pick<Delivery, 'body' | 'status'>, expected: Json): string {
  return file('the_delivery_is_answered', {}, [
    `    let answer = platform.deliver(${rustString(body)}).await;`,
    `    assert_eq!(answer.status, ${status ?? 200});`,
    ...(status === 200 && isHeld(expected) ? [`    assert_eq!(answer.json(), ${rustValue(expected, '    ')});`] : []),
  ]);
}

function file(name: string, message: JsonObject, body: string[], status = false): string {
  const parts = ['TestPlatform::new(App::discover())', '.unwrap()', ...settings(message)];
  const line = parts.join('');
  const platform = line.length <= 80 ? line : parts.join('\n        ');
  const text = [platform, ...body].join('\n');
  const needs = [...(text.includes('::<Value>(') ? ['Value'] : []), ...(text.includes('json!(') ? ['json'] : [])];
  return [
    `use hms_webhook::{App, ${status ? 'CallStatus, ' : ''}testing::TestPlatform};`,
    ...(needs.length > 1 ? [`use serde_json::{${needs.join(', ')}};`] : needs.map((name) => `use serde_json::${name};`)),
    '',
    '#[tokio::test]',
    `async fn ${name}() {`,
    '    // `App::discover()` finds what is annotated; put your own app here if it has state.',
    ...(text.includes(HIDDEN) ? [`    // The console shows a secret as ${HIDDEN}: put one of your own in its place.`] : []),
    `    let platform = ${platform};`,
    ...body,
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
    ...(metadata !== undefined ? [`.metadata(${rustValue(metadata, '        ')})`] : []),
  ];
}

function functionName(...words: string[]): string {
  const name = words.join('_').replaceAll(/[^A-Za-z0-9]+/g, '_').replace(/^_+/, '').toLowerCase();
  return /^[a-z]/.test(name) ? name : `it_${name}`;
}
