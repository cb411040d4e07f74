import { createPublicKey } from 'node:crypto';
import * as der from '../../../lib/der/read.ts';
import * as write from '../../../lib/der/write.ts';
import { testKey } from '../../support/csr-builder-keys.ts';

const { DerError, readDer, TAG } = der;
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const read = (text: string) => readDer(hex(text), 'x');

it.each([
  ['nothing', ''],
  ['a tag alone', '30'],
  ['an indefinite length', '3080 0000'],
  ['a long form of a short length', '3081 01 00'],
  ['a length with a leading zero', `308200 80${'00'.repeat(128)}`],
  ['a length of four octets', '30 84 00000001 00'],
  ['a truncated length', '30 82 01'],
  ['fewer contents than its length', '04 02 00'],
  ['bytes after the end', '0500 00'],
  ['a tag number over 30', '1f 01 00'],
  ['a truncated child', '3002 0401'],
])('is not DER: %s', (_, text) => {
  expect(() => read(text).children()).toThrow(DerError);
});

it.each([
  ['INTEGER without contents', () => der.readInteger(read('0200'))],
  ['INTEGER with padding', () => der.readInteger(read('0202 007f'))],
  ['negative INTEGER with padding', () => der.readInteger(read('0202 ff80'))],
  ['another type for INTEGER', () => der.readInteger(read('0401 00'))],
  ['zero for a positive INTEGER', () => der.readPositiveInteger(read('0201 00'))],
  ['a negative for a positive INTEGER', () => der.readPositiveInteger(read('0201 80'))],
  ['BIT STRING with unused bits', () => der.readOctetAlignedBits(read('0302 01 fe'))],
  ['BIT STRING without its first octet', () => der.readOctetAlignedBits(read('0300'))],
  ['BOOLEAN of 01', () => der.readBoolean(read('0101 01'))],
  ['BOOLEAN of two octets', () => der.readBoolean(read('0102 ffff'))],
  ['NULL with contents', () => der.readNull(read('0501 00'))],
  ['OID without contents', () => der.readOid(read('0600'))],
  ['OID with a padded arc', () => der.readOid(read('0603 2a 80 01'))],
  ['OID that ends within an arc', () => der.readOid(read('0602 2a 81'))],
  ['OID with an arc that is too large', () => der.readOid(read(`060a 2a ${'ff'.repeat(8)}7f`))],
  ['children of a primitive type', () => read('0401 00').children()],
  ['too few fields', () => der.readFields(read('3002 0500'), TAG.sequence, 'a', 'b')],
  ['too many fields', () => der.readFields(read('3004 05000500'), TAG.sequence, 'a')],
  ['another tag', () => der.readFields(read('3100'), TAG.sequence)],
])('refused: %s', (_, action) => {
  expect(action).toThrow(DerError);
});

it('errors name the field', () => {
  const [info] = der.readFields(read('3003 300102'), TAG.sequence, 'info');
  expect(() => info?.children()).toThrow('x.info[0]: truncated before its length');
});

it.each(['1.2.840.113549.1.1.11', '2.5.4.3', '2.999.3', '0.9.2342', '1.3.6.1.4.1.57683.2'])(
  'the OID %s is the same after writing and reading',
  (dotted) => {
    expect(der.readOid(readDer(write.oid(dotted), 'oid'))).toBe(dotted);
  },
);

it.each([0, 1, 127, 128, 255, 256, 65535, 65536])(
  'contents of %i octets are the same after writing and reading',
  (length) => {
    const content = new Uint8Array(length).fill(7);
    expect(readDer(write.octetString(content), 'x').content).toEqual(content);
  },
);

it.each([
  ['0', hex('00'), '020100'],
  ['127', hex('7f'), '02017f'],
  ['128', hex('80'), '02020080'],
  ['leading zeros', hex('000001'), '020101'],
  ['no octets', hex(''), '020100'],
])('an INTEGER is written in its shortest form: %s', (_, octets, written) => {
  expect(Buffer.from(write.unsignedInteger(octets)).toString('hex')).toBe(written);
});

it.each([
  ['digitalSignature', [0], '03020780'],
  ['digitalSignature and keyEncipherment', [0, 2], '030205a0'],
  ['keyCertSign and cRLSign', [5, 6], '03020106'],
  ['decipherOnly', [8], '0303070080'],
])('trailing zeros of named bits are dropped: %s', (_, bits, written) => {
  expect(Buffer.from(write.namedBits(bits)).toString('hex')).toBe(written);
});

it.each([
  ['through 2049 as UTCTime', '2049-12-31T23:59:59.999Z', '170d3439313233313233353935395a'],
  ['from 2050 as GeneralizedTime', '2050-01-01T00:00:00Z', '180f32303530303130313030303030305a'],
])('a time is written %s', (_, date, written) => {
  expect(Buffer.from(write.time(new Date(date))).toString('hex')).toBe(written);
});

it('a SET OF is sorted', () => {
  const [a, b] = [write.octetString(hex('02')), write.octetString(hex('01'))];
  expect(write.setOf(a, b)).toEqual(write.setOf(b, a));
});

it('text is a PrintableString if possible, and a UTF8String otherwise', () => {
  expect(write.directoryString('system:node:cp-1')[0]).toBe(TAG.printableString);
  expect(write.directoryString('*.example.com')[0]).toBe(TAG.utf8String);
});

it.each(['rsa-2048', 'p-256', 'p-384'])(
  'OpenSSL reads the same key from the encoded %s',
  (name) => {
    const { spki } = testKey(name);
    const [algorithm, bits] = der.readFields(readDer(spki, 'x'), TAG.sequence, 'a', 'b');
    const again = write.sequence(
      ...[algorithm, bits].flatMap((part) => (part ? [write.element(part.tag, part.content)] : [])),
    );
    const key = createPublicKey({ key: Buffer.from(again), format: 'der', type: 'spki' });
    expect(key.export({ format: 'der', type: 'spki' })).toEqual(Buffer.from(spki));
  },
);
