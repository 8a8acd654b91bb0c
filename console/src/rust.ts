// JSON as an expression of Rust.
import { indented, isNumber, visible, write, type Json } from './json';

/** A string literal. */
export function rustString(text: string): string {
  let literal = '"';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') literal += `\\${character}`;
    else if (character === '\n') literal += '\\n';
    else if (character === '\r') literal += '\\r';
    else if (character === '\t') literal += '\\t';
    else if (code >= 0xd800 && code < 0xe000) literal += '\\u{fffd}'; // half a character, which no text of Rust holds
    else if (code < 0x20 || code === 0x7f || visible(character) !== character) literal += `\\u{${code.toString(16)}}`;
    else literal += character;
  }
  return `${literal}"`;
}

/** An expression for `value`, to stand at `indent`. */
export function rustValue(value: Json, indent: string): string {
  if (fitsMacro(value)) return `json!(${inMacro(value, indent)})`;
  // It stands in the file as it is, line breaks included.
  const text = visible(indented(value));
  const longest = Math.max(-1, ...[...text.matchAll(/"(#*)/g)].map(([, marks = '']) => marks.length));
  const marks = '#'.repeat(longest + 1);
  return `serde_json::from_str::<Value>(r${marks}"${text}"${marks}).unwrap()`;
}

/** Whether Rust's `serde_json` has a value for it: there is no number beyond an `f64`. */
export function isHeld(value: Json): boolean {
  if (isNumber(value)) return Number.isFinite(Number(write(value)));
  return typeof value !== 'object' || value === null || Object.values(value).every(isHeld);
}

/** The macro goes through members and items by calling itself; the compiler follows 128 calls. */
const DEEPEST = 110;

const fitsMacro = (value: Json): boolean => depth(value) <= DEEPEST;

/** How deep `json!` calls itself for `value`, at most. */
function depth(value: Json): number {
  if (isNumber(value) || typeof value !== 'object' || value === null) return 2;
  const each = Array.isArray(value) ? 2 : 3;
  return Object.values(value).reduce((deepest: number, part, index) => Math.max(deepest, each * (index + 1) + depth(part)), 2);
}

/** What stands between the parentheses of `json!(…)`. */
function inMacro(value: Json, indent: string): string {
  const deeper = `${indent}    `;
  if (value === null || typeof value === 'boolean') return String(value);
  if (isNumber(value)) return rustNumber(write(value));
  if (typeof value === 'string') return rustString(value);
  const parts = Array.isArray(value)
    ? value.map((item) => inMacro(item, deeper))
    : Object.entries(value).map(([key, item]) => `${rustString(key)}: ${inMacro(item, deeper)}`);
  const [open, close, pad] = Array.isArray(value) ? ['[', ']', ''] : ['{', '}', ' '];
  if (parts.length === 0) return open + close;
  const line = `${open}${pad}${parts.join(', ')}${pad}${close}`;
  if (line.length + indent.length <= 90 && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${deeper}${part},\n`).join('')}${indent}${close}`;
}

/** A literal that has the type that `serde_json` reads the number as. */
function rustNumber(text: string): string {
  if (/^-?\d+$/.test(text) && text !== '-0') {
    const value = BigInt(text);
    if (BigInt.asIntN(32, value) === value) return text;
    if (BigInt.asIntN(64, value) === value) return `${text}_i64`;
    if (BigInt.asUintN(64, value) === value) return `${text}_u64`;
  }
  const value = Number(text);
  const shortest = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(shortest) ? shortest : `${shortest}.0`;
}
