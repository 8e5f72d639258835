import type { ComponentChildren } from 'preact';
import type { PartState, TargetAnswer } from '../../api.ts';
import { BackupLink } from '../parts/backup-link.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Age } from '../parts/moment.tsx';
import { StateWords } from '../parts/state-words.tsx';
import { bytesText, countOf } from '../text/numbers.ts';

/** Database, store, last verification and next prune, a tile each. */
export function TargetFacts({ target }: { target: TargetAnswer }): ComponentChildren {
  const { database, storeState, lastVerification, nextPrune, size } = target;
  return (
    <div class="tiles">
      <Tile icon="database" name="Database">
        <Part state={database} />
        <span class="fine">
          {database.falkordb === null ? '' : `FalkorDB ${database.falkordb}, Redis ${database.redis ?? '?'} · `}
          {database.address}
        </span>
      </Tile>
      <Tile icon="store" name="Store">
        <Part state={storeState} />
        <span class="fine">{sizeText(size)}</span>
      </Tile>
      <Tile icon="shield" name="Last verification">
        {lastVerification === null ? (
          <StateWords level="info">Never</StateWords>
        ) : (
          <Verification of={lastVerification} />
        )}
        <span class="fine">by loading a backup</span>
      </Tile>
      <Tile icon="retention" name="Next prune">
        {nextPrune === null ? <StateWords level="info">Not scheduled</StateWords> : <Age at={nextPrune} />}
        <span class="fine">{nextPrune === null ? 'nothing is removed' : 'removes what is no longer kept'}</span>
      </Tile>
    </div>
  );
}

function Tile({ icon, name, children }: { icon: IconName; name: string; children: ComponentChildren }) {
  return (
    <div class="tile">
      <h3>
        <Icon name={icon} />
        {name}
      </h3>
      {children}
    </div>
  );
}

function Part({ state: { state, checkedAt } }: { state: PartState }): ComponentChildren {
  return (
    <StateWords level={state === 'up' ? 'good' : 'bad'}>
      {state === 'up' ? 'Up' : 'Down'}, seen <Age at={checkedAt} />
    </StateWords>
  );
}

function Verification({ of: { at, outcome, backupId } }: { of: NonNullable<TargetAnswer['lastVerification']> }) {
  return (
    <StateWords level={outcome === 'loaded' ? 'good' : 'bad'}>
      <BackupLink id={backupId}>{outcome === 'loaded' ? 'Loaded' : 'Failed'}</BackupLink> <Age at={at} />
    </StateWords>
  );
}

function sizeText(size: TargetAnswer['size']): string {
  if (!size) return 'its size is not known yet';
  const whose = size.scope === 'store' ? 'in the whole store' : 'of this target';
  return `${bytesText(size.storedBytes)} in ${countOf(size.objects, 'object')} ${whose}`;
}
