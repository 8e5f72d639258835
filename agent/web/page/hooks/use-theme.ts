import { useEffect, useState } from 'preact/hooks';
import { keep, kept } from '../state/storage.ts';

export type Theme = 'light' | 'dark';

const KEY = 'falkordb-backup-theme';
const DARK = '(prefers-color-scheme: dark)';

/** What was chosen, else what the system prefers. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia(DARK).matches ? 'dark' : 'light';
}

/** Before anything is drawn. */
export function applyStoredTheme(): void {
  const stored = kept('localStorage', KEY);
  if (stored === 'light' || stored === 'dark') document.documentElement.dataset.theme = stored;
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  keep('localStorage', KEY, theme);
}

/** Told again when it is chosen anew, or when the system's preference changes. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => {
    const update = () => setTheme(currentTheme());
    const preference = matchMedia(DARK);
    const observer = new MutationObserver(update);
    preference.addEventListener('change', update);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      preference.removeEventListener('change', update);
      observer.disconnect();
    };
  }, []);
  return theme;
}
