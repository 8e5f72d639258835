import { describe, expect, it } from 'vitest';
import { SHAPE_NAMES } from '../../../../core/alerts/webhook/shapes.ts';
import { EVENT_TYPES, NOTICED_BY_DEFAULT } from '../../../../core/model/events.ts';
import type { Setting } from '../../../../core/model/setting.ts';
import { SETTINGS } from '../../../../core/model/settings.ts';

const ENTRIES: [string, Setting][] = Object.entries(SETTINGS);
const accepts = (name: keyof typeof SETTINGS, text: string) => SETTINGS[name].schema.safeParse(text).success;

describe('the settings', () => {
  it.each(ENTRIES)('describe %s in a line, with a name for the environment', (_, { env, description }) => {
    expect(env).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect(description).toMatch(/^.{10,120}$/);
  });

  it('have names of their own, in the environment and as flags', () => {
    const envs = ENTRIES.map(([, { env }]) => env);
    const flags = ENTRIES.flatMap(([, { flag }]) => (flag === undefined ? [] : [flag]));
    expect(new Set(envs).size).toBe(envs.length);
    expect(new Set(flags).size).toBe(flags.length);
    for (const flag of flags) expect(flag).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  });

  it.each(ENTRIES.filter(([, setting]) => setting.default !== undefined))(
    'have a default of %s that keeps its own rule',
    (_, setting) => expect(setting.schema.safeParse(setting.default ?? '').success).toBe(true),
  );

  it('give secrets no flag, except the URL whose flag refuses passwords', () => {
    const secretsWithFlag = ENTRIES.filter(([, { secret, flag }]) => secret && flag).map(([name]) => name);
    expect(secretsWithFlag).toEqual(['falkordbUrl']);
  });

  it('treat everything that looks like a credential as a secret', () => {
    const secrets = ENTRIES.filter(([, { secret }]) => secret).map(([name]) => name);
    expect(secrets).toEqual([
      'falkordbUrl',
      'webhookUrls',
      'webhookSecret',
      'heartbeatUrl',
      'dashboardToken',
      's3AccessKey',
      's3SecretKey',
    ]);
  });

  it.each(['0', '-1', '1.5', '1e3', '', ' 1', '١', '604801', '9'.repeat(400)])('take no timeout of %j', (text) =>
    expect(accepts('timeoutSeconds', text)).toBe(false),
  );

  it('take timeouts from a second to two days: bytes without a verdict count as nobody’s after three', () => {
    expect(SETTINGS.timeoutSeconds.schema.parse('1')).toBe(1);
    expect(SETTINGS.timeoutSeconds.schema.parse('172800')).toBe(172_800);
    expect(SETTINGS.timeoutSeconds.schema.safeParse('172801').success).toBe(false);
  });

  it.each(['prod', 'a', '0-x', 'a'.repeat(63)])('take the target %s', (text) =>
    expect(accepts('target', text)).toBe(true),
  );

  it.each(['', 'Prod', '-a', 'a/b', 'a.b', '..', 'a b', 'a\n', 'a'.repeat(64)])('take no target %j', (text) =>
    expect(accepts('target', text)).toBe(false),
  );

  it.each(['webhookUrls', 'heartbeatUrl'] as const)('take nothing but the web for %s', (name) => {
    expect(accepts(name, 'https://hooks.example/T0/B0')).toBe(true);
    for (const text of ['hooks.example', 'file:///etc/passwd', 'javascript:1', ' ']) {
      expect(accepts(name, text)).toBe(false);
    }
  });

  it('take several webhooks, each once, and none where one is wrong', () => {
    const { schema } = SETTINGS.webhookUrls;
    expect(schema.parse(' https://a/1\n\thttp://b/2 https://a/1 ')).toEqual(['https://a/1', 'http://b/2']);
    expect(accepts('webhookUrls', 'https://a/1 b/2')).toBe(false);
  });

  it('know every shape that there is', () => {
    for (const shape of ['auto', ...SHAPE_NAMES]) expect(accepts('webhookShape', shape)).toBe(true);
  });

  it('know notices by the names that event ids begin with', () => {
    const { schema } = SETTINGS.notices;
    expect(schema.parse('default')).toEqual(NOTICED_BY_DEFAULT);
    expect(schema.parse('all')).toEqual(EVENT_TYPES);
    expect(schema.parse('restore-rolled-back, backup-failed')).toEqual(['Backup Failed', 'Restore Rolled Back']);
    for (const text of ['backup-failed,', 'Backup Failed', 'all,backup-failed'])
      expect(accepts('notices', text)).toBe(false);
  });

  it('take no user and password within the URL of the S3 service', () => {
    expect(accepts('s3Endpoint', 'https://ceph.internal')).toBe(true);
    for (const text of ['https://user@ceph', 'https://:pw@ceph']) expect(accepts('s3Endpoint', text)).toBe(false);
  });
});
