/** DER that parsers read differently, and structures that PKCS#10 does not have. */
import { TAG } from '../../../lib/der/read.ts';
import { bitString, derNull, element, octetString, oid, sequence } from '../../../lib/der/write.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { APISERVER, apiserver, goodNames, type HostileCases, refusedAs } from './good.ts';

const refused = refusedAs(APISERVER);
const key = testKey('rsa-2048');
const SUBJECT = csr.name([csr.CN, 'kube-apiserver']);
const concat = (...parts: Uint8Array[]) => Buffer.concat(parts);
const request = (...extensions: Uint8Array[]) =>
  apiserver({ attributes: csr.attributes(csr.extensionRequest(...extensions)) });
const goodSan = csr.san(...goodNames);
const attributes = (...parts: Uint8Array[]) =>
  apiserver({ attributes: csr.attributes(csr.extensionRequest(goodSan), ...parts) });
const info = (...fields: Uint8Array[]) => csr.envelope(sequence(...fields), { key });
const [zero, names] = [csr.integer(0), csr.withNames(...goodNames)];
/** The same outer SEQUENCE with other identifier and length octets. */
const relabeled = (...header: number[]) => concat(Uint8Array.from(header), apiserver().subarray(4));
const size = apiserver().length - 4;
/** Nested SEQUENCEs, thousands of levels deep. */
function nested(levels: number): Uint8Array {
  const headers: Buffer[] = [];
  for (let length = 0, i = 0; i < levels; i++) {
    const header = element(TAG.sequence, new Uint8Array(length)).subarray(0, -length || undefined);
    headers.unshift(Buffer.from(header));
    length += header.length;
  }
  return concat(...headers);
}

