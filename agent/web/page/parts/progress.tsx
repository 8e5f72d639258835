import type { ComponentChildren } from 'preact';
import type { ActivityAnswer } from '../../api.ts';
import { activityTitle, progressText } from '../text/progress.ts';
import { Icon } from './icon.tsx';
import { Age } from './moment.tsx';

/** What is done at this moment, and how far it is. */
export function ActivityProgress({ activity }: { activity: ActivityAnswer }): ComponentChildren {
  const { phase, amount, fraction } = progressText(activity.progress);
  const title = activityTitle(activity);
  return (
    <div class="activity">
      <div class="activity-head">
        <Icon name="refresh" isTurning />
        <strong>{title}</strong>
        <span class="muted">
          began <Age at={activity.startedAt} />
        </span>
      </div>
      {fraction === undefined ? (
        <progress aria-label={title} />
      ) : (
        <progress aria-label={title} max={1} value={fraction} />
      )}
      <div class="activity-foot">
        <span>{phase}</span>
        <span class="muted">{amount}</span>
      </div>
    </div>
  );
}
