// A phone call, step by step: one button for each thing that the platform would tell.
import { signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { deliver, type Sent } from '../api';
import { announce } from '../announce';
import { body, call, keepMetadata, newCall, toolCallBody } from '../calls';
import { app, deliveryOf } from '../live';
import { indented, object, parse, visible, type Json } from '../json';
import { Badge, Empty, Section, Title } from '../parts/basics';
import { CallFields } from '../parts/call-fields';
import { Icon, type IconName } from '../parts/icon';
import { link } from '../router';
import { clock, duration, judge } from '../words';
import { compose } from './compose';

interface Step {
  call: string;
  title: string;
  at: number;
  body: string;
  sent: Sent | null;
  problem: string | null;
  heard: string[];
}

const steps = signal<Step[]>([]);
const busy = signal(false);
const chosenTool = signal<string | null>(null);
const argumentTexts = signal<{ [tool: string]: string }>({});

/** What the caller would hear because of an answer. */
function heard(event: string, body: string, reply: Json): string[] {
  const answer = object(reply);
  if (event === 'assistant-request') {
    const configured = { ...object(answer.assistant), ...object(answer.assistant_override) };
    return [answer.error, configured.first_message].filter((text) => typeof text === 'string');
  }
  if (event !== 'tool-calls') return [];
  const calls = (JSON.parse(body).message?.tool_call_list ?? []) as { function: { name: string } }[];
  const said = calls.map(({ function: { name } }) => app.value?.tools.find((tool) => tool.name === name)?.message);
  return said.filter((text) => text !== undefined);
}

async function take(title: string, event: string, sending: string): Promise<boolean> {
  busy.value = true;
  const step: Step = { call: call.value.id, title, at: Date.now(), body: sending, sent: null, problem: null, heard: [] };
  try {
    step.sent = await deliver(sending);
    const reply = parse(step.sent.reply);
    if ('value' in reply) {
      step.heard = heard(event, sending, reply.value);
      if (event === 'assistant-request') keepMetadata(reply.value);
    }
    announce(`${title}: ${step.sent.status === 200 ? 'answered' : `refused with ${step.sent.status}`}`);
  } catch (error) {
    step.problem = error instanceof Error ? error.message : String(error);
  }
  steps.value = [...steps.value, step];
  busy.value = false;
  return step.sent?.status === 200;
}

interface StepButton {
  key: string;
  title: string;
  about: string;
  icon: IconName;
  event: string;
  body: () => string;
}

const STEPS: { [name: string]: StepButton } = {
  ring: {
    key: 'ring', title: 'Ring', about: 'assistant-request', icon: 'phone', event: 'assistant-request',
    body: () => body('assistant-request', 'ringing'),
  },
  answer: {
    key: 'answer', title: 'Pick up', about: 'status-update, in-progress', icon: 'check', event: 'status-update',
    body: () => body('status-update', 'in-progress'),
  },
  hangUp: {
    key: 'hangUp', title: 'Hang up', about: 'status-update, ended', icon: 'close', event: 'status-update',
    body: () => body('status-update', 'ended', { end_reason: 'user_hangup' }),
  },
  breakOff: {
    key: 'breakOff', title: 'Break off', about: 'status-update, ended-with-error', icon: 'close', event: 'status-update',
    body: () => body('status-update', 'ended-with-error', { error: 'speech recognition lost', end_reason: 'error' }),
  },
  report: {
    key: 'report', title: 'Report', about: 'end-of-call-report', icon: 'list', event: 'end-of-call-report',
    body: () => body('end-of-call-report', 'ended'),
  },
};

const tool = () => app.value?.tools.find(({ name }) => name === chosenTool.value) ?? app.value?.tools[0];
const argumentText = (name: string) =>
  argumentTexts.value[name] ?? indented(app.value?.tools.find((one) => one.name === name)?.example ?? {});

function toolBody(): string {
  const name = tool()?.name ?? '';
  const read = parse(argumentText(name));
  return toolCallBody([{ name, arguments: 'value' in read ? read.value : argumentText(name) }]);
}

async function playAll() {
  newCall();
  for (const step of [STEPS.ring!, STEPS.answer!]) await take(step.title, step.event, step.body());
  if (tool()) await take(`Tool ${tool()!.name}`, 'tool-calls', toolBody());
  for (const step of [STEPS.hangUp!, STEPS.report!]) await take(step.title, step.event, step.body());
}

export function CallView() {
  const mine = steps.value.filter((step) => step.call === call.value.id);
  const last = mine.at(-1);
  return (
    <div class="columns">
      <div>
        <Title id="call">Phone call</Title>
        <p class="lead">Each button sends what the platform would send at that moment, signed.</p>
        <div class="actions">
          <button class="primary" onClick={() => void playAll()} disabled={busy.value}>
            <Icon name="play" /> Play a whole call
          </button>
          <button
            disabled={busy.value || !last}
            onClick={() => last && void take(`${last.title}, again`, eventOf(last.body), last.body)}
            title="The same bytes, as a platform that retries would send them"
          >
            <Icon name="again" /> Send the last one again
          </button>
        </div>
        <Section title="Steps">
          <ol class="steps">
            <StepRow step={STEPS.ring!} />
            <StepRow step={STEPS.answer!} />
            <ToolStep />
            <StepRow step={STEPS.hangUp!} />
            <StepRow step={STEPS.breakOff!} />
            <StepRow step={STEPS.report!} />
          </ol>
        </Section>
      </div>
      <Section title="What happened">
        {mine.length === 0 ? (
          <Empty title="Nothing yet">
            <p>Let it ring, or play a whole call.</p>
          </Empty>
        ) : (
          <ol class="story">
            {mine.map((step, index) => (
              <StoryRow key={index} step={step} />
            ))}
          </ol>
        )}
      </Section>
      <Section title="Who calls">
        <CallFields />
      </Section>
    </div>
  );
}

const eventOf = (text: string): string => {
  const read = parse(text);
  return 'value' in read ? String(object(object(read.value).message).type ?? '') : '';
};

function StepRow({ step }: { step: StepButton }) {
  return (
    <li>
      <button class="step" disabled={busy.value} onClick={() => void take(step.title, step.event, step.body())}>
        <Icon name={step.icon} />
        <span class="strong">{step.title}</span>
        <span class="quiet mono">{step.about}</span>
        <Last title={step.title} />
      </button>
      <button class="plain" aria-label={`Edit ${step.title} before sending`} onClick={() => compose(step.title, step.body())}>
        <Icon name="pencil" />
      </button>
    </li>
  );
}

/** How a step went the last time in this call. */
function Last({ title }: { title: string }) {
  const last = steps.value.findLast((step) => step.call === call.value.id && step.title === title);
  const seen = deliveryOf(last?.sent);
  return seen ? <Badge {...judge(seen)} /> : null;
}

function ToolStep() {
  const id = useId();
  const chosen = tool();
  if (!chosen) return null;
  const text = argumentText(chosen.name);
  const read = parse(text);
  const problem = 'problem' in read ? read.problem : null;
  return (
    <li class="tool-step">
      <div class="line">
        <button class="step" disabled={busy.value || problem !== null} onClick={() => void take(`Tool ${chosen.name}`, 'tool-calls', toolBody())}>
          <Icon name="tool" />
          <span class="strong">Call a tool</span>
          <span class="quiet mono">tool-calls</span>
          <Last title={`Tool ${chosen.name}`} />
        </button>
        <button class="plain" aria-label="Edit the tool call before sending" disabled={problem !== null} onClick={() => compose(`Tool ${chosen.name}`, toolBody())}>
          <Icon name="pencil" />
        </button>
      </div>
      <div class="fields">
        <div class="field">
          <label for={`${id}-tool`}>Tool</label>
          <select id={`${id}-tool`} value={chosen.name} onChange={(event) => (chosenTool.value = event.currentTarget.value)}>
            {app.value?.tools.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for={`${id}-arguments`}>Arguments</label>
          <textarea
            id={`${id}-arguments`}
            class="code"
            rows={Math.min(10, text.split('\n').length)}
            spellcheck={false}
            aria-invalid={problem !== null}
            value={text}
            onInput={(event) => (argumentTexts.value = { ...argumentTexts.value, [chosen.name]: event.currentTarget.value })}
          />
          {problem && <p class="problem">{problem}</p>}
        </div>
      </div>
    </li>
  );
}

function StoryRow({ step }: { step: Step }) {
  const seen = deliveryOf(step.sent);
  return (
    <li>
      <div class="line">
        <span class="quiet mono">{clock(step.at)}</span>
        <span class="strong">{step.title}</span>
        {seen ? <Badge {...judge(seen)} /> : <span class={`badge ${step.problem ? 'bad' : 'calm'}`}>{step.sent?.status ?? 'not sent'}</span>}
        {seen?.answered_ms != null && <span class="quiet">{duration(seen.answered_ms)}</span>}
        {seen && (
          <a class="open" href={link('deliveries', seen.id)} aria-label={`Open the delivery of ${step.title}`}>
            Open
          </a>
        )}
      </div>
      {step.problem && <p class="problem">{step.problem}</p>}
      {step.heard.map((text, index) => (
        <p class="heard" key={index}>
          <span class="sr">The caller hears: </span>“{visible(text)}”
        </p>
      ))}
      {seen?.tools.map((run) => run.result && <p class="told mono" key={run.tool_call_id}>{visible(run.result)}</p>)}
    </li>
  );
}
