import type { ComponentChildren } from 'preact';
import { BackupLink } from '../parts/backup-link.tsx';
import { Chart } from '../parts/chart.tsx';
import { HeadRow } from '../parts/head-row.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';
import { bytesText } from '../text/numbers.ts';
import { secondsText, utcText } from '../text/time.ts';
import { type ChartPoint, chartSummary } from '../timeline/chart-data.ts';

/** How size and duration have come along, as charts and as a table. */
export function BackupCharts({ points }: { points: ChartPoint[] }): ComponentChildren {
  if (points.length === 0) return null;
  const times = points.map(({ at }) => Date.parse(at) / 1000);
  return (
    <>
      <div class="charts">
        <section class="card" aria-labelledby="sizes">
          <h2 id="sizes">Size</h2>
          <Chart
            summary={chartSummary(points, 'Stored size', ({ storedBytes }) => bytesText(storedBytes))}
            times={times}
            lines={[
              { name: 'dump', color: '--chart-1', values: points.map(({ rdbBytes }) => rdbBytes) },
              { name: 'stored', color: '--chart-2', values: points.map(({ storedBytes }) => storedBytes) },
            ]}
            show={bytesText}
          />
        </section>
        <section class="card" aria-labelledby="durations">
          <h2 id="durations">Duration</h2>
          <Chart
            summary={chartSummary(points, 'Duration', ({ durationSeconds }) => secondsText(durationSeconds))}
            times={times}
            lines={[{ name: 'took', color: '--chart-1', values: points.map(({ durationSeconds }) => durationSeconds) }]}
            show={secondsText}
          />
        </section>
      </div>
      <details class="chart-table">
        <summary>The charts as a table</summary>
        <ScrollBox label="Sizes and durations">
          <PointTable points={points} />
        </ScrollBox>
      </details>
    </>
  );
}

function PointTable({ points }: { points: ChartPoint[] }): ComponentChildren {
  return (
    <table>
      <HeadRow columns={['Completed', 'Backup', 'Dump', 'Stored', 'Took']} numbers={['Dump', 'Stored', 'Took']} />
      <tbody>
        {points.toReversed().map(({ backupId, at, rdbBytes, storedBytes, durationSeconds }) => (
          <tr key={backupId}>
            <td>{utcText(at)}</td>
            <td>
              <BackupLink id={backupId} />
            </td>
            <td class="number">{bytesText(rdbBytes)}</td>
            <td class="number">{bytesText(storedBytes)}</td>
            <td class="number">{secondsText(durationSeconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
