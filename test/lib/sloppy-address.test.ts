/** Addresses as Kubernetes reads them, tried with ParseIPSloppy and ParseCIDRSloppy of k8s.io/utils. */
import { hasLeadingZeros, readSloppyAddress, readSloppyRange } from '../../lib/sloppy-address.ts';

it.each([
  ['10.20.0.11', '10.20.0.11'],
  ['010.020.000.011', '10.20.0.11'],
  ['0000010.1.1.1', '10.1.1.1'],
  ['08.09.0.1', '8.9.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::ffff:010.0.0.1', '10.0.0.1'],
  ['fd00:00001::1', 'fd00:1::1'],
  ['FD00::A', 'fd00::a'],
  ['10.0.0.256', undefined],
  ['0256.0.0.1', undefined],
  ['10.0.0', undefined],
  ['0x0a.0.0.1', undefined],
  ['fe80::1%eth0', undefined],
  [' 10.0.0.1', undefined],
  ['', undefined],
])('%j is %s', (text, address) => {
  expect(readSloppyAddress(text)).toBe(address);
});

it.each([
  ['10.096.0.0/016', '10.96.0.0/16'],
  ['10.96.0.5/16', '10.96.0.5/16'],
  ['::ffff:10.0.0.0/112', '10.0.0.0/16'],
  ['::ffff:10.0.0.0/8', '::ffff:a00:0/8'],
  ['fd00::/0112', 'fd00::/112'],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0/-1', undefined],
  ['10.0.0.0/', undefined],
  ['10.0.0.0/8/8', undefined],
  ['/8', undefined],
])('the range %j is %s', (text, range) => {
  expect(readSloppyRange(text)).toBe(range);
});

it.each([
  ['010.0.0.1', true],
  ['10.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['api.example.com', false],
])('%s has leading zeros: %s', (text, has) => {
  expect(hasLeadingZeros(text)).toBe(has);
});
