// How times, outcomes and events are said.
import type { Delivery, ToolRun } from './api';
import { object, parse, visible } from './json';

export function duration(ms: number): string {
  if (ms < 1) return '< 1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  return `${seconds < 10 ? +seconds.toFixed(2) : +seconds.toFixed(1)} s`;
}

export function clock(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The time of day, and the day where it is another one. */
export function moment(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return date.toDateString() === new Date().toDateString() ? clock(at) : `${day} ${clock(at)}`;
}

const LONGEST_NAME = 120;

/** A name that comes from outside: not longer than a heading may be, and what would reorder the text beside it is seen. */
export function name(text: string): string {
  const short = text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
  return visible(short);
}

export type Tone = 'good' | 'bad' | 'warn' | 'calm';
export interface Judgement {
  tone: Tone;
  text: string;
}

/** How the outcomes of the log are said here: in the same words. */
const OUTCOMES: { [outcome: string]: Judgement } = {
  answered: { tone: 'good', text: 'answered' },
  accepted: { tone: 'good', text: 'accepted' },
  acknowledged: { tone: 'good', text: 'acknowledged' },
  repeated: { tone: 'calm', text: 'repeated' },
  stored: { tone: 'calm', text: 'repeated' },
  told: { tone: 'warn', text: 'told an error' },
  arguments: { tone: 'warn', text: 'wrong arguments' },
  unknown: { tone: 'warn', text: 'unknown tool' },
  refused: { tone: 'warn', text: 'refused' },
  fallback: { tone: 'warn', text: 'fallback' },
  failed: { tone: 'bad', text: 'failed' },
  late: { tone: 'bad', text: 'too late' },
  panicked: { tone: 'bad', text: 'panicked' },
};

const said = (outcome: string): Judgement => OUTCOMES[outcome] ?? { tone: 'calm', text: outcome };

export const outcomeOf = (run: ToolRun): Judgement => (run.outcome === null ? { tone: 'calm', text: 'running' } : said(run.outcome));

/** Not where its delivery was refused. */
export const wasRun = (run: ToolRun): boolean => run.outcome !== 'not run';

const WORST: Tone[] = ['bad', 'warn', 'calm', 'good'];

/** The whole delivery in two words. */
export function judge(delivery: Delivery): Judgement {
  if (delivery.verified === false) return { tone: 'bad', text: 'not verified' };
  if (delivery.status === null) return { tone: 'calm', text: 'running' };
  if (delivery.status >= 400) return { tone: 'bad', text: `refused, ${delivery.status}` };
  const outcomes = delivery.tools.map(outcomeOf);
  for (const tone of WORST) {
    const found = outcomes.find((outcome) => outcome.tone === tone);
    if (found) return found;
  }
  if (delivery.log.some((line) => line.level === 'ERROR')) return { tone: 'bad', text: 'handler failed' };
  // A program with a logger of its own tells no outcome.
  return said(delivery.outcome ?? 'answered');
}

/** What stands in the place of a secret. */
export const HIDDEN = '[secret]';

const EVENTS: { [event: string]: string } = {
  'assistant-request': 'Incoming call',
  'tool-calls': 'Tool call',
  'status-update': 'Status',
  'end-of-call-report': 'Report',
};

/** What a delivery is about, for a list. */
export function subject(delivery: Delivery): string {
  if (delivery.tools.length > 0) return name(delivery.tools.map((run) => run.name).join(', '));
  const event = EVENTS[delivery.event ?? ''] ?? delivery.event ?? 'unread delivery';
  return name(delivery.event === 'status-update' ? `${event}: ${statusOf(delivery)}` : event);
}

function statusOf(delivery: Delivery): string {
  const read = parse(delivery.body);
  const status = 'value' in read ? object(object(object(read.value).message).call).status : undefined;
  return typeof status === 'string' ? status : 'unknown';
}
