import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alertKey,
  backupPrefix,
  dumpKey,
  leaseKey,
  manifestKey,
  parseManifestKey,
  parseVerificationKey,
  probeKey,
  runKey,
  runsPrefix,
  stateKey,
  tierPrefix,
  verificationKey,
} from '../../../../core/model/keys.ts';
import { assertObjectKey } from '../../../../core/model/object-key.ts';
import { backupIdParts, targets } from '../../../support/arbitraries.ts';

const parts = { scheduledFor: new Date('2026-11-22T02:30:00Z'), target: 'prod', tier: 'daily' } as const;
const RUN_ID = '20261122T023000Z-0123abcd';
const ATTEMPT = { runId: RUN_ID, attempt: '0a1b2c3d' };

describe('keys', () => {
  it('keep to the layout of the store', () => {
    const folder = 'daily/prod/20261122T023000Z-prod-daily/';
    expect(backupPrefix(parts)).toBe(folder);
    expect(manifestKey(parts)).toBe(`${folder}manifest.json`);
    expect(dumpKey(parts, ATTEMPT, '.rdb.zst')).toBe(`${folder}${RUN_ID}.0a1b2c3d/dump.rdb.zst`);
    expect(stateKey(parts, ATTEMPT)).toBe(`${folder}${RUN_ID}.0a1b2c3d/state.json`);
    expect(leaseKey('prod')).toBe('locks/prod.json');
    expect(alertKey('prod', 'pre-restore')).toBe('alerts/prod/pre-restore.json');
    expect(runKey('prod', RUN_ID, 'verdict-1')).toBe(`runs/prod/${RUN_ID}/verdict-1.json`);
    expect(tierPrefix('daily')).toBe('daily/');
  });

  it('can be stored, whatever the target', () => {
    fc.assert(
      fc.property(backupIdParts, (any) => {
        const keys = [manifestKey(any), dumpKey(any, ATTEMPT, '.rdb'), stateKey(any, ATTEMPT)];
        for (const key of [...keys, leaseKey(any.target), probeKey(any.target), runKey(any.target, RUN_ID, 'started')])
          assertObjectKey(key);
      }),
    );
  });

  it('lie below the prefixes that they are listed by', () => {
    fc.assert(
      fc.property(backupIdParts, (any) => {
        for (const prefix of [backupPrefix(any), tierPrefix(any.tier, any.target), tierPrefix(any.tier)])
          expect(manifestKey(any).startsWith(prefix)).toBe(true);
      }),
    );
  });

  it('of one target are below no prefix of another, though its name begins the same', () => {
    fc.assert(
      fc.property(targets, targets, (a, b) => {
        fc.pre(a !== b);
        expect(manifestKey({ ...parts, target: b }).startsWith(tierPrefix('daily', a))).toBe(false);
        expect(runKey(b, RUN_ID, 'started').startsWith(runsPrefix(a))).toBe(false);
      }),
    );
  });

  it('of the probe are never those of a lease, of the same target or another', () => {
    fc.assert(
      fc.property(targets, targets, (a, b) => {
        expect([leaseKey(a), leaseKey(b)]).not.toContain(probeKey(a));
      }),
    );
  });
});

describe('parseManifestKey', () => {
  it('is the inverse of manifestKey', () => {
    fc.assert(
      fc.property(backupIdParts, (any) => {
        expect(parseManifestKey(manifestKey(any))).toEqual(any);
      }),
    );
  });

  it.each([
    ['another tier', 'weekly/prod/20261122T023000Z-prod-daily/manifest.json'],
    ['another target', 'daily/test/20261122T023000Z-prod-daily/manifest.json'],
    ['the dump', 'daily/prod/20261122T023000Z-prod-daily/20261122T023000Z-x/dump.rdb.zst'],
    ['a manifest of a run', 'daily/prod/20261122T023000Z-prod-daily/20261122T023000Z-x/manifest.json'],
    ['a copy', 'daily/prod/20261122T023000Z-prod-daily/manifest.json.bak'],
    ['a folder above', 'old/daily/prod/20261122T023000Z-prod-daily/manifest.json'],
    ['no id', 'daily/prod/manifest.json'],
    ['a lease', 'locks/prod.json'],
    ['nothing', ''],
  ])('refuses %s', (_, key) => expect(parseManifestKey(key)).toBeUndefined());
});

describe('verificationKey', () => {
  const at = new Date('2026-11-22T03:00:00Z');

  it('lies beside the manifest and holds time and outcome', () => {
    expect(verificationKey(parts, at, 'failed')).toBe(
      'daily/prod/20261122T023000Z-prod-daily/verified/20261122T030000Z-failed.json',
    );
    assertObjectKey(verificationKey(parts, at, 'loaded'));
  });

  it('is parsed back, whatever the backup', () => {
    fc.assert(
      fc.property(backupIdParts, fc.constantFrom('loaded' as const, 'failed' as const), (any, outcome) => {
        const key = verificationKey(any, at, outcome);
        expect(parseVerificationKey(key)).toEqual({ parts: any, at, outcome });
        expect(parseManifestKey(key)).toBeUndefined();
      }),
    );
  });

  it.each([
    'daily/prod/20261122T023000Z-prod-daily/manifest.json',
    'daily/prod/20261122T023000Z-prod-daily/verified/20261122T030000Z-good.json',
    'daily/prod/20261122T023000Z-prod-daily/verified/20261122T030000Z-loaded.json/x',
    'daily/prod/20261122T023000Z-prod-daily/other/20261122T030000Z-loaded.json',
    'weekly/prod/20261122T023000Z-prod-daily/verified/20261122T030000Z-loaded.json',
    'daily/prod/20261122T023000Z-prod-daily/verified/20261322T030000Z-loaded.json',
  ])('is none: %s', (key) => expect(parseVerificationKey(key)).toBeUndefined());
});
