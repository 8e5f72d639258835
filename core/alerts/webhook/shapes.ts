import type { BackupEvent } from '../../model/events.ts';
import { genericBody } from './shapes/generic.ts';
import { slackBody } from './shapes/slack.ts';

interface Shape {
  /** What is posted, as JSON. */
  toBody: (event: BackupEvent) => unknown;
  /** Webhooks of these hosts have this shape unless a setting says otherwise. */
  hosts: readonly string[];
}

/** A shape more is a file in ./shapes, a line here, and a word for BACKUP_WEBHOOK_SHAPE (core/model/settings.ts). */
const SHAPES = {
  generic: { toBody: genericBody, hosts: [] },
  slack: { toBody: slackBody, hosts: ['hooks.slack.com', 'hooks.slack-gov.com'] },
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as ShapeName[];

export function shapeOf(url: URL): ShapeName {
  const shapes: Record<ShapeName, Shape> = SHAPES;
  return SHAPE_NAMES.find((name) => shapes[name].hosts.includes(url.hostname)) ?? 'generic';
}

export function bodyOf(shape: ShapeName, event: BackupEvent): string {
  return JSON.stringify(SHAPES[shape].toBody(event));
}
