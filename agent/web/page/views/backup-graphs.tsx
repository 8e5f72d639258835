import type { ComponentChildren } from 'preact';
import type { BackupAnswer } from '../../api.ts';
import { HeadRow } from '../parts/head-row.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';
import { countOf, countText } from '../text/numbers.ts';

const COUNTS = ['Nodes', 'Edges', 'Labels', 'Types', 'Indexes', 'Constraints'];

type Graph = NonNullable<BackupAnswer['manifest']>['graphs'][number];

/** What is in it, graph by graph. */
export function BackupGraphs({ manifest: { graphs } }: { manifest: NonNullable<BackupAnswer['manifest']> }) {
  return (
    <section aria-labelledby="graphs">
      <h3 id="graphs">{countOf(graphs.length, 'graph')}</h3>
      {graphs.length === 0 ? <p class="muted">FalkorDB held none.</p> : <GraphTable graphs={graphs} />}
      {graphs.map((graph) => (
        <Schema key={graph.name} graph={graph} />
      ))}
    </section>
  );
}

function GraphTable({ graphs }: { graphs: Graph[] }): ComponentChildren {
  return (
    <ScrollBox label="Graphs and their counts">
      <table>
        <HeadRow columns={['Graph', ...COUNTS]} numbers={COUNTS} />
        <tbody>
          {graphs.map(({ name, nodes, edges, labels, relationshipTypes, indexes, constraints }) => (
            <tr key={name}>
              <th scope="row" class="mono">
                {name}
              </th>
              {[nodes, edges, labels.length, relationshipTypes.length, indexes.length, constraints.length].map(
                (count, column) => (
                  <td key={column} class="number">
                    {countText(count)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function Schema({ graph: { name, labels, relationshipTypes, indexes, constraints } }: { graph: Graph }) {
  return (
    <details>
      <summary>
        <span>
          Labels, indexes and constraints of <code>{name}</code>
        </span>
      </summary>
      <ul class="plain">
        <li>Labels: {listOf(labels)}</li>
        <li>Relationship types: {listOf(relationshipTypes)}</li>
        {indexes.map(({ entity, label, properties, status }) => (
          <li key={`${entity} ${label}`}>
            Index on {entity} <code>{label}</code>: {propertiesOf(properties)}{' '}
            <span class="muted">{status.toLowerCase()}</span>
          </li>
        ))}
        {constraints.map(({ type, entity, label, properties, status }) => (
          <li key={`${type} ${entity} ${label} ${properties.join()}`}>
            {type.toLowerCase()} constraint on {entity} <code>{label}</code>: {properties.join(', ')}{' '}
            <span class="muted">{status.toLowerCase()}</span>
          </li>
        ))}
        {indexes.length + constraints.length === 0 ? <li>No indexes or constraints</li> : null}
      </ul>
    </details>
  );
}

function propertiesOf(properties: Graph['indexes'][number]['properties']): string {
  return Object.entries(properties)
    .map(([name, kinds]) => `${name} (${kinds.join(', ').toLowerCase()})`)
    .join(', ');
}

function listOf(names: string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
