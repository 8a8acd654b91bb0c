// What arrives, as it arrives.
import { signal } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import { forgetDeliveries, repeat, type Delivery } from '../api';
import { announce } from '../announce';
import { app, deliveries, delivery, repeats } from '../live';
import { visible } from '../json';
import { Badge, Copy, Empty, Section, Title } from '../parts/basics';
import { JsonText, PlainText } from '../parts/code';
import { Icon } from '../parts/icon';
import { Timeline, Used } from '../parts/timeline';
import { go, link, route } from '../router';
import { curl, test } from '../snippets';
import { clock, duration, HIDDEN, judge, name, outcomeOf, subject, wasRun } from '../words';
import { compose } from './compose';

const sought = signal('');

export function DeliveriesView() {
  const id = route.value[1] === undefined ? null : Number(route.value[1]);
  const chosen = id === null ? undefined : delivery(id);
  const words = sought.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = deliveries.value.filter((one) => {
    const text = `${one.id} ${subject(one)} ${one.event} ${one.call_id} ${judge(one).text}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (deliveries.value.length === 0) {
    return (
      <Empty heading title="No deliveries yet">
        <p>
          Call <a href={link('tools')}>a tool</a>, play <a href={link('call')}>a phone call</a>, or send one to
        </p>
        <p class="mono break">{app.value?.webhook}</p>
      </Empty>
    );
  }
  return (
    <div class={`split ${id !== null ? 'chosen' : ''}`}>
      <nav class="list" aria-label="Deliveries">
        {id === null && <h1 class="sr">Deliveries</h1>}
        <div class="list-head">
          <label class="sr" for="sought">
            Filter deliveries
          </label>
          <input id="sought" type="search" placeholder="Tool, event, call, outcome" value={sought.value} onInput={(event) => (sought.value = event.currentTarget.value)} />
          <button
            class="small"
            onClick={() => {
              void forgetDeliveries();
              go('deliveries');
            }}
          >
            Clear
          </button>
        </div>
        <ul aria-live="off">
          {shown.map((one) => (
            <Row key={one.id} delivery={one} chosen={one.id === id} />
          ))}
        </ul>
        {shown.length === 0 && <p class="quiet pad">Nothing matches.</p>}
      </nav>
      <div class="detail">
        {chosen ? (
          <DeliveryView key={chosen.id} delivery={chosen} />
        ) : id !== null ? (
          <Empty heading title={`Delivery ${id} is not kept any more`}>
            <p>
              <a href={link('deliveries')}>All deliveries</a>
            </p>
          </Empty>
        ) : (
          <Empty title="Choose a delivery" />
        )}
      </div>
    </div>
  );
}

function Row({ delivery: one, chosen }: { delivery: Delivery; chosen: boolean }) {
  // Drawn anew only where something of it changed: there are hundreds.
  return useMemo(
    () => (
      <li>
        <a href={link('deliveries', one.id)} aria-current={chosen ? 'true' : undefined} class="delivery-row">
          <span class="line">
            <span class="strong clip">{subject(one)}</span>
            <Badge {...judge(one)} />
          </span>
          <span class="line">
            <span class="quiet mono">{clock(one.at)}</span>
            <span class="quiet mono clip">{name(one.call_id ?? '')}</span>
            <Used delivery={one} />
          </span>
        </a>
      </li>
    ),
    [one, chosen],
  );
}

function DeliveryView({ delivery: shown }: { delivery: Delivery }) {
  const original = delivery(repeats.get(shown.id) ?? -1);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const replay = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const sent = await repeat(shown.id);
      announce('Sent again');
      if (sent.id === null) return;
      repeats.set(sent.id, shown.id);
      go('deliveries', sent.id);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <a class="back" href={link('deliveries')}>
        <Icon name="back" /> Deliveries
      </a>
      <Title id={`delivery-${shown.id}`}>
        {subject(shown)} <span class="quiet">#{shown.id}</span>
      </Title>
      <p class="facts">
        <Badge {...judge(shown)} />
        <span>{clock(shown.at)}</span>
        {shown.event && <span class="mono">{name(shown.event)}</span>}
        <span>{shown.from_console ? 'from this console' : 'from outside'}</span>
        <span>{shown.bytes.toLocaleString('en')} bytes</span>
      </p>
      {original && (
        <p class="facts">
          <span>
            Repeats <a href={link('deliveries', original.id)}>#{original.id}</a>: {sameAnswer(shown, original)}
          </span>
        </p>
      )}
      <div class="actions">
        <button class="primary" disabled={busy} onClick={() => void replay()}>
          <Icon name="again" /> {busy ? 'Waiting…' : 'Replay'}
        </button>
        <button onClick={() => compose(`${subject(shown)} #${shown.id}`, shown.body, shown)}>
          <Icon name="pencil" /> Edit and replay
        </button>
        <Copy what="curl" text={() => curl(app.value?.webhook ?? '', shown.body, app.value?.signed ?? true)} />
        <Copy what="test" text={() => test(shown)} />
      </div>
      {problem && <p class="problem" role="alert">{problem}</p>}
      {shown.body.includes(HIDDEN) && (
        <p class="note">
          Secrets in it are shown as {HIDDEN}. <i>Replay</i> sends what came; edits and copies have what is shown.
        </p>
      )}
      <Section title="Verification">
        <p class={`verdict ${shown.verified === false ? 'bad' : shown.verified ? 'good' : 'calm'}`}>
          <Icon name={shown.verified ? 'check' : 'close'} />
          <span>{shown.verdict || 'not yet'}</span>
        </p>
      </Section>
      <Section title="Time">
        <Timeline delivery={shown} />
      </Section>
      {shown.tools.map((run) => (
        <Section key={run.tool_call_id} title={name(run.name)} actions={<Badge {...outcomeOf(run)} />}>
          <div class="pair">
            <div>
              <h3>Arguments</h3>
              <JsonText text={run.arguments} label={`Arguments of ${name(run.name)}`} />
            </div>
            <div>
              <h3>Result</h3>
              {run.result === null ? <p class="quiet">{wasRun(run) ? 'It still runs.' : 'It was not run.'}</p> : <JsonText text={run.result} label={`Result of ${name(run.name)}`} />}
            </div>
          </div>
        </Section>
      ))}
      <Section title="Log">
        {shown.log.length === 0 ? (
          <p class="quiet">Nothing was logged.</p>
        ) : (
          <ol class="log">
            {shown.log.map((line, index) => (
              <li key={index} class={line.level.toLowerCase()}>
                <span class="quiet mono">{duration(line.at_ms)}</span>
                <span class="level mono">{line.level}</span>
                <span class="mono break">{visible(line.text)}</span>
              </li>
            ))}
          </ol>
        )}
      </Section>
      <Section title={shown.status === null ? 'Answer' : `Answer, ${shown.status}`}>
        {shown.reply === null ? <p class="quiet">Not yet.</p> : <JsonText text={shown.reply} label="Answer" />}
      </Section>
      <Section title="Request">
        <table class="headers">
          <tbody>
            <tr>
              <th scope="row" class="mono">
                {shown.method}
              </th>
              <td class="mono break">{shown.path}</td>
            </tr>
            {shown.headers.map(([name, value], index) => (
              <tr key={index}>
                <th scope="row" class="mono">
                  {name}
                </th>
                <td class="mono break">{visible(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <Section title="Body">
        {shown.event ? <JsonText text={shown.body} label="Body" /> : <PlainText text={shown.body} label="Body" />}
      </Section>
    </>
  );
}

function sameAnswer(one: Delivery, other: Delivery): string {
  if (one.status === null) return 'not answered yet';
  return one.status === other.status && one.reply === other.reply ? 'the same answer' : 'another answer';
}
