/** Writes a renewed certificate into the document of a trust domain. The version keeps its number and its key. */
import { MAX_RENEWED } from '../contract/ca-renewal-record.ts';
import type { CaVersion, TrustDomainDocument } from '../contract/trust-domain.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, type JsonObject } from '../store/documents.ts';

export const renewalsOf = ({ renewals = 0 }: CaVersion): number => renewals;

/** The certificates of before the next renewal. */
export const renewedOf = ({ renewed = [], certificate }: CaVersion): string[] =>
  [...renewed, certificate].slice(-MAX_RENEWED);

/**
 * What is stored stays, including fields that only a later release knows.
 * @returns whether it was written: not if the document has changed since it was read
 */
export async function writeRenewed(
  { authority }: Pick<Service, 'authority'>,
  key: string,
  { value, object }: JsonObject,
  ca: CaName,
  { version, certificate, chain, renewals, renewed, voucher }: CaVersion,
): Promise<boolean> {
  const before = value as TrustDomainDocument;
  const versions = before.cas[ca];
  const changed = { certificate, chain, renewals, renewed, voucher };
  const after = {
    ...before,
    cas: {
      ...before.cas,
      [ca]: {
        ...versions,
        versions: versions?.versions.map((one) =>
          one.version === version ? { ...one, ...changed } : one,
        ),
      },
    },
  };
  return (
    (await authority.replace(key, formatDocument(after), JSON_TYPE, object.eTag)) === 'replaced'
  );
}
