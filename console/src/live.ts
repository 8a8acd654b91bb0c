// The stream of the server: what it knows of each delivery, as it comes to know it.
import { computed, signal } from '@preact/signals';
import { loadApp, type AppInfo, type Delivery, type Sent } from './api';

export type Connection = 'connecting' | 'live' | 'lost' | 'gone';

export const connection = signal<Connection>('connecting');
export const app = signal<AppInfo | null>(null);
/** Counts what the inbox told, so that a view of it knows when to look again. */
export const inboxChanges = signal(0);
const known = signal<ReadonlyMap<number, Delivery>>(new Map());

/** The newest first. */
export const deliveries = computed(() => [...known.value.values()].sort((one, other) => other.id - one.id));
export const delivery = (id: number) => known.value.get(id);

/** What the server knows of what this page sent; nothing where it was started again since then. */
export const deliveryOf = (sent: Sent | null | undefined) =>
  sent?.id != null && sent.instance === app.value?.instance ? delivery(sent.id) : undefined;

/** Which delivery another one repeats, as far as this page has sent it. */
export const repeats = new Map<number, number>();

/** What came since the page was last drawn anew: a busy server tells more than anybody could follow. */
let fresh: Delivery[] = [];
let forgotten = 0;
let drawing: ReturnType<typeof setTimeout> | undefined;

function drawSoon() {
  drawing ??= setTimeout(() => {
    const next = new Map(known.value);
    for (const news of fresh) next.set(news.id, news);
    for (const id of next.keys()) if (id <= forgotten) next.delete(id);
    known.value = next;
    fresh = [];
    drawing = undefined;
  }, DRAW_MS);
}

export function forget() {
  known.value = new Map();
  repeats.clear();
  fresh = [];
  forgotten = 0;
}

const DRAW_MS = 40;

const PAUSE_MS = 1000;

export function follow() {
  const stream = new EventSource('api/stream');
  stream.addEventListener('hello', (event) => {
    const { instance } = JSON.parse(event.data) as { instance: string };
    if (app.value?.instance !== instance) {
      forget();
      loadApp().then(
        (info) => (app.value = info),
        () => (connection.value = 'lost'),
      );
    }
    connection.value = 'live';
  });
  stream.addEventListener('delivery', (event) => {
    fresh.push(JSON.parse(event.data) as Delivery);
    drawSoon();
  });
  stream.addEventListener('forgotten', (event) => {
    const { up_to } = JSON.parse(event.data) as { up_to: number };
    forgotten = up_to;
    drawSoon();
  });
  stream.addEventListener('inbox', () => inboxChanges.value++);
  // A browser gives up for good where the answer is no stream, as from a proxy or while a new build starts.
  stream.onerror = async () => {
    stream.close();
    connection.value = 'lost';
    try {
      const answer = await fetch('api/app', { cache: 'no-store' });
      if (answer.status === 404) connection.value = 'gone';
    } catch {
      // Nobody listens: it is asked again.
    }
    setTimeout(follow, PAUSE_MS);
  };
}
