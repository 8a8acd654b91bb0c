// The tools, each with a form for its arguments; called through the whole pipeline.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { deliver, type Sent, type Tool } from '../api';
import { announce } from '../announce';
import { call, toolCallBody } from '../calls';
import { CallFields } from '../parts/call-fields';
import { app, deliveryOf } from '../live';
import { indented, isObject, object, parse, write as asJson, type Json, type JsonObject } from '../json';
import { Badge, Copy, Empty, Section, Title } from '../parts/basics';
import { JsonText } from '../parts/code';
import { ArgumentsForm } from '../parts/form';
import { Icon } from '../parts/icon';
import { Timeline } from '../parts/timeline';
import { link, route } from '../router';
import { curl, test } from '../snippets';
import { duration, outcomeOf } from '../words';

/** From so many tools on they are sought rather than read. */
const MANY = 12;
const sought = signal('');

export function ToolsView() {
  const tools = app.value?.tools ?? [];
  const name = route.value[1];
  const list = useRef<HTMLElement>(null);
  useEffect(() => void (list.current && reveal(list.current)), [name]);
  if (tools.length === 0) {
    return (
      <Empty heading title="This app has no tools yet">
        <p>
          Annotate a function with <code>#[tool]</code> and start the server again.
        </p>
      </Empty>
    );
  }
  const chosen = tools.find((tool) => tool.name === name);
  const shown = chosen ?? tools[0]!;
  const words = sought.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = tools.filter((tool) => words.every((word) => `${tool.name} ${tool.description}`.toLowerCase().includes(word)));
  // On a phone the list is all there is, until a tool is chosen.
  const ListTitle = chosen ? 'h2' : 'h1';
  return (
    <div class={`split ${chosen ? 'chosen' : ''}`}>
      <nav class="list" aria-label="Tools" ref={list}>
        <ListTitle class="list-title">
          Tools <span class="quiet">{tools.length}</span>
        </ListTitle>
        {tools.length > MANY && (
          <div class="list-head">
            <label class="sr" for="sought-tool">
              Filter tools
            </label>
            <input id="sought-tool" type="search" placeholder="Name, description" value={sought.value} onInput={(event) => (sought.value = event.currentTarget.value)} />
          </div>
        )}
        <ul>
          {found.map((tool) => (
            <li key={tool.name}>
              <a href={link('tools', tool.name)} aria-current={shown === tool ? 'true' : undefined}>
                <span class="mono strong">{tool.name}</span>
                <span class="quiet clamp">{tool.description}</span>
              </a>
            </li>
          ))}
        </ul>
        {found.length === 0 && <p class="quiet pad">Nothing matches.</p>}
      </nav>
      <div class="detail">
        <ToolView key={shown.name} tool={shown} />
      </div>
    </div>
  );
}

/** An address may lead to a tool far down. (`scrollIntoView` would also move where Tab goes on from.) */
function reveal(list: HTMLElement) {
  const chosen = list.querySelector('[aria-current]')?.getBoundingClientRect();
  const seen = list.getBoundingClientRect();
  if (chosen && (chosen.top < seen.top || chosen.bottom > seen.bottom)) list.scrollTop += chosen.top - seen.top - seen.height / 2;
}

/** What was typed is still there after a look at another view. */
const drafts = new Map<string, JsonObject>();

