import type { ComponentChildren } from 'preact';

/** Names with their values; those without a value are left out. */
export function Fields({ fields }: { fields: [name: string, value: ComponentChildren][] }): ComponentChildren {
  return (
    <dl class="fields">
      {fields.map(([name, value]) =>
        value === null || value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
