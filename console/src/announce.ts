// What a screen reader says without moving the focus.
import { signal } from '@preact/signals';

export const announcement = signal('');

export function announce(text: string) {
  // The same text again would not be said again.
  announcement.value = announcement.value === text ? `${text}\u00a0` : text;
}
