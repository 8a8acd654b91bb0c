// What was written down before it was acknowledged, and what could not be done.
import { useEffect, useState } from 'preact/hooks';
import { loadInbox, replayDead, type Inbox, type InboxItem } from '../api';
import { announce } from '../announce';
import { app, inboxChanges } from '../live';
import { Badge, Empty, Section, Title } from '../parts/basics';
import { visible } from '../json';
import { JsonText } from '../parts/code';
import { Icon } from '../parts/icon';
import { moment, name, type Judgement } from '../words';

export function InboxView() {
  if (!app.value?.inbox) {
    return (
      <>
        <Title id="inbox">Inbox</Title>
        <Empty title="This app keeps no inbox">
          <p>Notifications are handled from memory: what a crash interrupts is lost.</p>
        </Empty>
      </>
    );
  }
  return <Open />;
}

const STATES: { [state in InboxItem['state']]: Judgement } = {
  waiting: { tone: 'calm', text: 'waiting' },
  running: { tone: 'calm', text: 'running' },
  dead: { tone: 'bad', text: 'dead letter' },
};

function Open() {
  const [inbox, show] = useState<Inbox | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = () =>
    loadInbox().then(
      (found) => (show(found), setProblem(null)),
      (error) => setProblem(String(error.message ?? error)),
    );
  useEffect(() => {
    void look();
    // A retry that comes due changes the state without a delivery that would tell.
    const timer = setInterval(look, 2000);
    return () => clearInterval(timer);
  }, [inboxChanges.value]);
  const replay = async (item: InboxItem) => {
    try {
      await replayDead(item.id);
      announce(`${item.event} is tried again`);
      await look();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  if (!inbox) {
    return (
      <div class="narrow">
        <Title id="inbox">Inbox</Title>
        {problem ? <p class="problem" role="alert">{problem}</p> : <p class="lead">Looking…</p>}
      </div>
    );
  }
  const dead = inbox.items.filter((item) => item.state === 'dead');
  const others = inbox.items.filter((item) => item.state !== 'dead');
  return (
    <div class="narrow">
      <Title id="inbox">Inbox</Title>
      <p class="lead">
        Kept in <span class="mono break">{inbox.store}</span>
      </p>
      <dl class="counts">
        <div>
          <dt>waiting</dt>
          <dd>{inbox.counts.waiting}</dd>
        </div>
        <div>
          <dt>running</dt>
          <dd>{inbox.counts.running}</dd>
        </div>
        <div class={inbox.counts.dead > 0 ? 'bad' : ''}>
          <dt>dead letters</dt>
          <dd>{inbox.counts.dead}</dd>
        </div>
      </dl>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <Section title="Dead letters">
        {dead.length === 0 ? <p class="quiet">None: everything that was taken was done, or is still tried.</p> : dead.map((item) => <Item key={item.id} item={item} replay={replay} />)}
      </Section>
      <Section title="Waiting and running">
        {others.length === 0 ? <p class="quiet">Nothing waits.</p> : others.map((item) => <Item key={item.id} item={item} />)}
      </Section>
    </div>
  );
}

function Item({ item, replay }: { item: InboxItem; replay?: (item: InboxItem) => Promise<void> }) {
  return (
    <details class="card">
      <summary>
        <span class="strong break">{name(item.event)}</span>
        <Badge {...STATES[item.state]} />
        <span class="quiet mono clip">{name(item.call_id ?? '')}</span>
        <span class="quiet">{moment(item.appended_at)}</span>
      </summary>
      <p class="facts">
        <span class="mono break">{item.handler}</span>
        <span>
          {item.tries} {item.tries === 1 ? 'try' : 'tries'}
        </span>
        {item.next_try_at !== null && <span>next at {moment(item.next_try_at)}</span>}
      </p>
      {item.last_error && <p class="problem">{visible(item.last_error)}</p>}
      <JsonText text={item.payload} label={`Payload of ${item.event}`} />
      {replay && (
        <div class="actions">
          <button class="primary" onClick={() => void replay(item)}>
            <Icon name="again" /> Replay
          </button>
        </div>
      )}
    </details>
  );
}
