import { Gauge, Registry } from 'prom-client';
import { METRICS, type MetricDefinition, type MetricName, type Sample } from './definitions.ts';

/** Every metric, in the order of their table; those that have no sample are there with their HELP and TYPE alone. */
export function toRegistry(samples: readonly Sample[]): Registry {
  const registry = new Registry();
  for (const [name, { help, labels }] of Object.entries<MetricDefinition>(METRICS)) {
    const gauge = new Gauge({ name, help, labelNames: labels, registers: [registry] });
    for (const each of samples) if (each.name === name) gauge.set(each.labels, each.value);
  }
  return registry;
}

const LINE = /^(\w+)\{(.*)\} (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The samples in a text that was made of such a registry; what is none of our metrics, or has other labels, is left out. */
export function parseSamples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', pairs = '', number] = LINE.exec(line) ?? [];
    const value = Number(number);
    if (!isMetricName(name) || !Number.isFinite(value)) return [];
    const labels = Object.fromEntries(
      [...pairs.matchAll(LABEL)].map(([, label = '', text = '']) => [label, unescapeLabel(text)]),
    );
    const isOurs = Object.keys(labels).sort().join() === [...METRICS[name].labels].sort().join();
    return isOurs ? [{ name, labels, value }] : [];
  });
}

function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details: backslash, quote and line feed. */
function unescapeLabel(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
