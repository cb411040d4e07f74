/**
 * Encrypts CA keys to the holder of a certificate, as a CMS message (RFC 5652) that `openssl cms -decrypt` opens: an RSA
 * key (OAEP with SHA-256, RFC 4055) transports the AES-256 key of the content. Nothing is encrypted with a passphrase.
 */

import {
  constants,
  createCipheriv,
  createDecipheriv,
  publicEncrypt,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import {
  ContentInfo,
  EncryptedContent,
  EncryptedContentInfo,
  EnvelopedData,
  IssuerAndSerialNumber,
  KeyTransRecipientInfo,
  RecipientIdentifier,
  RecipientInfo,
  RecipientInfos,
} from '@peculiar/asn1-cms';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Certificate } from '@peculiar/asn1-x509';
import { bufferOf, toPem } from '../../../lib/bytes.ts';
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { CommandError } from '../../errors.ts';

const OID = {
  data: '1.2.840.113549.1.7.1',
  envelopedData: '1.2.840.113549.1.7.3',
  rsaesOaep: '1.2.840.113549.1.1.7',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const;

/** RSAES-OAEP-params: SHA-256 for both, in DER (RFC 4055 section 4.1). */
const OAEP_SHA256 = Buffer.from(
  '302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500',
  'hex',
);

export interface Recipient {
  readonly certificate: X509Certificate;
  /** For people: subject, and SHA-256 of the certificate. */
  readonly text: string;
  /** As the user named it. */
  readonly file: string;
}

const MIN_RSA_BITS = 2048;

/** @throws CommandError if nobody could be expected to open what is sealed to it */
export function readRecipient(pem: string, file: string, now: Date): Recipient {
  const wrong = (why: string, hint: string) => new CommandError('usage', `${file}: ${why}`, hint);
  const [first, ...others] = certificatesIn(pem);
  if (first === undefined || others.length > 0)
    throw wrong('is not one PEM certificate', 'give the certificate of the recipient alone');
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(first);
  } catch {
    throw wrong('its certificate cannot be read', 'give an X.509 certificate in PEM');
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS)
    throw wrong(
      `its key is not RSA of at least ${MIN_RSA_BITS} bits`,
      'make a recipient, away from this node: openssl req -x509 -newkey rsa:4096 -subj /CN=ca-keys -days 365 -keyout recipient.key -out recipient.crt',
    );
  if (Date.parse(certificate.validTo) <= now.getTime())
    throw wrong(
      `it expired at ${isoDate(certificate.validTo)}`,
      'give a certificate that is valid',
    );
  const subject = certificate.subject.replaceAll('\n', ', ');
  const text = `${subject} (SHA-256 ${certificate.fingerprint256})`;
  return { certificate, text, file };
}

/** The message, after it has been read back: the content that it holds is the one that was given. */
export function seal(content: Buffer, { certificate }: Recipient): string {
  const key = randomBytes(32);
  try {
    const der = bufferOf(new Uint8Array(envelope(content, key, certificate)));
    const sealed = toPem('CMS', der);
    requireSealed(sealed, content, key, certificate);
    return sealed;
  } finally {
    key.fill(0);
  }
}

function envelope(plain: Buffer, key: Buffer, certificate: X509Certificate): ArrayBuffer {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const { publicKey } = certificate;
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const encryptedKey = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, key);
  const { issuer, serialNumber } = AsnConvert.parse(certificate.raw, Certificate).tbsCertificate;
  const recipient = new KeyTransRecipientInfo({
    version: 0,
    rid: new RecipientIdentifier({
      issuerAndSerialNumber: new IssuerAndSerialNumber({ issuer, serialNumber }),
    }),
    keyEncryptionAlgorithm: new AlgorithmIdentifier({
      algorithm: OID.rsaesOaep,
      parameters: bytesOf(OAEP_SHA256),
    }),
    encryptedKey: new OctetString(bytesOf(encryptedKey)),
  });
  const data = new EnvelopedData({
    version: 0,
    recipientInfos: new RecipientInfos([new RecipientInfo({ ktri: recipient })]),
    encryptedContentInfo: new EncryptedContentInfo({
      contentType: OID.data,
      contentEncryptionAlgorithm: new AlgorithmIdentifier({
        algorithm: OID.aes256Cbc,
        parameters: AsnConvert.serialize(new OctetString(bytesOf(iv))),
      }),
      encryptedContent: new EncryptedContent({ value: new OctetString(bytesOf(encrypted)) }),
    }),
  });
  const content = AsnConvert.serialize(data);
  return AsnConvert.serialize(new ContentInfo({ contentType: OID.envelopedData, content }));
}

/** @throws Error if the text would not give the content back */
function requireSealed(
  text: string,
  content: Buffer,
  key: Buffer,
  certificate: X509Certificate,
): void {
  const der = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const info = AsnConvert.parse(der, ContentInfo);
  const { recipientInfos, encryptedContentInfo } = AsnConvert.parse(info.content, EnvelopedData);
  const { contentEncryptionAlgorithm, encryptedContent } = encryptedContentInfo;
  const iv = AsnConvert.parse(
    contentEncryptionAlgorithm.parameters ?? new ArrayBuffer(0),
    OctetString,
  );
  const decipher = createDecipheriv('aes-256-cbc', key, Buffer.from(iv.buffer));
  const encrypted = Buffer.from(encryptedContent?.value?.buffer ?? new ArrayBuffer(0));
  const opened = Buffer.concat([decipher.update(encrypted), decipher.final()]);
  const serial = recipientInfos[0]?.ktri?.rid.issuerAndSerialNumber?.serialNumber;
  const isForRecipient =
    serial !== undefined &&
    BigInt(`0x${Buffer.from(serial).toString('hex')}`) === BigInt(`0x${certificate.serialNumber}`);
  if (!isForRecipient || !opened.equals(content))
    throw new Error('the sealed keys could not be read back');
}

/** A copy that is exactly as long: a Buffer may share its memory with others. */
const bytesOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;
