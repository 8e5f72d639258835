import type { ComponentChildren } from 'preact';
import { chooseTheme, useTheme } from '../hooks/use-theme.ts';
import { Icon } from './icon.tsx';

export function ThemeButton(): ComponentChildren {
  const other = useTheme() === 'dark' ? 'light' : 'dark';
  const label = `Switch to the ${other} theme`;
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={() => chooseTheme(other)}>
      <Icon name={other === 'dark' ? 'moon' : 'sun'} />
    </button>
  );
}
