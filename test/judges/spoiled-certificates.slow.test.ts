import { type ChainItem, itWithJudges, judgeChain } from '../support/judges.ts';
import {
  caExtensions,
  OpensslCa,
  serverExtensions as server,
  spoil,
} from '../support/judges-openssl-ca.ts';
import { allJudges, type Judge } from '../support/judges-programs.ts';

/** A certificate with at most one defect, the judges that must refuse it, and a word that their message must contain. */
type Case = {
  title: string;
  item: (pki: Pki) => Partial<ChainItem>;
  refusedBy: Partial<Record<Judge, RegExp>>;
};

type Pki = { ca: OpensslCa; root: string; other: string; looseRoot: string; intermediate: string };

const inYears = (years: number) => new Date(Date.now() + years * 365 * 24 * 3600 * 1000);

const cases: Case[] = [
  { title: 'a valid certificate', item: () => ({}), refusedBy: {} },
  {
    title: 'a valid certificate with its intermediate in the same file',
    item: ({ ca, intermediate }) => ({ certificate: ca.leaf('intermediate') + intermediate }),
    refusedBy: {},
  },
  {
    title: 'a valid certificate with its intermediate in another file',
    item: ({ ca, intermediate }) => ({
      certificate: ca.leaf('intermediate'),
      intermediates: intermediate,
    }),
    refusedBy: {},
  },
  {
    title: 'a certificate whose intermediate is missing',
    item: ({ ca }) => ({ certificate: ca.leaf('intermediate') }),
    refusedBy: { go: /unknown authority/, openssl: /local issuer/ },
  },
  {
    title: 'a certificate of another CA with the same name',
    item: ({ ca }) => ({ certificate: ca.leaf('other') }),
    refusedBy: { go: /unknown authority/, openssl: /issuer/ },
  },
  {
    title: 'a certificate with a bit of its signature changed',
    item: ({ ca }) => ({ certificate: breakSignature(ca.leaf('root')) }),
    refusedBy: { go: /ECDSA verification failure/, openssl: /signature failure/ },
  },
  {
    title: 'an expired certificate',
    item: () => ({ at: inYears(2) }),
    refusedBy: { go: /expired/, openssl: /expired/ },
  },
  {
    title: 'a certificate from the future',
    item: () => ({ at: inYears(-1) }),
    refusedBy: { go: /not yet valid/, openssl: /not yet valid/ },
  },
  {
    title: 'a DNS name that is not in the certificate',
    item: () => ({ dnsNames: ['api.prod.example.com', 'api.test.example.com'] }),
    refusedBy: { go: /api\.test\.example\.com/, openssl: /hostname mismatch/i },
  },
  {
    title: 'an address that is not in the certificate',
    item: () => ({ ips: ['10.20.0.12'] }),
    refusedBy: { go: /10\.20\.0\.12/, openssl: /IP address mismatch/i },
  },
  {
    title: 'no SAN at all, the name as common name only (OpenSSL falls back to that)',
    item: ({ ca }) => ({ certificate: ca.leaf('root', spoil(server, 'subjectAltName')), ips: [] }),
    refusedBy: { go: /SAN/ },
  },
  {
    title: 'a client certificate on a server',
    item: ({ ca }) => ({
      certificate: ca.leaf('root', spoil(server, 'extendedKeyUsage', 'clientAuth')),
    }),
    refusedBy: { go: /incompatible key usage/, openssl: /purpose/ },
  },
  {
    title: 'a server certificate as a client',
    item: () => ({ usage: 'clientAuth', dnsNames: [], ips: [] }),
    refusedBy: { go: /incompatible key usage/, openssl: /purpose/ },
  },
  {
    title: 'keyEncipherment with an EC key',
    item: ({ ca }) => ({
      certificate: ca.leaf(
        'root',
        spoil(server, 'keyUsage', 'critical,digitalSignature,keyEncipherment'),
      ),
    }),
    refusedBy: { zlint: /key_usage|encipherment/i },
  },
  {
    title: 'keyCertSign without being a CA',
    item: ({ ca }) => ({
      certificate: ca.leaf(
        'root',
        spoil(server, 'keyUsage', 'critical,digitalSignature,keyCertSign'),
      ),
    }),
    refusedBy: { openssl: /./, zlint: /cert_sign_without_ca/ },
  },
  {
    title: 'no authority key identifier',
    item: ({ ca }) => ({
      certificate: ca.leaf('root', spoil(server, 'authorityKeyIdentifier', 'none')),
    }),
    refusedBy: { openssl: /authority key identifier/i, zlint: /authority_key_identifier/ },
  },
  {
    title: 'a CA whose basicConstraints are not critical',
    item: ({ ca, looseRoot }) => ({ certificate: ca.leaf('loose'), roots: looseRoot }),
    refusedBy: { openssl: /basic constraints.*critical/i },
  },
  {
    title: 'a keyUsage that is not critical (accepted by all judges)',
    item: ({ ca }) => ({
      certificate: ca.leaf('root', spoil(server, 'keyUsage', 'digitalSignature')),
    }),
    refusedBy: {},
  },
  {
    title: 'an otherName among the names (accepted by all judges)',
    item: ({ ca }) => ({
      certificate: ca.leaf('root', [
        ...spoil(server, 'subjectAltName'),
        'subjectAltName=DNS:api.prod.example.com,IP:10.20.0.11,otherName:1.2.3.4;UTF8:root',
      ]),
    }),
    refusedBy: {},
  },
];

itWithJudges('the judges refuse exactly the defects, with all cases in one batch', () => {
  const pki = makePki();
  const plain = { certificate: pki.ca.leaf('root'), roots: pki.root, usage: 'serverAuth' as const };
  const names = { dnsNames: ['api.prod.example.com'], ips: ['10.20.0.11'] };
  const items = cases.map(({ title, item }) => ({ ...plain, ...names, ...item(pki), name: title }));
  pki.ca.remove();
  expect(judgeChain(items)).toEqual(
    allJudges.flatMap((judge) =>
      cases.map(({ title, refusedBy: { [judge]: reason } }) => ({
        name: title,
        judge,
        ok: reason === undefined,
        message: expect.stringMatching(reason ?? /^(chain verified|OK|no error)$/),
      })),
    ),
  );
});

/** The last byte of a DER certificate belongs to its signature. */
function breakSignature(pem: string): string {
  const der = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function makePki(): Pki {
  const ca = new OpensslCa();
  const root = ca.root('root');
  const other = ca.root('other');
  const looseRoot = ca.root('loose', spoil(caExtensions, 'basicConstraints', 'CA:true'));
  const intermediate = ca.intermediate('intermediate', 'root', [
    ...caExtensions,
    'authorityKeyIdentifier=keyid:always',
  ]);
  return { ca, root, other, looseRoot, intermediate };
}
