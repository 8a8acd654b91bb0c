// JSON as text: reading without losing the place, writing for people, and for Rust.
import type { Json } from './api';

export function parse(text: string): { value: Json } | { problem: string } {
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Indented where it is JSON, else as it is. A number beyond what JavaScript holds would be changed, so it stays. */
export function pretty(text: string): string {
  const read = parse(text);
  if ('problem' in read) return text;
  return hasLongNumber(text) ? text : JSON.stringify(read.value, null, 2);
}

const STRING = /"(?:[^"\\]|\\.)*"/g;

function hasLongNumber(text: string): boolean {
  return /\d{16}|\d[eE]|\.\d*0(?!\d)|-0(?![.\d])/.test(text.replace(STRING, '""'));
}

/** A string literal of Rust. */
export function rustString(text: string): string {
  let literal = '"';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') literal += `\\${character}`;
    else if (character === '\n') literal += '\\n';
    else if (character === '\r') literal += '\\r';
    else if (character === '\t') literal += '\\t';
    // Also what would change the direction of the text around it.
    else if (code < 0x20 || code === 0x7f || /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(character)) {
      literal += `\\u{${code.toString(16)}}`;
    } else literal += character;
  }
  return `${literal}"`;
}

/** What stands between the parentheses of `json!(…)`. */
export function rustJson(value: Json, indent = ''): string {
  const deeper = `${indent}    `;
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return rustString(value);
  const parts = Array.isArray(value)
    ? value.map((item) => rustJson(item, deeper))
    : Object.entries(value).map(([key, item]) => `${rustString(key)}: ${rustJson(item, deeper)}`);
  const [open, close, pad] = Array.isArray(value) ? ['[', ']', ''] : ['{', '}', ' '];
  if (parts.length === 0) return open + close;
  const line = `${open}${pad}${parts.join(', ')}${pad}${close}`;
  if (line.length + indent.length <= 90 && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${deeper}${part},\n`).join('')}${indent}${close}`;
}
