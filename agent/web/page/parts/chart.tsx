import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useTheme } from '../hooks/use-theme.ts';
import { chartOptions, type Line } from './chart-options.ts';

interface ChartProps {
  /** For those who do not see it. */
  summary: string;
  /** Seconds since 1970, growing. */
  times: number[];
  lines: Line[];
  show: (value: number) => string;
}

const HEIGHT = 220;

/** Lines over time, as wide as there is room. */
export function Chart({ summary, times, lines, show }: ChartProps): ComponentChildren {
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const shown = JSON.stringify([times, lines]);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const size = () => ({ width: element.clientWidth, height: HEIGHT });
    const options = { ...chartOptions(element, lines, show), ...size() };
    const plot = new uPlot(options, [times, ...lines.map(({ values }) => values)], element);
    const observer = new ResizeObserver(() => plot.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [theme, shown]);
  return (
    <>
      <div class="chart" ref={host} role="img" aria-label={summary} />
      <p class="fine">{summary}</p>
    </>
  );
}
