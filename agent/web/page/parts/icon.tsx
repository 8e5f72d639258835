import type { ComponentChildren } from 'preact';

/** Drawn in a square of 24, by lines of the colour of the text beside them. */
const PATHS = {
  good: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12.3l2.8 2.8L16 9.6',
  bad: 'M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM12 7.5v5.5M12 16.4v.1',
  warning: 'M12 3.6 21.6 20H2.4zM12 10v4.4M12 17.2v.1',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5.5M12 7.6v.1',
  refresh: 'M20 12a8 8 0 1 1-2.4-5.7M20.3 3.5v4.3H16',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4',
  moon: 'M20.5 14A8.5 8.5 0 0 1 10 3.5 8.5 8.5 0 1 0 20.5 14z',
  locked: 'M5 11h14v9.5H5zM8 11V7.5a4 4 0 0 1 8 0V11',
  unlocked: 'M5 11h14v9.5H5zM8 11V7.5a4 4 0 0 1 7.8-1.3',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2',
  close: 'M5.5 5.5l13 13M18.5 5.5l-13 13',
  pin: 'M9 3.5h6l-.8 6 3.3 3.5v1.5h-11V13l3.3-3.5zM12 14.5v6.5',
  shield: 'M12 3l7.5 2.8V11c0 5-3.2 8.4-7.5 10-4.3-1.6-7.5-5-7.5-10V5.8zM8.5 11.8l2.5 2.5 4.5-4.8',
  backup: 'M12 15.5v-12M7.5 8 12 3.5 16.5 8M4 15v5.5h16V15',
  database:
    'M4.5 6c0-1.7 3.4-3 7.5-3s7.5 1.3 7.5 3-3.4 3-7.5 3-7.5-1.3-7.5-3zM4.5 6v12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3V6M4.5 12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3',
  store: 'M3.5 7.5 12 3l8.5 4.5v9L12 21l-8.5-4.5zM3.5 7.5 12 12l8.5-4.5M12 12v9',
  overview: 'M3.5 3.5h7v9h-7zM13.5 3.5h7v5h-7zM13.5 11.5h7v9h-7zM3.5 15.5h7v5h-7z',
  timeline: 'M3.5 20.5h17M6.5 16.5v-5M11 16.5v-9M15.5 16.5v-7M20 16.5v-13',
  runs: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5.3l3.5 2.2',
  logs: 'M4 5h16M4 9.7h11M4 14.3h16M4 19h8',
  retention: 'M4.5 6.5h15M9.5 6V3.5h5V6M6.5 6.5l.9 14h9.2l.9-14M10 10.5v6M14 10.5v6',
} as const;

export type IconName = keyof typeof PATHS;

/** Never the only sign of something: words stand beside it, or a label is on what holds it. */
export function Icon({ name, isTurning = false }: { name: IconName; isTurning?: boolean }): ComponentChildren {
  return (
    <svg class={`icon${isTurning ? ' turning' : ''}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
