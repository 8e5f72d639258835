import type { BackupAnswer } from '../../api.ts';
import { secondsText } from './time.ts';

type Manifest = NonNullable<BackupAnswer['manifest']>;

/** How its dump was had. */
export function sourceText({ source, imported }: Pick<Manifest, 'source' | 'imported'>): string {
  switch (source) {
    case 'bgsave':
      return 'its own save (bgsave)';
    case 'replication':
      return 'replication';
    case 'import':
      return imported ? `imported from ${imported.from}` : 'imported';
  }
}

/** `10s: 8s to save, 2s more to store`: much is stored while it is saved. An imported dump was saved by something else. */
export function tookText({ source, timings }: Pick<Manifest, 'source' | 'timings'>): string {
  const { saveSeconds, transferSeconds, totalSeconds } = timings;
  const [total, save, more] = [totalSeconds, saveSeconds, transferSeconds].map(secondsText);
  return source === 'import' ? `${total}: ${more} to store` : `${total}: ${save} to save, ${more} more to store`;
}
