import { expect, test } from 'vitest';
import { assertOwnHost } from '../../../../agent/web/own-requests.ts';

test('a service answers to the name that it was told to listen on, whatever its port', () => {
  const own = { publicUrl: undefined, listenHost: 'Backups.internal.example' };
  for (const host of ['backups.internal.example', 'BACKUPS.internal.example:8090']) {
    expect(() => assertOwnHost(host, own)).not.toThrow();
  }
  for (const host of [
    'internal.example',
    'x.backups.internal.example',
    'backups.internal.example.evil',
    '',
    undefined,
  ]) {
    expect(() => assertOwnHost(host, own), host).toThrow('not known by the name');
  }
});
