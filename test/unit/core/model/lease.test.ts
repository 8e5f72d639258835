import { describe, expect, it } from 'vitest';
import { type LeaseRecord, vacancy } from '../../../../core/model/lease.ts';

const expiresAt = '2026-11-22T02:31:00.000Z';
const lease: LeaseRecord = {
  schemaVersion: 1,
  token: 't',
  renewals: 0,
  runId: '20261122T023000Z-a',
  holder: { host: 'h', pid: 7, bootId: 'b', pidNamespace: 'n', startTicks: '1' },
  takenAt: '2026-11-22T02:30:00.000Z',
  expiresAt,
  releasedAt: null,
};
const alive = () => false;
const dead = () => true;
const at = (offsetMs: number) => new Date(Date.parse(expiresAt) + offsetMs);

describe('vacancy of a lease', () => {
  it('does not exist while it lasts and its holder may live', () =>
    expect(vacancy(lease, at(-1), alive)).toBeUndefined());

  it('comes at the moment it expires', () => {
    expect(vacancy(lease, at(0), alive)).toBe('expired');
    expect(vacancy(lease, at(1), alive)).toBe('expired');
  });

  it('comes with the death of its holder', () => expect(vacancy(lease, at(-1), dead)).toBe('holder-dead'));

  it('asks about the holder that the record names', () => {
    const asked: unknown[] = [];
    vacancy(lease, at(-1), (holder) => asked.push(holder) > 0);
    expect(asked).toEqual([lease.holder]);
  });

  it('comes with its release, however long it would have lasted', () => {
    expect(vacancy({ ...lease, releasedAt: lease.takenAt }, at(-60_000), alive)).toBe('released');
  });
});