export const encodings: HostileCases = {
  'requests CA TRUE': refused(
    'extension-not-allowed',
    request(goodSan, csr.criticalExtension('2.5.29.19', Buffer.from('30030101ff', 'hex'))),
  ),
  'fifteen hundred attributes': refused(
    'attribute-not-allowed',
    attributes(
      ...Array.from({ length: 1500 }, (_, i) =>
        sequence(element(TAG.oid, Uint8Array.of(0x2a, 0x81 + (i >> 7), i & 0x7f)), csr.rdn()),
      ),
    ),
  ),
  'requests keyCertSign': refused(
    'extension-not-allowed',
    request(goodSan, csr.extension('2.5.29.15', bitString(Uint8Array.of(4), 2))),
  ),
  'requests clientAuth': refused(
    'extension-not-allowed',
    request(goodSan, csr.extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.2')))),
  ),
  'requests three extensions, one of them twice': refused(
    ['extension-not-allowed', 'extension-duplicate'],
    request(
      goodSan,
      csr.extension('2.5.29.19', sequence()),
      csr.extension('2.5.29.19', sequence()),
    ),
  ),
  'SAN that is critical': refused(
    [],
    request(csr.criticalExtension(csr.SAN, sequence(...goodNames))),
  ),
  'SAN with FALSE written out': refused(
    'der-malformed',
    request(sequence(oid(csr.SAN), element(1, Uint8Array.of(0)), octetString(sequence()))),
  ),
  'SAN with TRUE written as 1': refused(
    'der-malformed',
    request(sequence(oid(csr.SAN), element(1, Uint8Array.of(1)), octetString(sequence()))),
  ),
  'extension without a value': refused('der-malformed', request(sequence(oid(csr.SAN)))),
  'extension with four fields': refused(
    'der-malformed',
    request(sequence(oid(csr.SAN), derNull(), derNull(), derNull())),
  ),
  'challenge password': refused(
    'attribute-not-allowed',
    attributes(csr.csrAttribute('1.2.840.113549.1.9.7', csr.utf8('secret'))),
  ),
  'extensions by the OID of Microsoft': refused(
    'attribute-not-allowed',
    attributes(csr.csrAttribute('1.3.6.1.4.1.311.2.1.14', sequence(goodSan))),
  ),
  'attribute without values': refused(
    'attribute-not-allowed',
    attributes(csr.csrAttribute('1.2.3.4')),
  ),
  'extensionRequest with an empty set': refused(
    'der-malformed',
    apiserver({ attributes: csr.attributes(csr.csrAttribute('1.2.840.113549.1.9.14')) }),
  ),
  'extensionRequest with two values': refused(
    'der-malformed',
    apiserver({
      attributes: csr.attributes(
        csr.csrAttribute('1.2.840.113549.1.9.14', sequence(goodSan), sequence(goodSan)),
      ),
    }),
  ),
  'attribute with a third field': refused(
    'der-malformed',
    apiserver({ attributes: csr.attributes(sequence(oid('1.2.3'), csr.rdn(), derNull())) }),
  ),
  'attributes left out': refused('der-malformed', info(zero, SUBJECT, key.spki)),
  'attributes twice': refused('der-malformed', info(zero, SUBJECT, key.spki, names, names)),
  'attributes under another tag': refused(
    'der-malformed',
    info(zero, SUBJECT, key.spki, element(0xa1)),
  ),
  'attributes in a primitive tag': refused(
    'der-malformed',
    info(zero, SUBJECT, key.spki, element(0x80)),
  ),
  'version 2': refused('csr-version', apiserver({ version: csr.integer(1) })),
  'version 3': refused('csr-version', apiserver({ version: csr.integer(2) })),
  'version below zero': refused('csr-version', apiserver({ version: csr.integer(0xff) })),
  'version with padding': refused('der-malformed', apiserver({ version: csr.integer(0, 0) })),
  'version without octets': refused('der-malformed', apiserver({ version: csr.integer() })),
  'version as BOOLEAN': refused('der-malformed', apiserver({ version: element(1, Buffer.of(0)) })),
  'byte after the end': refused('der-malformed', concat(apiserver(), Uint8Array.of(0))),
  'newline after the end': refused('der-malformed', concat(apiserver(), Buffer.from('\n'))),
  'request after the end': refused('der-malformed', concat(apiserver(), apiserver())),
  'byte missing at the end': refused('der-malformed', apiserver().subarray(0, -1)),
  'indefinite length': refused('der-malformed', concat(relabeled(0x30, 0x80), Buffer.alloc(2))),
  'length in more octets than it needs': refused(
    'der-malformed',
    relabeled(0x30, 0x83, 0, size >> 8, size & 0xff),
  ),
  'length in four octets': refused(
    'der-malformed',
    relabeled(0x30, 0x84, 0, 0, size >> 8, size & 0xff),
  ),
  'length of many octets': refused('der-malformed', relabeled(0x30, 0xff)),
  'length that is larger than the file': refused('der-malformed', relabeled(0x30, 0x82, 255, 255)),
  'primitive SEQUENCE': refused('der-malformed', relabeled(0x10, 0x82, size >> 8, size & 0xff)),
  'tag number over 30': refused('der-malformed', relabeled(0x3f, 0x10, 0x82)),
  'object that is empty': refused('der-malformed', new Uint8Array()),
  'object of zeros': refused('der-malformed', new Uint8Array(64)),
  'object of one byte': refused('der-malformed', Uint8Array.of(0x30)),
  'text that is not a request': refused('der-malformed', 'please sign\n'),
  'certificate instead of a request': refused(
    'der-malformed',
    sequence(sequence(csr.integer(2), csr.integer(1)), key.signatureAlgorithm, bitString(zero)),
  ),
  'twenty kilobytes': refused(
    'der-malformed',
    attributes(csr.csrAttribute('1.2.3', octetString(new Uint8Array(20_000)))),
  ),
  'five thousand levels deep': refused('der-malformed', nested(5000)),
  'a subject two thousand levels deep': refused(
    'der-malformed',
    apiserver({ subject: nested(2000) }),
  ),
  'OID with padding': refused(
    'der-malformed',
    apiserver({
      attributes: csr.attributes(
        sequence(element(TAG.oid, Uint8Array.of(0x2a, 0x80, 3)), csr.rdn(sequence())),
      ),
    }),
  ),
  'OID with an endless arc': refused(
    'der-malformed',
    apiserver({
      attributes: csr.attributes(
        sequence(element(TAG.oid, new Uint8Array(40).fill(0xff)), csr.rdn(sequence())),
      ),
    }),
  ),
};
