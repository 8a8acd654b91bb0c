// When what ended, beside how long it was allowed to take.
import type { Delivery } from '../api';
import { duration, name, outcomeOf, wasRun, type Tone } from '../words';

const percent = (ms: number, whole: number) => `${Math.min(100, (ms / whole) * 100).toFixed(2)}%`;

export function Timeline({ delivery }: { delivery: Delivery }) {
  const { limit_ms, budget_ms, answered_ms } = delivery;
  const ends = [...delivery.tools, ...delivery.handlers].flatMap((run) => (run.ended_ms === null ? [] : [run.ended_ms]));
  const whole = Math.max(limit_ms ?? 0, answered_ms ?? 0, ...ends, limit_ms === null ? 1 : 0);
  return (
    <div class="timeline">
      <Row name="answer" start={0} end={answered_ms} whole={whole} tone={late(answered_ms, budget_ms)} />
      {delivery.tools.filter(wasRun).map((run) => (
        <Row
          key={run.tool_call_id}
          name={name(run.name)}
          start={run.started_ms}
          end={run.ended_ms}
          whole={whole}
          tone={outcomeOf(run).tone}
          deadline={run.deadline_ms}
        />
      ))}
      {delivery.handlers.map((run, index) => (
        <Row
          key={index}
          name={run.attempt > 1 ? `${run.name}, try ${run.attempt}` : run.name}
          start={run.started_ms}
          end={run.ended_ms}
          whole={whole}
          tone={run.failed ? 'bad' : 'good'}
        />
      ))}
      {limit_ms === null ? (
        <p class="quiet">The platform does not wait for this answer.</p>
      ) : (
        <div class="row scale" aria-hidden="true">
          <span class="name" />
          <span class="marks">
            <span>0</span>
            {budget_ms !== null && (
              <span class="mark" style={{ left: percent(budget_ms, whole) }}>
                {duration(budget_ms)}
              </span>
            )}
            <span class="mark" style={{ left: percent(limit_ms, whole) }}>
              {duration(limit_ms)}
            </span>
          </span>
        </div>
      )}
      {limit_ms !== null && budget_ms !== null && (
        <p class="quiet">
          This server answers within {duration(budget_ms)}; the platform waits {duration(limit_ms)}.
        </p>
      )}
    </div>
  );
}

const late = (ms: number | null, budget: number | null): Tone => (ms !== null && budget !== null && ms > budget ? 'bad' : 'good');

interface RowProps {
  name: string;
  start: number;
  end: number | null;
  whole: number;
  tone: Tone;
  deadline?: number | null;
}

function Row({ name, start, end, whole, tone, deadline }: RowProps) {
  const took = end === null ? 'running' : duration(end);
  const allowed = deadline != null ? ` of ${duration(deadline)}` : '';
  return (
    <div class="row">
      <span class="name">{name}</span>
      <span class="track" aria-hidden="true">
        {deadline != null && <span class="deadline" style={{ left: percent(deadline, whole) }} />}
        <span
          class={`bar ${end === null ? 'running' : tone}`}
          style={{ left: percent(start, whole), width: end === null ? '100%' : percent(end - start, whole) }}
        />
      </span>
      <span class="took">
        {took}
        {allowed}
      </span>
    </div>
  );
}

/** The same in a list's row: how much of the allowed time was used. */
export function Used({ delivery }: { delivery: Delivery }) {
  const { answered_ms, budget_ms } = delivery;
  const took = answered_ms === null ? '…' : duration(answered_ms);
  return (
    <span class="used">
      {budget_ms !== null && (
        <span class="track" aria-hidden="true">
          <span class={`bar ${late(answered_ms, budget_ms)}`} style={{ width: percent(answered_ms ?? 0, budget_ms) }} />
        </span>
      )}
      <span class="took">{took}</span>
    </span>
  );
}
