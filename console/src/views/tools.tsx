// The tools, each with a form for its arguments; called through the whole pipeline.
import { useEffect, useRef, useState } from 'preact/hooks';
import { deliver, type Json, type JsonObject, type Tool } from '../api';
import { announce } from '../announce';
import { call, toolCallBody } from '../calls';
import { CallFields } from '../parts/call-fields';
import { app, delivery } from '../live';
import { parse } from '../json';
import { Badge, Copy, Empty, Section, Title } from '../parts/basics';
import { JsonText } from '../parts/code';
import { ArgumentsForm } from '../parts/form';
import { Icon } from '../parts/icon';
import { Timeline } from '../parts/timeline';
import { link, route } from '../router';
import { curl, test } from '../snippets';
import { duration, outcomeOf } from '../words';

export function ToolsView() {
  const tools = app.value?.tools ?? [];
  const name = route.value[1];
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
  // On a phone the list is all there is, until a tool is chosen.
  const ListTitle = chosen ? 'h2' : 'h1';
  return (
    <div class={`split ${chosen ? 'chosen' : ''}`}>
      <nav class="list" aria-label="Tools">
        <ListTitle class="list-title">
          Tools <span class="quiet">{tools.length}</span>
        </ListTitle>
        <ul>
          {tools.map((tool) => (
            <li key={tool.name}>
              <a href={link('tools', tool.name)} aria-current={shown === tool ? 'true' : undefined}>
                <span class="mono strong">{tool.name}</span>
                <span class="quiet clamp">{tool.description}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="detail">
        <ToolView key={shown.name} tool={shown} />
      </div>
    </div>
  );
}

/** What was typed is still there after a look at another view. */
const drafts = new Map<string, JsonObject>();

function ToolView({ tool }: { tool: Tool }) {
  const [given, write] = useState<JsonObject>(drafts.get(tool.name) ?? tool.example);
  const [text, writeText] = useState<string | null>(null);
  const [sent, setSent] = useState<{ id: number | null; body: string; reply: string; status: number } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const result = useRef<HTMLDivElement>(null);
  // On a small screen the answer is below what was pressed.
  useEffect(() => void (sent && result.current?.scrollIntoView({ block: 'nearest' })), [sent]);
  useEffect(() => void drafts.set(tool.name, given), [given]);

  const read = text === null ? null : parse(text);
  const values: Json = read && 'value' in read ? read.value : given;
  const body = () => toolCallBody([{ name: tool.name, arguments: values }]);

  const run = async () => {
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
  const toText = () => writeText(JSON.stringify(values, null, 2));
  const toForm = () => {
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) write(values);
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
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void run();
        }}
      >
        <Section
          title="Arguments"
          actions={
            <div class="switch" role="group" aria-label="How to write the arguments">
              <button type="button" aria-pressed={text === null} onClick={toForm} disabled={read !== null && 'problem' in read}>
                Form
              </button>
              <button type="button" aria-pressed={text !== null} onClick={() => text === null && toText()}>
                JSON
              </button>
            </div>
          }
        >
          {text === null ? (
            <ArgumentsForm key={tool.name} schema={tool.parameters} value={given} change={write} />
          ) : (
            <div class="field">
              <label for="arguments-json">Arguments as JSON</label>
              <textarea
                id="arguments-json"
                class="code"
                rows={Math.min(20, text.split('\n').length + 1)}
                spellcheck={false}
                aria-invalid={read !== null && 'problem' in read}
                value={text}
                onInput={(event) => writeText(event.currentTarget.value)}
              />
              {read !== null && 'problem' in read && <p class="problem">{read.problem}</p>}
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
          <button class="primary" disabled={busy || (read !== null && 'problem' in read)}>
            <Icon name="play" /> {busy ? 'Waiting…' : 'Call tool'}
          </button>
          <button
            type="button"
            onClick={() => {
              write(tool.example);
              writeText(null);
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

function Result({ tool, sent }: { tool: Tool; sent: { id: number | null; body: string; reply: string; status: number } }) {
  const seen = sent.id === null ? undefined : delivery(sent.id);
  const run = seen?.tools[0];
  const read = parse(sent.reply);
  const results = 'value' in read ? (read.value as any)?.results : undefined;
  const result = Array.isArray(results) ? JSON.stringify(results[0]?.result) : sent.reply;
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
