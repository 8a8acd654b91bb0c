// Any delivery, edited before it is sent: a replay with changes, a broken signature, an old timestamp.
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { deliver, type Delivery, type Sent, type Signature } from '../api';
import { app, delivery, repeats } from '../live';
import { parse, pretty } from '../json';
import { Copy, Empty, Section, Title } from '../parts/basics';
import { JsonText } from '../parts/code';
import { Icon } from '../parts/icon';
import { go, link } from '../router';
import { curl } from '../snippets';
import { HIDDEN } from '../words';

interface Draft {
  title: string;
  body: string;
  /** The delivery that it was taken from. */
  from: Delivery | null;
}

const draft = signal<Draft | null>(null);

export function compose(title: string, body: string, from: Delivery | null = null) {
  draft.value = { title, body: pretty(body), from };
  go('compose');
}

export function ComposeView() {
  const begun = draft.value;
  if (!begun) {
    return (
      <Empty heading title="Nothing to edit">
        <p>
          Choose a delivery and then “Edit and replay”, or begin <a href={link('call')}>a phone call</a>.
        </p>
      </Empty>
    );
  }
  return <Editor key={begun.title} begun={begun} />;
}

const AGES: { seconds: number; title: string }[] = [
  { seconds: 0, title: 'now' },
  { seconds: 299, title: '299 s ago' },
  { seconds: 400, title: '400 s ago, stale' },
  { seconds: -400, title: '400 s ahead' },
];

function Editor({ begun }: { begun: Draft }) {
  const [text, write] = useState(begun.body);
  const [signature, sign] = useState<Signature>('valid');
  const [age, setAge] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Sent | null>(null);
  const read = parse(text);
  // After a new start of the server the number is another delivery's.
  const original = begun.from && delivery(begun.from.id)?.at === begun.from.at ? begun.from : undefined;

  const send = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      const sent = await deliver(text, signature, age);
      if (sent.id !== null && original) repeats.set(sent.id, original.id);
      if (sent.id !== null) go('deliveries', sent.id);
      else setAnswer(sent);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      class="narrow"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          void send();
        }
      }}
    >
      {original && (
        <a class="back always" href={link('deliveries', original.id)}>
          <Icon name="back" /> Delivery {original.id}
        </a>
      )}
      <Title id="compose">Edit and send: {begun.title}</Title>
      <div class="field">
        <label for="body">Body</label>
        <textarea id="body" class="code" rows={Math.max(8, Math.min(28, text.split('\n').length + 1))} spellcheck={false} value={text} onInput={(event) => write(event.currentTarget.value)} />
        {text.includes(HIDDEN) && <p class="note">The secrets in it are not shown. It is sent with {HIDDEN} in their places.</p>}
        {'problem' in read && <p class="note">This is no JSON ({read.problem}). It can be sent all the same, to see how it is refused.</p>}
      </div>
      <div class="fields two">
        <div class="field">
          <label for="signature">Signature</label>
          <select id="signature" value={signature} onChange={(event) => sign(event.currentTarget.value as Signature)}>
            <option value="valid">{app.value?.signed ? 'valid' : 'none: this server has no secret'}</option>
            <option value="wrong">made with another secret</option>
            <option value="none">none</option>
          </select>
        </div>
        <div class="field">
          <label for="age">Timestamp</label>
          <select id="age" value={String(age)} onChange={(event) => setAge(Number(event.currentTarget.value))}>
            {AGES.map(({ seconds, title }) => (
              <option key={seconds} value={String(seconds)}>
                {title}
              </option>
            ))}
          </select>
        </div>
      </div>
      <div class="actions">
        <button class="primary" disabled={busy}>
          <Icon name="play" /> {busy ? 'Waiting…' : 'Send'}
        </button>
        <button type="button" onClick={() => write(begun.body)}>
          Undo my edits
        </button>
        <Copy what="curl" text={() => curl(app.value?.webhook ?? '', text, app.value?.signed ?? true)} />
      </div>
      {problem && <p class="problem" role="alert">{problem}</p>}
      {answer && (
        <Section title={`Answered ${answer.status}`}>
          <JsonText text={answer.reply} label="Answer" />
        </Section>
      )}
    </form>
  );
}
