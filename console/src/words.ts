// How times, outcomes and events are said.
import type { Delivery, ToolRun } from './api';

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

export type Tone = 'good' | 'bad' | 'warn' | 'calm';
export interface Judgement {
  tone: Tone;
  text: string;
}

const OUTCOMES: { [outcome: string]: Judgement } = {
  ok: { tone: 'good', text: 'ok' },
  accepted: { tone: 'good', text: 'accepted' },
  stored: { tone: 'calm', text: 'stored result' },
  told: { tone: 'warn', text: 'told an error' },
  arguments: { tone: 'warn', text: 'wrong arguments' },
  unknown: { tone: 'warn', text: 'no such tool' },
  failed: { tone: 'bad', text: 'failed' },
  late: { tone: 'bad', text: 'too late' },
  panicked: { tone: 'bad', text: 'panicked' },
};

export function outcomeOf(run: ToolRun): Judgement {
  if (run.outcome === null) return { tone: 'calm', text: 'running' };
  return OUTCOMES[run.outcome] ?? { tone: 'calm', text: run.outcome };
}

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
  return { tone: 'good', text: delivery.event === 'assistant-request' ? 'answered' : 'acknowledged' };
}

const EVENTS: { [event: string]: string } = {
  'assistant-request': 'Incoming call',
  'tool-calls': 'Tool call',
  'status-update': 'Status',
  'end-of-call-report': 'Report',
};

/** What a delivery is about, for a list. */
export function subject(delivery: Delivery): string {
  if (delivery.tools.length > 0) return delivery.tools.map((run) => run.name).join(', ');
  const name = EVENTS[delivery.event ?? ''] ?? delivery.event ?? 'unread delivery';
  return delivery.event === 'status-update' ? `${name}: ${statusOf(delivery)}` : name;
}

function statusOf(delivery: Delivery): string {
  try {
    return JSON.parse(delivery.body).message.call.status;
  } catch {
    return 'unknown';
  }
}
