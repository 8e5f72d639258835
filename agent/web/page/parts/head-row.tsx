import type { ComponentChildren } from 'preact';

interface HeadRowProps {
  columns: string[];
  /** Those of `columns` that hold numbers. */
  numbers?: string[];
}

export function HeadRow({ columns, numbers = [] }: HeadRowProps): ComponentChildren {
  return (
    <thead>
      <tr>
        {columns.map((name) => (
          <th key={name} scope="col" class={numbers.includes(name) ? 'number' : ''}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}
