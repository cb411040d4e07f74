/** Subjects that claim another identity, or that programs read differently. */
import { TAG } from '../../../lib/der/read.ts';
import { element, sequence } from '../../../lib/der/write.ts';
import * as csr from '../../support/csr-builder.ts';
import { client, goodNames, type HostileCases, KUBELET, kubelet, refusedAs } from './good.ts';

const refused = refusedAs(KUBELET);
const NODE = 'system:node:cp-1.prod.example.com';
const kubeletO = [csr.O, 'system:nodes'] as const;
const kubeletCN = [csr.CN, NODE] as const;
const withMore = (type: string, value: Uint8Array | string) =>
  kubelet({ subject: csr.name(kubeletO, kubeletCN, [type, value]) });
const commonName = (value: Uint8Array | string) =>
  kubelet({ subject: csr.name(kubeletO, [csr.CN, value]) });
const organization = (value: Uint8Array | string) =>
  kubelet({ subject: csr.name([csr.O, value], kubeletCN) });
const bytes = (tag: number, ...octets: number[]) => element(tag, Uint8Array.from(octets));

export const subjects: HostileCases = {
  'good kubelet request': refused([], kubelet()),
  'good kubelet request in UTF8String': refused(
    [],
    kubelet({ subject: csr.name([csr.O, csr.utf8('system:nodes')], [csr.CN, csr.utf8(NODE)]) }),
  ),
  'kubelet with the name of another node': refused(
    'subject-common-name',
    client('system:node:cp-2.prod.example.com', 'system:nodes'),
  ),
  'kubelet as anonymous': refused(
    'subject-common-name',
    client('system:anonymous', 'system:nodes'),
  ),
  'kubelet in system masters': refused('subject-organization', client(NODE, 'system:masters')),
  'kubelet in system masters as well': refused(
    'subject-organization',
    client(NODE, 'system:nodes', 'system:masters'),
  ),
  'kubelet without its group': refused('subject-organization', client(NODE)),
  'kubelet in its group twice': refused(
    ['subject-attribute', 'subject-organization'],
    client(NODE, 'system:nodes', 'system:nodes'),
  ),
  'kubelet in nine groups': refused(
    ['subject-attribute', 'subject-organization'],
    client(NODE, ...Array.from({ length: 9 }, (_, i) => `g${i}`)),
  ),
  'a thousand common names': refused(
    ['subject-common-name', 'subject-organization'],
    kubelet({ subject: csr.name(...Array.from({ length: 1000 }, () => [csr.CN, 'x'] as const)) }),
  ),
  'kubelet with a SAN': refused(
    'san-not-allowed',
    kubelet({ attributes: csr.withNames(csr.dns('cp-1.prod.example.com')) }),
  ),
  'kubelet with all that can be wrong': refused(
    ['subject-common-name', 'subject-organization', 'san-not-allowed'],
    kubelet({
      subject: csr.name([csr.O, 'system:masters'], [csr.CN, 'kubernetes-admin']),
      attributes: csr.withNames(...goodNames),
    }),
  ),
  'etcd server with the name of another node': refusedAs('pki/etcd/server.csr')(
    'subject-common-name',
    kubelet({
      subject: csr.name([csr.CN, 'cp-2.prod.example.com']),
      attributes: csr.withNames(
        csr.dns('cp-1.prod.example.com'),
        csr.dns('localhost'),
        csr.ip(10, 20, 0, 11),
        csr.ip(127, 0, 0, 1),
        csr.ip(...new Array<number>(15).fill(0), 1),
      ),
    }),
  ),
  'etcd peer at the path of admin.conf': refusedAs('admin.conf.csr')(
    ['subject-common-name', 'subject-organization'],
    client('cp-1.prod.example.com'),
  ),
  'admin in system masters': refusedAs('admin.conf.csr')(
    'subject-organization',
    client('kubernetes-admin', 'system:masters'),
  ),
  'scheduler with a group': refusedAs('scheduler.conf.csr')(
    'subject-organization',
    client('system:kube-scheduler', 'system:masters'),
  ),
  'front proxy with another name': refusedAs('pki/front-proxy-client.csr')(
    'subject-common-name',
    client('front-proxy-admin'),
  ),
  'CN and O in one RDN': refused(
    'subject-attribute',
    kubelet({
      subject: sequence(csr.rdn(csr.attribute(csr.CN, NODE), csr.attribute(csr.O, 'system:nodes'))),
    }),
  ),
  'RDN that is empty': refused(
    'subject-attribute',
    kubelet({
      subject: sequence(
        csr.rdn(csr.attribute(csr.O, 'system:nodes')),
        csr.rdn(csr.attribute(csr.CN, NODE)),
        csr.rdn(),
      ),
    }),
  ),
  'two common names': refused('subject-common-name', withMore(csr.CN, 'kubernetes-admin')),
  'the same common name twice': refused('subject-common-name', withMore(csr.CN, NODE)),
  'no common name': refused('subject-common-name', kubelet({ subject: csr.name(kubeletO) })),
  'no subject': refused(
    ['subject-common-name', 'subject-organization'],
    kubelet({ subject: csr.name() }),
  ),
  'common name that is empty': refused(
    ['subject-attribute', 'subject-common-name'],
    commonName(''),
  ),
  'common name of 65 characters': refused(
    ['subject-attribute', 'subject-common-name'],
    commonName('n'.repeat(65)),
  ),
  'common name with a trailing space': refused('subject-common-name', commonName(`${NODE} `)),
  'common name in upper case': refused('subject-common-name', commonName(NODE.toUpperCase())),
  'UID of the API server': refused('subject-attribute', withMore('1.3.6.1.4.1.57683.2', 'uid-1')),
  'subject with OU': refused('subject-attribute', withMore('2.5.4.11', 'system:masters')),
  'subject with country': refused('subject-attribute', withMore('2.5.4.6', 'DE')),
  'subject with e-mail address': refused(
    'subject-attribute',
    withMore('1.2.840.113549.1.9.1', element(TAG.ia5String, Buffer.from('root@example.com'))),
  ),
  'O as TeletexString': refused(
    ['subject-attribute', 'subject-organization'],
    organization(element(0x14, Buffer.from('system:nodes'))),
  ),
  'O as BMPString': refused(
    ['subject-attribute', 'subject-organization'],
    organization(element(0x1e, Buffer.from('system:nodes', 'utf16le').swap16())),
  ),
  'O as OCTET STRING': refused(
    ['subject-attribute', 'subject-organization'],
    organization(element(TAG.octetString, Buffer.from('system:nodes'))),
  ),
  'O in overlong UTF-8': refused(
    ['subject-attribute', 'subject-organization'],
    organization(bytes(TAG.utf8String, 0xc1, 0xb3, ...Buffer.from('ystem:nodes'))),
  ),
  'O in invalid UTF-8': refused(
    ['subject-attribute', 'subject-organization'],
    organization(bytes(TAG.utf8String, 0xff)),
  ),
  'O in surrogates': refused(
    ['subject-attribute', 'subject-organization'],
    organization(bytes(TAG.utf8String, 0xed, 0xa0, 0x80)),
  ),
  'O with NUL': refused(
    ['subject-attribute', 'subject-organization'],
    organization(csr.utf8('system:nodes\0x')),
  ),
  'O with an escape character': refused(
    ['subject-attribute', 'subject-organization'],
    organization(csr.utf8('a\u001b[2J')),
  ),
  'O with a C1 control character': refused(
    ['subject-attribute', 'subject-organization'],
    organization(csr.utf8('a\u009b')),
  ),
  'O with a homoglyph': refused(
    'subject-organization',
    organization(csr.utf8('s\u0443stem:nodes')),
  ),
  'O with a zero width space': refused(
    'subject-organization',
    organization(csr.utf8('system:nodes\u200b')),
  ),
  'CN that reverses the line': refused(
    'subject-common-name',
    commonName(csr.utf8('\u202enimda-setenrebuk')),
  ),
  'O with a byte order mark': refused(
    'subject-organization',
    organization(csr.utf8('\ufeffsystem:nodes')),
  ),
  'PrintableString with an asterisk': refused(
    ['subject-attribute', 'subject-organization'],
    organization('system*'),
  ),
  'PrintableString with NUL': refused(
    ['subject-attribute', 'subject-organization'],
    organization('system:nodes\0'),
  ),
  'attribute with three fields': refused(
    'der-malformed',
    kubelet({
      subject: sequence(csr.rdn(sequence(csr.integer(1), csr.integer(1), csr.integer(1)))),
    }),
  ),
  'subject that is a SET': refused('der-malformed', kubelet({ subject: csr.rdn() })),
};
