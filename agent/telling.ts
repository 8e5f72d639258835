import type { Logger } from 'pino';
import { EventBridgeSink } from '../core/alerts/event-bridge.ts';
import type { EventSink } from '../core/alerts/event-sink.ts';
import { HeartbeatSink } from '../core/alerts/heartbeat-sink.ts';
import { onlyTypes } from '../core/alerts/only-types.ts';
import { Teller } from '../core/alerts/teller.ts';
import { WebhookSink } from '../core/alerts/webhook/webhook-sink.ts';
import type { Config } from './config.ts';
import { TOOL } from './tool.ts';

export interface TellingDeps {
  /** Where events are told; nowhere by default. */
  sinks?: EventSink[];
  log: Logger;
}

type TellingConfig = Pick<Config, 'eventBus' | 'webhooks' | 'heartbeatUrl'>;

/** Who set the address of a receiver may well have it in the same network. */
const SENDER = { allowPrivateAddresses: true, userAgent: `${TOOL.name}/${TOOL.version}` };

/** All that hear of runs. */
export function openSinks(config: TellingConfig): EventSink[] {
  const { heartbeatUrl: url } = config;
  return [...openNoticeSinks(config), ...(url === undefined ? [] : [new HeartbeatSink({ url, ...SENDER })])];
}

/**
 * Those that tell people and other systems what happened; a heartbeat only tells that something did.
 * @param totalTimeoutMs how long each webhook is tried; a minute by default
 */
export function openNoticeSinks(
  { eventBus, webhooks }: Omit<TellingConfig, 'heartbeatUrl'>,
  { totalTimeoutMs }: { totalTimeoutMs?: number } = {},
): EventSink[] {
  const { urls, types, ...how } = webhooks;
  const options = { ...how, ...SENDER, ...(totalTimeoutMs === undefined ? {} : { totalTimeoutMs }) };
  return [
    ...(eventBus ? [new EventBridgeSink(eventBus)] : []),
    ...urls.map((url) => onlyTypes(types, new WebhookSink({ url, ...options }))),
  ];
}

/** For one run. What cannot be told is logged. */
export function createTeller({ sinks = [], log }: TellingDeps): Teller {
  return new Teller(sinks, (undelivered) => log.warn(undelivered, 'An event could not be told'));
}
