// JSON as text and as values: reading without losing the place or a digit, writing for people.

/** A number that JavaScript would round or write in another way, as it was written. */
export interface ExactNumber {
  readonly rawJSON: string;
}
export type JsonObject = { [key: string]: Json };
/** Any JSON value. */
export type Json = null | boolean | number | ExactNumber | string | Json[] | JsonObject;

// Browsers have it; the types of TypeScript do not yet.
declare global {
  interface JSON {
    parse(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown;
    rawJSON(text: string): ExactNumber;
    isRawJSON(value: unknown): value is ExactNumber;
  }
}

/** Browsers before 2025 do not tell how a number was written: there it is rounded. */
const exact = (_: string, value: unknown, context?: { source?: string }) =>
  typeof value === 'number' && context?.source !== undefined && context.source !== String(value) ? JSON.rawJSON(context.source) : value;

export function parse(text: string): { value: Json } | { problem: string } {
  try {
    return { value: JSON.parse(text, exact) as Json };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** On one line, numbers as they were written. */
export const write = (value: Json): string => JSON.stringify(value);

/** Indented, numbers as they were written. */
export const indented = (value: Json): string => JSON.stringify(value, null, 2);

/** Indented where it is JSON, else as it is. */
export function pretty(text: string): string {
  const read = parse(text);
  return 'problem' in read ? text : visible(indented(read.value));
}

/** What changes the direction of the text around it is written out, as JSON does it. */
export const visible = (text: string): string =>
  text.replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (found) => `\\u${found.charCodeAt(0).toString(16)}`);

export const isNumber = (value: Json | undefined): value is number | ExactNumber =>
  typeof value === 'number' || (typeof value === 'object' && value !== null && 'rawJSON' in value && JSON.isRawJSON?.(value));

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value);

/** The value as an object, an empty one where it is something else. */
export const object = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

export const same = (one: Json | undefined, other: Json | undefined): boolean =>
  one === other || (one !== undefined && other !== undefined && write(one) === write(other));

/** What was typed for a number: the number where it is one, else the text, which the server will have an opinion on. */
export function typedNumber(text: string): Json {
  const read = parse(text);
  return 'value' in read && isNumber(read.value) ? read.value : text;
}