function ToolView({ tool }: { tool: Tool }) {
  const [given, write] = useState<JsonObject>(drafts.get(tool.name) ?? tool.example);
  const [text, writeText] = useState<string | null>(null);
  /** A form that was reset begins anew: some of its fields hold more than their value. */
  const [resets, reset] = useState(0);
  const [sent, setSent] = useState<(Sent & { body: string }) | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const result = useRef<HTMLDivElement>(null);
  // On a small screen the answer is below what was pressed.
  useEffect(() => void (sent && result.current?.scrollIntoView({ block: 'nearest' })), [sent]);
  useEffect(() => void drafts.set(tool.name, given), [given]);

  const read = text === null ? null : parse(text);
  const values: Json = read && 'value' in read ? read.value : given;
  const body = () => toolCallBody([{ name: tool.name, arguments: values }]);

  const broken = read !== null && 'problem' in read;

  const run = async () => {
    if (busy || broken) return;
    setBusy(true);
    setProblem(null);
    const sending = body();
    try {
      const answer = await deliver(sending);
      setSent({ ...answer, body: sending });
      announce(`${tool.name} answered`);
    } catch (error) {
      setProblem(String(error instanceof Error ? error.message : error));
    } finally {
      setBusy(false);
    }
  };
  const toText = () => writeText(indented(values));
  const toForm = () => {
    if (isObject(values)) write(values);
    writeText(null);
  };

  return (
    <>
      <a class="back" href={link('tools')}>
        <Icon name="back" /> Tools
      </a>
      <Title id={tool.name}>
        <span class="mono">{tool.name}</span>
      </Title>
      <p class="lead">{tool.description}</p>
      <p class="facts">
        {tool.async ? (
          <span>answered at once, runs in the background</span>
        ) : (
          <span>answered within {duration(tool.deadline_ms ?? app.value?.limits.tool_calls_ms ?? 0)}</span>
        )}
        {tool.message && <span>says “{tool.message}”</span>}
        <span class="mono">{tool.location}</span>
      </p>
      <div class="trial">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void run();
          }
        }}
      >
        <Section
          title="Arguments"
          actions={
            <div class="switch" role="group" aria-label="How to write the arguments">
              <button type="button" aria-pressed={text === null} onClick={toForm} disabled={broken}>
                Form
              </button>
              <button type="button" aria-pressed={text !== null} onClick={() => text === null && toText()}>
                JSON
              </button>
            </div>
          }
        >
          {text === null ? (
            <ArgumentsForm key={resets} schema={tool.parameters} value={given} change={write} />
          ) : (
            <div class="field">
              <label for="arguments-json">Arguments as JSON</label>
              <textarea
                id="arguments-json"
                class="code"
                rows={Math.min(20, text.split('\n').length + 1)}
                spellcheck={false}
                aria-invalid={broken}
                value={text}
                onInput={(event) => writeText(event.currentTarget.value)}
              />
              {broken && <p class="problem">{read.problem}</p>}
            </div>
          )}
        </Section>
        <details class="more">
          <summary>
            The call it belongs to: <span class="mono">{call.value.web ? 'web call' : call.value.caller || 'no number'}</span>
          </summary>
          <CallFields />
        </details>
        <div class="actions">
          <button class="primary" disabled={busy || broken}>
            <Icon name="play" /> {busy ? 'Waiting…' : 'Call tool'}
          </button>
          <button
            type="button"
            onClick={() => {
              write(tool.example);
              writeText(null);
              reset(resets + 1);
            }}
          >
            Reset to the example
          </button>
          <Copy what="curl" text={() => curl(app.value?.webhook ?? '', body(), app.value?.signed ?? true)} />
        </div>
      </form>
      <div class="result" ref={result}>
        {problem && <p class="problem" role="alert">{problem}</p>}
        {sent ? <Result tool={tool} sent={sent} /> : <Section title="Result"><Empty title="Not called yet"><p>Ctrl + Enter calls it from any field.</p></Empty></Section>}
      </div>
      </div>
    </>
  );
}

function Result({ tool, sent }: { tool: Tool; sent: Sent & { body: string } }) {
  const seen = deliveryOf(sent);
  const run = seen?.tools[0];
  const read = parse(sent.reply);
  const results = 'value' in read ? object(read.value).results : undefined;
  const result = Array.isArray(results) ? asJson(object(results[0]).result ?? null) : sent.reply;
  return (
    <Section
      title="Result"
      actions={
        <div class="actions">
          <Copy what="test" text={() => test({ body: sent.body, reply: sent.reply, status: sent.status })} />
          {seen && (
            <a class="button small" href={link('deliveries', seen.id)}>
              Open delivery
            </a>
          )}
        </div>
      }
    >
      <p class="facts">
        {run ? <Badge {...outcomeOf(run)} /> : <span class="badge calm">{sent.status}</span>}
        <span>status {sent.status}</span>
        {seen?.answered_ms != null && <span>answered after {duration(seen.answered_ms)}</span>}
      </p>
      <JsonText text={result} label={`Result of ${tool.name}`} />
      {seen && <Timeline delivery={seen} />}
    </Section>
  );
}
