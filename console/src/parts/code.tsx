// Text of a machine, coloured where it is JSON.
import { pretty, visible } from '../json';

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

export function JsonText({ text, label }: { text: string; label: string }) {
  return (
    <pre class="code" tabIndex={0} role="region" aria-label={label}>
      {colour(pretty(text))}
    </pre>
  );
}

export function PlainText({ text, label }: { text: string; label: string }) {
  return (
    <pre class="code" tabIndex={0} role="region" aria-label={label}>
      {visible(text)}
    </pre>
  );
}

// Above this a browser is slow with a node for each token, and nobody reads it by colours.
const COLOURED = 50_000;

function colour(text: string) {
  if (text.length > COLOURED) return text;
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon, word, number] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    const kind = colon !== undefined ? 'key' : string ? 'string' : word ? 'word' : number ? 'number' : '';
    parts.push(<span class={`j-${kind}`}>{colon === undefined ? whole : string}</span>);
    if (colon !== undefined) parts.push(colon);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
