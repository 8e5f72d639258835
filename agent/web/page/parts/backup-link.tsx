import type { ComponentChildren } from 'preact';
import { useRoute } from '../hooks/use-route.ts';
import { formatRoute } from '../state/route.ts';

/** Opens the details of a backup over what is shown. */
export function BackupLink({ id, children }: { id: string; children?: ComponentChildren }): ComponentChildren {
  const route = useRoute();
  return (
    <a class={children ? '' : 'id'} href={formatRoute({ ...route, backup: id })}>
      {children ?? id}
    </a>
  );
}
