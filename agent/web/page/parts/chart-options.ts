import uPlot from 'uplot';

export interface Line {
  name: string;
  /** Name of the custom property that holds its colour. */
  color: string;
  values: number[];
}

const AXIS_FONT_PX = 12;
const LEFT_AXIS_PX = 76;
const GRID_PX = 1;

/** In the colours that the theme has at this moment. */
export function chartOptions(
  host: HTMLElement,
  lines: Line[],
  show: (value: number) => string,
): Omit<uPlot.Options, 'width' | 'height'> {
  const color = (name: string) => colorOf(host, name);
  const axis: uPlot.Axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: GRID_PX },
    ticks: { stroke: color('--line'), width: GRID_PX },
    font: `${AXIS_FONT_PX}px ${getComputedStyle(host).fontFamily}`,
  };
  return {
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_, __, max) => [0, (max || 1) * 1.1] } },
    padding: [8, 12, 0, 0],
    axes: [
      { ...axis, values: (_, values) => dateTexts(values) },
      { ...axis, size: LEFT_AXIS_PX, values: (_, values) => values.map(show) },
    ],
    series: [
      { label: 'completed', value: '{YYYY}-{MM}-{DD} {HH}:{mm} UTC' },
      ...lines.map(
        ({ name, color: property }): uPlot.Series => ({
          label: name,
          stroke: color(property),
          width: 2,
          points: { show: true, size: 6, fill: color('--surface') },
          value: (_, value) => (value === null ? '–' : show(value)),
        }),
      ),
    ],
  };
}

/** `11-22`, or `11-22 08:00` where there are several on one day; in UTC. */
function dateTexts(seconds: number[]): string[] {
  const times = seconds.map((second) => new Date(second * 1000).toISOString());
  const days = new Set(times.map((time) => time.slice(0, 10)));
  return times.map((time) => (days.size < times.length ? time.slice(5, 16).replace('T', ' ') : time.slice(5, 10)));
}

/** A canvas takes no custom properties, and those hold both themes: an element says what comes of them. */
function colorOf(host: HTMLElement, property: string): string {
  const probe = host.appendChild(document.createElement('span'));
  probe.style.color = `var(${property})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
