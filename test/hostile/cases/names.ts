/** Subject alternative names that must be refused. */
import { element } from '../../../lib/der/write.ts';
import * as csr from '../../support/csr-builder.ts';
import { APISERVER, apiserver, goodNames, type HostileCases, refusedAs, withName } from './good.ts';

const refused = refusedAs(APISERVER);
const [endpoint, ...withoutEndpoint] = goodNames;
const without = (...left: (Uint8Array | undefined)[]) =>
  apiserver({ attributes: csr.withNames(...goodNames.filter((name) => !left.includes(name))) });
const general = (tag: number, text: string) => element(tag, Buffer.from(text, 'latin1'));
const many = Array.from({ length: 101 }, (_, i) => csr.dns(`n${i}.example.com`));
const attackersName = csr.dns('evil.example.com');

export const names: HostileCases = {
  'good apiserver request': refused([], apiserver()),
  'two SAN extensions': refused(
    ['extension-duplicate', 'san-not-allowed'],
    apiserver({
      attributes: csr.attributes(
        csr.extensionRequest(csr.san(...goodNames), csr.san(attackersName)),
      ),
    }),
  ),
  'two extensionRequests with a SAN each': refused(
    ['attribute-not-allowed', 'san-not-allowed'],
    apiserver({
      attributes: csr.attributes(
        csr.extensionRequest(csr.san(...goodNames)),
        csr.extensionRequest(csr.san(attackersName)),
      ),
    }),
  ),
  'SAN with otherName': refused('san-type', withName(general(0xa0, '\x06\x03\x2a\x03\x04'))),
  'SAN with an e-mail address': refused('san-type', withName(general(0x81, 'root@example.com'))),
  'SAN with a URI': refused('san-type', withName(general(0x86, 'spiffe://prod/admin'))),
  'SAN with a directory name': refused(
    'san-type',
    withName(element(0xa4, csr.name([csr.CN, 'admin']))),
  ),
  'SAN with a registeredID': refused('san-type', withName(general(0x88, '\x2a\x03'))),
  'SAN with an unknown tag': refused('san-type', withName(general(0x8f, 'x'))),
  'SAN with a constructed DNS name': refused('san-type', withName(element(0xa2, csr.utf8('a')))),
  'SAN with every wrong kind at once': refused(
    ['san-type', 'san-malformed'],
    withName(general(0x81, 'a@b'), general(0x86, 'x:y'), csr.dns('UPPER'), csr.ip(1)),
  ),
  'DNS name with NUL': refused('san-malformed', withName(csr.dns('api.prod.example.com\0.evil'))),
  'DNS name in upper case': refused('san-malformed', withName(csr.dns('API.prod.example.com'))),
  'DNS name with a trailing dot': refused('san-malformed', withName(csr.dns('a.example.com.'))),
  'DNS name with an underscore': refused('san-malformed', withName(csr.dns('_a.example.com'))),
  'DNS name with a line break': refused('san-malformed', withName(csr.dns('a.example.com\n'))),
  'DNS name that is empty': refused('san-malformed', withName(csr.dns(''))),
  'DNS name with an empty label': refused('san-malformed', withName(csr.dns('a..example.com'))),
  'DNS name with a label of 64': refused('san-malformed', withName(csr.dns('a'.repeat(64)))),
  'DNS name of 300 characters': refused(
    'san-malformed',
    withName(csr.dns(Array.from({ length: 60 }, () => 'abcd').join('.'))),
  ),
  'DNS name with a leading hyphen': refused('san-malformed', withName(csr.dns('-a.example.com'))),
  'DNS name as U-label': refused('san-malformed', withName(general(0x82, 'b\u00fccher.example'))),
  'DNS name that is an address': refused('san-not-allowed', withName(csr.dns('10.20.0.11'))),
  'wildcard alone': refused('san-malformed', withName(csr.dns('*'))),
  'wildcard in the middle': refused('san-malformed', withName(csr.dns('a.*.example.com'))),
  'wildcard in part of a label': refused('san-malformed', withName(csr.dns('a*.example.com'))),
  'wildcard twice': refused('san-malformed', withName(csr.dns('*.*.example.com'))),
  'wildcard over the declared one': refused(
    'san-not-allowed',
    withName(csr.dns('*.prod.example.com')),
  ),
  'name below the declared wildcard': refused(
    'san-not-allowed',
    withName(csr.dns('a.apps.prod.example.com')),
  ),
  'SAN with an empty list': refused(
    ['san-malformed', 'san-missing'],
    apiserver({ attributes: csr.withNames() }),
  ),
  'SAN that is not a list': refused(
    'der-malformed',
    apiserver({
      attributes: csr.attributes(csr.extensionRequest(csr.extension(csr.SAN, csr.dns('a')))),
    }),
  ),
  'SAN with bytes after its list': refused(
    'der-malformed',
    apiserver({
      attributes: csr.attributes(
        csr.extensionRequest(
          csr.extension(csr.SAN, Buffer.concat([csr.san(), Buffer.from([5, 0])])),
        ),
      ),
    }),
  ),
  'address of no octets': refused('san-malformed', withName(csr.ip())),
  'address of five octets': refused('san-malformed', withName(csr.ip(10, 20, 0, 11, 0))),
  'address with a mask': refused('san-malformed', withName(csr.ip(10, 0, 0, 0, 255, 0, 0, 0))),
  'address of 32 octets': refused(
    'san-malformed',
    withName(csr.ip(...new Array<number>(15).fill(0), 1, ...new Array<number>(16).fill(255))),
  ),
  'address that is mapped': refused(
    'san-malformed',
    withName(csr.ip(...new Array<number>(10).fill(0), 255, 255, 10, 20, 0, 11)),
  ),
  'address that is compatible': refused(
    'san-not-allowed',
    withName(csr.ip(...new Array<number>(12).fill(0), 10, 20, 0, 11)),
  ),
  'address of another node': refused('san-not-allowed', withName(csr.ip(10, 20, 0, 12))),
  'name of another node': refused('san-not-allowed', withName(csr.dns('cp-2.prod.example.com'))),
  // certified once, as kubeadm up to 1.23 repeats names
  'name twice': refused([], withName(...goodNames.slice(0, 1))),
  'a hundred and one names': refused(['san-not-allowed', 'san-too-many'], withName(...many)),
  'name that nobody declared': refused('san-not-allowed', withName(attackersName)),
  'localhost, which kubeadm leaves out': refused('san-not-allowed', withName(csr.dns('localhost'))),
  'without the endpoint': refused('san-missing', without(endpoint)),
  'without the service address': refused('san-missing', without(goodNames[6])),
  'without the endpoint, and an own name': refused(
    ['san-missing', 'san-not-allowed'],
    apiserver({ attributes: csr.withNames(...withoutEndpoint, attackersName) }),
  ),
  'without any name': refused('san-missing', apiserver({ attributes: csr.attributes() })),
};
