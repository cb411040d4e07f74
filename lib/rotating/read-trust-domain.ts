import {
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { checkDocument, type JsonObject, readJsonObject } from '../store/documents.ts';

/** A document that is to be replaced: its fields that this release does not know are in `stored`. */
export interface TrustDomainObject {
  readonly stored: JsonObject;
  readonly document: TrustDomainDocument;
}

/** @throws Fault request-malformed if the trust domain does not exist */
export async function readTrustDomainObject(
  { authority }: Pick<Service, 'authority'>,
  trustDomain: string,
): Promise<TrustDomainObject> {
  const key = trustDomainKey(trustDomain);
  const stored = await readJsonObject(authority, key);
  if (!stored) throw new Fault('request-malformed', `trust domain ${trustDomain} does not exist`);
  return { stored, document: checkDocument(stored.value, key, trustDomainSchema) };
}
