// What a form needs to know of a JSON Schema.
import type { Schema } from './api';
import { isNumber, isObject, same, write, type Json, type JsonObject } from './json';

export type Kind = 'text' | 'long' | 'choice' | 'integer' | 'number' | 'boolean' | 'list' | 'object' | 'union' | 'json';

const typesOf = (schema: Schema): string[] =>
  (Array.isArray(schema.type) ? schema.type : schema.type === undefined ? [] : [schema.type]).filter(
    (name: string) => name !== 'null',
  );

export function kindOf(schema: Schema): Kind {
  if (Array.isArray(schema.enum)) return 'choice';
  if (Array.isArray(schema.anyOf) || Array.isArray(schema.oneOf)) return 'union';
  const types = typesOf(schema);
  if (types.length !== 1) return 'json';
  switch (types[0]) {
    case 'string':
      return (size(schema.maxLength) ?? 0) > 200 ? 'long' : 'text';
    case 'integer':
    case 'number':
    case 'boolean':
      return types[0];
    case 'array':
      return schema.items && !schema.prefixItems ? 'list' : 'json';
    case 'object':
      return schema.properties && Object.keys(schema.properties).length > 0 ? 'object' : 'json';
    default:
      return 'json';
  }
}

/** A bound to count with. One that is beyond counting bounds nothing. */
const size = (bound: unknown): number | undefined => (typeof bound === 'number' ? bound : undefined);

export const branchesOf = (schema: Schema): Schema[] => schema.anyOf ?? schema.oneOf ?? [];

/** Something to begin with, where no example is at hand: a new list item, another branch. */
export function start(schema: Schema): Json {
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0] ?? null;
  switch (kindOf(schema)) {
    case 'text':
    case 'long':
      return startText(schema);
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
    case 'list':
      return Array.from({ length: size(schema.minItems) ?? 0 }, () => start(schema.items));
    case 'object': {
      const value: JsonObject = {};
      for (const name of (schema.required as string[]) ?? []) value[name] = start(schema.properties[name] ?? {});
      return value;
    }
    case 'union':
      return start(branchesOf(schema)[0] ?? {});
    default:
      return typesOf(schema)[0] === 'array' ? [] : typesOf(schema)[0] === 'object' ? {} : null;
  }
}

function startText(schema: Schema): string {
  const now = new Date();
  switch (schema.format) {
    case 'date':
      return now.toISOString().slice(0, 10);
    case 'time':
      return '09:00:00';
    case 'date-time':
      return now.toISOString();
  }
  // What a description gives as an example is the best that there is to go by.
  const example = /\b(?:for example|for instance|such as|like|e\.g\.)[,:]?\s+[“"'`]?([^,;.!?()“”"'`\n]+)/i.exec(schema.description ?? '');
  const text = example?.[1]?.trim() ?? 'some text';
  return text.padEnd(size(schema.minLength) ?? 0, '.').slice(0, size(schema.maxLength));
}

/** A value of a choice, as it is shown. */
export const plain = (value: Json): string => (typeof value === 'string' ? value : write(value));

/** The branch that a value most probably belongs to. */
export function branchFor(schema: Schema, value: Json | undefined): number {
  const fits = branchesOf(schema).map((branch) => fit(branch, value));
  return Math.max(0, fits.indexOf(Math.max(...fits)));
}

function fit(schema: Schema, value: Json | undefined): number {
  if ('const' in schema) return same(schema.const, value) ? 3 : -1;
  if (Array.isArray(schema.enum)) return schema.enum.some((choice: Json) => same(choice, value)) ? 3 : -1;
  if (value === null) return schema.type === 'null' ? 3 : -1;
  if (Array.isArray(value)) return typesOf(schema).includes('array') ? 2 : -1;
  if (isObject(value)) {
    if (!typesOf(schema).includes('object')) return -1;
    let points = 1;
    for (const [name, member] of Object.entries(schema.properties ?? {}) as [string, Schema][]) {
      if (name in value) points += fit(member, value[name]) >= 0 ? 2 : -4;
      else if (schema.required?.includes(name)) points -= 4;
    }
    return points;
  }
  const type = isNumber(value) ? 'number' : typeof value;
  const types = typesOf(schema);
  return types.includes(type) || (type === 'number' && types.includes('integer')) ? 2 : -1;
}

export function branchName(branch: Schema, index: number): string {
  if (branch.title) return branch.title;
  if (branch.type === 'null') return 'null';
  if ('const' in branch) return plain(branch.const);
  if (Array.isArray(branch.enum)) return branch.enum.map(plain).join(' | ');
  for (const member of Object.values(branch.properties ?? {}) as Schema[]) {
    const fixed = 'const' in member ? member.const : member.enum?.length === 1 ? member.enum[0] : undefined;
    if (fixed !== undefined) return plain(fixed);
  }
  const names = Object.keys(branch.properties ?? {});
  if (names.length === 1) return names[0]!;
  return typesOf(branch)[0] ?? `form ${index + 1}`;
}

/** What is said below a field of what it may hold. */
export function bounds(schema: Schema): string {
  const said: string[] = [];
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  const range = (from: Json | undefined, to: Json | undefined, unit: string) =>
    from !== undefined && to !== undefined
      ? `${write(from)} to ${write(to)}${unit}`
      : from !== undefined
        ? `${write(from)}${unit} or more`
        : `at most ${write(to ?? null)}${unit}`;
  if (minimum !== undefined || maximum !== undefined) said.push(range(minimum, maximum, ''));
  if (schema.exclusiveMinimum !== undefined) said.push(`more than ${write(schema.exclusiveMinimum)}`);
  if (schema.exclusiveMaximum !== undefined) said.push(`less than ${write(schema.exclusiveMaximum)}`);
  if (minLength !== undefined || maxLength !== undefined) said.push(range(minLength, maxLength, ' characters'));
  if (minItems !== undefined || maxItems !== undefined) said.push(range(minItems, maxItems, ' items'));
  if (schema.pattern) said.push(`pattern ${schema.pattern}`);
  // A date has a field of its own, which says it better.
  if (schema.format && schema.format !== 'date') said.push(String(schema.format));
  if (schema.default !== undefined) said.push(`default ${write(schema.default)}`);
  return said.join(' · ');
}
