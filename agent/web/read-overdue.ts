import { recallAlert } from '../../core/catalog/alerts.ts';
import { SCHEDULED_TIERS, type Tier } from '../../core/model/tiers.ts';
import type { ServedTarget } from '../service/port.ts';

/** What the watchdog found missing, and since when. @throws store-* */
export async function readOverdue({ name, store, config }: ServedTarget): Promise<Map<Tier, Date>> {
  const overdue = new Map<Tier, Date>();
  for (const tier of SCHEDULED_TIERS) {
    if (config.service.schedules[tier] === null) continue;
    const recalled = await recallAlert(store, name, tier);
    if (recalled.kind === 'known' && recalled.alert.overdue) {
      overdue.set(tier, new Date(recalled.alert.overdue.since));
    }
  }
  return overdue;
}
