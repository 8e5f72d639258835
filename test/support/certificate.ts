import { generateKeyPairSync, sign } from 'node:crypto';
import type { Certificate } from '../../agent/falkordb/master/certificate.ts';

/*
 * X.509 in DER, as far as a self-signed certificate for 127.0.0.1 needs it: Node makes keys and signatures, but no
 * certificates, and not every machine has an openssl command.
 */

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const ECDSA_WITH_SHA256 = der(SEQUENCE, der(OBJECT_ID, hex('2a8648ce3d040302')));
const COMMON_NAME = der(OBJECT_ID, hex('550403'));
const SUBJECT_ALT_NAME = der(OBJECT_ID, hex('551d11'));

/** Self-signed, so `cert` is also the authority that a client must trust. Each call makes another one. */
export function makeCertificate(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8, Buffer.from('falkordb-backup test')))));
  const validity = der(SEQUENCE, ...['200101000000Z', '491231235959Z'].map((time) => der(UTC_TIME, Buffer.from(time))));
  const [ipAddress, dnsName] = [der(0x87, Buffer.from([127, 0, 0, 1])), der(0x82, Buffer.from('localhost'))];
  const altNames = der(SEQUENCE, SUBJECT_ALT_NAME, der(OCTET_STRING, der(SEQUENCE, ipAddress, dnsName)));
  const toBeSigned = der(
    SEQUENCE,
    // Version 3.
    der(0xa0, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, altNames)),
  );
  const signature = der(BIT_STRING, Buffer.from([0]), sign('sha256', toBeSigned, privateKey));
  return {
    cert: pem(der(SEQUENCE, toBeSigned, ECDSA_WITH_SHA256, signature)),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const short = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...short]), body]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
