import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeManifest } from '../../../../core/model/manifest.ts';
import {
  decodeTombstone,
  encodeTombstone,
  MAX_TOMBSTONE_BYTES,
  newTombstone,
} from '../../../../core/model/tombstone.ts';
import { exampleManifest } from '../../../support/example-manifest.ts';

const NOW = new Date('2026-11-22T02:30:00.123Z');
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('a tombstone', () => {
  it('comes back as it was written, and takes little room', () => {
    const tombstone = newTombstone(NOW);
    expect(tombstone).toMatchObject({ schemaVersion: 1, tombstone: true, removedAt: '2026-11-22T02:30:00.123Z' });
    expect(decodeTombstone(encodeTombstone(tombstone))).toEqual(tombstone);
    expect(encodeTombstone(tombstone).length).toBeLessThan(MAX_TOMBSTONE_BYTES / 2);
  });

  it('is told from every other one', () => {
    expect(newTombstone(NOW).token).not.toBe(newTombstone(NOW).token);
  });

  it('stays one in a later version', () => {
    const later = { ...newTombstone(NOW), schemaVersion: 2, why: 'who knows' };
    expect(decodeTombstone(json(later))).toMatchObject({ tombstone: true });
  });

  it('is no manifest, not even the smallest: that is larger than any of them', () => {
    const manifest = exampleManifest({ target: 'a', tier: 'daily' });
    const smallest = json({ ...manifest, runId: 'r', graphs: [], timings: {}, stored: {}, state: {}, server: {} });
    expect(smallest.length).toBeGreaterThan(MAX_TOMBSTONE_BYTES);
    expect(decodeTombstone(encodeManifest(manifest))).toBeUndefined();
    expect(decodeTombstone(smallest)).toBeUndefined();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half of one', encodeTombstone(newTombstone(NOW)).subarray(0, -10)],
    ['what says that it is none', json({ ...newTombstone(NOW), tombstone: false })],
    ['one without a time', json({ ...newTombstone(NOW), removedAt: undefined })],
    ['null', json(null)],
  ])('is not %s', (_, bytes) => expect(decodeTombstone(bytes)).toBeUndefined());

  it('is not any other bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (bytes) => {
        expect(decodeTombstone(bytes)).toBeUndefined();
      }),
    );
  });
});
