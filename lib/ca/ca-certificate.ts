/**
 * The self-signed certificate of a CA, as kubeadm creates it (cmd/kubeadm/app/phases/certs/certlist.go): the same
 * names, DNS name and ten years, but without keyEncipherment, which a CA key never needs, and with cRLSign.
 */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { assembleCertificate, keyIdentifierOf } from '../certificate/assemble.ts';
import { readDer, readFields, TAG } from '../der/read.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import type { CaKey } from './ca-keys.ts';
import { CA_COMMON_NAMES } from './common-names.ts';

export interface CaCertificateFields {
  readonly ca: CaName;
  readonly key: CaKey;
  /** Octets of a positive INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The TBSCertificate, linted but not signed. @throws Fault lint-failed */
export async function draftCaCertificate(fields: CaCertificateFields): Promise<Uint8Array> {
  const { key, serialNumber, notBefore, notAfter } = fields;
  const commonName = CA_COMMON_NAMES[fields.ca];
  const signing = placeholderSigner(key);
  const spki = readDer(key.publicKey, 'publicKey');
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: Buffer.from(serialNumber).toString('hex'),
      subject: `CN=${commonName}`,
      issuer: `CN=${commonName}`,
      notBefore,
      notAfter,
      publicKey: new PublicKey(Buffer.from(key.publicKey)),
      signingKey: signing.key,
      extensions: [
        new KeyUsagesExtension(
          KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
          true,
        ),
        new BasicConstraintsExtension(true, undefined, true),
        new SubjectKeyIdentifierExtension(Buffer.from(keyIdentifierOf(spki)).toString('hex')),
        new SubjectAlternativeNameExtension([{ type: 'dns', value: commonName }]),
      ],
    },
    signing.crypto,
  );
  const parts = ['tbs', 'signatureAlgorithm', 'signature'];
  const whole = readDer(Buffer.from(certificate.rawData), 'certificate');
  const [tbs] = readFields(whole, TAG.sequence, ...parts);
  if (!tbs) throw new Fault('lint-failed', 'the generator returned no certificate');
  lintCaDraft(tbs.raw, fields);
  return Uint8Array.from(tbs.raw);
}

/**
 * The generator needs a key that signs. This one only has an algorithm (by its WebCrypto name), and its crypto provider
 * returns a placeholder: KMS signs later, when the draft is recorded.
 */
function placeholderSigner({ keySpec }: CaKey) {
  const hash = { name: keySpec === 'ECC_NIST_P384' ? 'SHA-384' : 'SHA-256' };
  const algorithm = keySpec.startsWith('RSA')
    ? { name: 'RSASSA-PKCS1-v1_5', hash }
    : { name: 'ECDSA', namedCurve: keySpec === 'ECC_NIST_P384' ? 'P-384' : 'P-256', hash };
  const sign = async () => new Uint8Array(96).fill(1).buffer;
  return {
    key: { type: 'private', extractable: false, algorithm, usages: ['sign'] } as SigningKey,
    crypto: { subtle: { sign } } as CryptoProvider,
  };
}

type SigningKey = Extract<
  Parameters<typeof X509CertificateGenerator.create>[0],
  { signingKey: unknown }
>['signingKey'];
type CryptoProvider = NonNullable<Parameters<typeof X509CertificateGenerator.create>[1]>;

/** Compares what OpenSSL reads with what was intended. */
function lintCaDraft(tbs: Uint8Array, fields: CaCertificateFields): void {
  const algorithm = signingAlgorithmOf(fields.key.keySpec);
  const draft = new X509Certificate(assembleCertificate(tbs, { algorithm }, new Uint8Array(64)));
  const subject = `CN=${CA_COMMON_NAMES[fields.ca]}`;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase();
  const pairs: [string, unknown, unknown][] = [
    ['CA', draft.ca, true],
    ['subject', draft.subject, subject],
    ['issuer', draft.issuer, subject],
    ['serialNumber', draft.serialNumber, hex(fields.serialNumber)],
    ['validFrom', Date.parse(draft.validFrom), fields.notBefore.getTime()],
    ['validTo', Date.parse(draft.validTo), fields.notAfter.getTime()],
    [
      'public key',
      hex(draft.publicKey.export({ type: 'spki', format: 'der' })),
      hex(fields.key.publicKey),
    ],
    ['self-issued', draft.checkIssued(draft), true],
  ];
  const findings = pairs
    .filter(([, got, meant]) => got !== meant)
    .map(([field, got, meant]) => `${field} is ${String(got)}, expected ${String(meant)}`);
  if (findings.length > 0) throw new Fault('lint-failed', `CA draft: ${findings.join('; ')}`);
}
