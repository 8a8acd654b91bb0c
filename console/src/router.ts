// Views have addresses behind the `#`, so that Back, Forward and a reload do what people expect.
import { signal } from '@preact/signals';

const read = () => location.hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decoded);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody wrote it by hand
  }
}

export const route = signal<string[]>(read());
addEventListener('hashchange', () => (route.value = read()));

export const link = (...parts: (string | number)[]) => `#/${parts.map((part) => encodeURIComponent(part)).join('/')}`;

export function go(...parts: (string | number)[]) {
  location.hash = link(...parts);
}
