import type { ComponentChildren } from 'preact';
import type { Act } from '../hooks/use-act.ts';
import type { RequestOptions } from '../state/client.ts';
import { Icon, type IconName } from './icon.tsx';

interface ActionButtonProps {
  act: Act;
  path: string;
  options: RequestOptions;
  icon: IconName;
  isMain?: boolean;
  isDisabled?: boolean;
  children: ComponentChildren;
}

export function ActionButton({ act, path, options, icon, isMain, isDisabled = false, children }: ActionButtonProps) {
  return (
    <button
      type="button"
      class={isMain ? 'main' : ''}
      disabled={isDisabled || act.isPending}
      onClick={() => void act.run(path, options)}
    >
      <Icon name={icon} />
      {children}
    </button>
  );
}
