import { toBackupError } from '../../core/model/errors.ts';
import { openStore } from '../../core/store/open-store.ts';
import { streamUpload } from '../../core/store/s3/stream-upload.ts';
import { type Config, type ConfigSources, loadConfig, readSources } from '../config.ts';
import { invalidSettings, namesGiven, resolveSettings } from '../settings.ts';
import { openSinks } from '../telling.ts';
import type { ServedTarget } from './port.ts';
import { readTargetsFile } from './targets-file.ts';

/**
 * The targets that the settings name: one, or those of the targets file.
 * @throws invalid-settings, naming every wrong one of every target at once
 */
export function loadTargets(sources: ConfigSources): [ServedTarget, ...ServedTarget[]] {
  const read = readSources(sources, []);
  const { targetsFile } = resolveSettings(read).values;
  if (targetsFile === undefined) return [served(loadConfig(sources))];
  const problems: string[] = [];
  const targets = readTargetsFile(targetsFile, namesGiven(read)).flatMap((entry) => {
    try {
      return [served(loadConfig({ ...sources, env: { ...sources.env, ...entry } }))];
    } catch (error) {
      problems.push(`target ${entry.BACKUP_TARGET}: ${toBackupError(error).message}`);
      return [];
    }
  });
  const [first, ...others] = targets;
  if (problems.length > 0 || !first) throw invalidSettings(problems);
  return [first, ...others];
}

function served(config: Config): ServedTarget {
  const store = openStore(config.storeUrl, { s3: config.s3, streamUpload });
  return { name: config.target, config, store, sinks: openSinks(config) };
}
