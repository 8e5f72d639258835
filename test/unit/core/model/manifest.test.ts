import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackupError } from '../../../../core/model/errors.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../../../../core/model/manifest.ts';
import { EXAMPLE_GRAPH, exampleManifest } from '../../../support/example-manifest.ts';

const KEY = 'daily/falkordb/20261122T023000Z-falkordb-daily/manifest.json';
const manifest = exampleManifest();

describe('a manifest', () => {
  it('comes back as it was written', () => expect(decodeManifest(encodeManifest(manifest), KEY)).toEqual(manifest));

  it('keeps every name of a graph as it is', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, fc.array(text), fc.nat(), (name, labels, nodes) => {
        const written = { ...manifest, graphs: [{ ...EXAMPLE_GRAPH, name, labels, nodes }] };
        expect(decodeManifest(encodeManifest(written), KEY)).toEqual(written);
      }),
    );
  });

  it('of a replicated dump has nothing of a save', () => {
    const replicated: Manifest = {
      ...manifest,
      source: 'replication',
      server: { ...manifest.server, lastSave: null, rdbSaves: null },
      rdb: { ...manifest.rdb, replicationId: 'b'.repeat(40), replicationOffset: 2 ** 40 },
    };
    expect(decodeManifest(encodeManifest(replicated), KEY)).toEqual(replicated);
  });

  it('is not written where it could not be read again', () => {
    expect(() => encodeManifest({ ...manifest, keys: -1 })).toThrow();
    expect(() => encodeManifest({ ...manifest, keys: 2 ** 60 })).toThrow();
    expect(() => encodeManifest({ ...manifest, backupId: 'latest' })).toThrow();
  });
});

describe('decodeManifest', () => {
  it('says that a newer one needs a newer version of this program', () => {
    const error = refusal({ schemaVersion: 2, somethingNew: true });
    expect(error.message).toContain('schema 2');
    expect(error.hint).toContain('upgrade');
  });

  it.each([
    ['nothing', '', 'it is empty'],
    ['half of one', '{"schemaVersion": 1, "backup', 'not JSON'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not JSON'],
    ['a list', '[]', 'object'],
    ['null', 'null', 'object'],
    ['another document', '{"hello": "world"}', 'schemaVersion'],
  ])('refuses %s, and says why', (_, bytes, why) => {
    const error = refusal(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    expect(error.message).toContain(why);
    expect(error.hint).toContain('Bring it back');
  });

  it.each(Object.keys(manifest))('refuses one without %s, and names the field', (field) => {
    expect(refusal({ ...manifest, [field]: undefined }).message).toContain(field);
  });

  it.each([
    ['stored.sha256', { stored: { ...manifest.stored, sha256: 'abc' } }],
    ['stored.bytes', { stored: { ...manifest.stored, bytes: -1 } }],
    ['rdb.createdAt', { rdb: { ...manifest.rdb, createdAt: 'yesterday' } }],
    ['tier', { tier: 'hourly' }],
    ['backupId', { backupId: '../../etc' }],
    ['stored.compression', { stored: { ...manifest.stored, compression: 'gzip' } }],
  ])('refuses one with a wrong %s, and names the field', (field, wrong) => {
    expect(refusal({ ...manifest, ...wrong }).message).toContain(field);
  });

  function refusal(content: unknown): BackupError {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    try {
      decodeManifest(bytes, KEY);
    } catch (error) {
      expect(error).toBeInstanceOf(BackupError);
      expect(error).toMatchObject({ code: 'unreadable-manifest', message: expect.stringContaining(KEY) });
      if (error instanceof BackupError) return error;
    }
    throw new Error('It was taken for a manifest.');
  }
});
