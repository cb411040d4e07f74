/** The same job as @peculiar/x509's documentation shows it, for comparison: without limits on the CSR, policy, record or lint. */
import 'reflect-metadata';
import { type KeyObject, sign, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const authorities = new Map<string, X509Certificate>();

export async function issueWithPeculiar(csrPem: string, caPem: string, caKey: KeyObject) {
  const csr = new Pkcs10CertificateRequest(csrPem);
  if (!(await csr.verify())) throw new Error('the CSR does not verify');
  const ca = authorities.get(caPem) ?? new X509Certificate(caPem);
  authorities.set(caPem, ca);
  const names = csr.extensions.find((e) => e instanceof SubjectAlternativeNameExtension)?.names;
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: '010102030405060708',
      subject: csr.subjectName,
      issuer: ca.subjectName,
      notBefore: new Date('2026-11-24T12:00:00Z'),
      notAfter: new Date('2027-11-24T12:00:00Z'),
      publicKey: csr.publicKey,
      signingKey: {
        type: 'private',
        algorithm: { name: 'ECDSA', namedCurve: 'P-256', hash: { name: 'SHA-256' } },
        usages: ['sign'],
      } as never,
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new BasicConstraintsExtension(false, undefined, true),
        await SubjectKeyIdentifierExtension.create(csr.publicKey),
        await AuthorityKeyIdentifierExtension.create(ca),
        ...(names ? [new SubjectAlternativeNameExtension(names.toJSON())] : []),
      ],
    },
    {
      subtle: {
        sign: async (_: unknown, __: unknown, tbs: ArrayBuffer) => {
          const key = { key: caKey, dsaEncoding: 'ieee-p1363' as const };
          return Uint8Array.from(sign('sha256', Buffer.from(tbs), key)).buffer;
        },
      },
      getRandomValues: webcrypto.getRandomValues.bind(webcrypto),
    } as never,
  );
  return certificate.toString('pem');
}
