import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useTargets } from '../hooks/use-live.ts';

interface SelectProps {
  label: string;
  value: string;
  options: [value: string, text: string][];
  onChange: (value: string) => void;
}

export function Select({ label, value, options, onChange }: SelectProps): ComponentChildren {
  return (
    <label class="filter">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Left out where there is but one. @param all the text of the choice of all; undefined where one has to be chosen */
export function TargetSelect({ value, all, onChange }: Omit<SelectProps, 'label' | 'options'> & { all?: string }) {
  const names = useTargets().map(({ target }): [string, string] => [target, target]);
  if (names.length < 2 && value === (all === undefined ? names[0]?.[0] : '')) return null;
  const options: [string, string][] = all === undefined ? names : [['', all], ...names];
  return <Select label="Target" value={value} options={options} onChange={onChange} />;
}

const TYPING_MS = 250;

/** Told of what was typed when one has paused. */
export function SearchField({
  label,
  value,
  placeholder,
  onChange,
}: Omit<SelectProps, 'options'> & { placeholder: string }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = window.setTimeout(() => onChange(typed), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [typed]);
  return (
    <label class="filter wide">
      <span>{label}</span>
      <input
        type="search"
        value={typed}
        placeholder={placeholder}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
    </label>
  );
}
