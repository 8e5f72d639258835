import type { ComponentChildren } from 'preact';
import type { Level } from '../text/overall.ts';
import { Icon } from './icon.tsx';

interface LevelProps {
  level: Level;
  children: ComponentChildren;
}

/** An icon and words in the colour of the level. */
export function StateWords({ level, children }: LevelProps): ComponentChildren {
  return (
    <span class={`state ${level}`}>
      <Icon name={level} />
      <span>{children}</span>
    </span>
  );
}

export function Badge({ level, children }: LevelProps): ComponentChildren {
  return (
    <span class={`badge ${level}`}>
      <Icon name={level} />
      {children}
    </span>
  );
}
