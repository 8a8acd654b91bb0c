// A few drawings, in the colour of the text around them.
const PATHS = {
  tool: 'M10.6 3.2a3.4 3.4 0 0 0-4.4 4.3L2.6 11a1.7 1.7 0 0 0 2.4 2.4l3.6-3.6a3.4 3.4 0 0 0 4.2-4.4l-2 2-1.9-.4-.4-1.9z',
  phone: 'M3.2 2.5h2.6l1.2 3-1.5 1.2a8 8 0 0 0 3.8 3.8l1.2-1.5 3 1.2v2.6a1 1 0 0 1-1.1 1A11 11 0 0 1 2.2 3.6a1 1 0 0 1 1-1.1z',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  inbox: 'M2.5 9.5 4.3 3h7.4l1.8 6.5v3.5h-11zM2.5 9.5h3.2l.8 1.5h3l.8-1.5h3.2',
  braces: 'M6 2.5c-2 0-2 1-2 2.5s0 3-1.5 3C4 8 4 9.5 4 11s0 2.5 2 2.500M10 2.500c2 0 2 1 2 2.500s0 3 1.5 3C12 8 12 9.5 12 11s0 2.5-2 2.5',
  close: 'M4 4l8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.500v-3h-8v8h3',
  check: 'M3 8.500l3.2 3.200L13 4.8',
  again: 'M13 8a5 5 0 1 1-1.6-3.700M13 2.500v3h-3',
  pencil: 'M3 13l.6-2.800L10.8 3l2.2 2.2-7.2 7.200z',
  back: 'M9.5 3.5 5 8l4.5 4.5',
  play: 'M5 3.200v9.600L12.6 8z',
  sun: 'M8 5.200a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.600zM8 1.500v1.300M8 13.200v1.300M1.5 8h1.300M13.2 8h1.300M3.4 3.400l.9.9M11.7 11.700l.9.9M3.4 12.600l.9-.9M11.7 4.300l.9-.9',
  moon: 'M13 9.600A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.600z',
  screen: 'M2 3h12v8H2zM6 13.500h4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
