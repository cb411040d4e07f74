/** Publishes the bundles and chains of a trust domain, and the state of its rotation. */
import { publishedRenewalsKey } from '../contract/published-renewals.ts';
import { publishedRotationKey } from '../contract/published-rotation.ts';
import {
  bundleKey,
  casOf,
  chainKey,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import {
  checkDocument,
  formatDocument,
  JSON_TYPE,
  PEM_TYPE,
  readJsonObject,
} from '../store/documents.ts';
import {
  bundleOf,
  chainsOf,
  publishedRenewalsOf,
  publishedRotationOf,
  trustedVersionsOf,
} from './published-trust.ts';

/** Only other calls that change the same document make a second attempt necessary. */
const MAX_ATTEMPTS = 10;

/**
 * Publishes what the document says, and reads it again: a call that was faster may have published a newer one before this
 * one wrote.
 * @returns the document that is published
 */
export async function publishTrust(
  { authority, exchange }: Pick<Service, 'authority' | 'exchange'>,
  trustDomain: string,
): Promise<TrustDomainDocument> {
  const key = trustDomainKey(trustDomain);
  let published: string | undefined;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stored = await readJsonObject(authority, key);
    if (!stored) throw new Fault('document-malformed', `${key}: the document does not exist`);
    const document = checkDocument(stored.value, key, trustDomainSchema);
    if (stored.object.eTag === published) return document;
    for (const { key, text, type } of publishedObjectsOf(document))
      await exchange.put(key, text, type);
    published = stored.object.eTag;
  }
  throw new Fault('unavailable', `${key}: other calls kept changing it; try again`);
}

/** An object of the exchange bucket that the document determines, byte for byte. */
export interface PublishedObject {
  readonly key: string;
  readonly text: string;
  readonly type: string;
}

const json = (key: string, document: object): PublishedObject => ({
  ...{ key, text: formatDocument(document) },
  type: JSON_TYPE,
});

/** Bundles come before the rotation: what nodes are told to trust must be there, and before them what vouches for it. */
export function publishedObjectsOf(document: TrustDomainDocument): PublishedObject[] {
  const { trustDomain } = document;
  const certificates = casOf(document).flatMap(([ca, versions]) => {
    const trusted = trustedVersionsOf(document, ca, versions);
    const chain = chainsOf(versions, trusted);
    return [
      { key: bundleKey(trustDomain, ca), text: bundleOf(trusted), type: PEM_TYPE },
      ...(chain === '' ? [] : [{ key: chainKey(trustDomain, ca), text: chain, type: PEM_TYPE }]),
    ];
  });
  const renewals = publishedRenewalsOf(document);
  const rotation = publishedRotationOf(document);
  return [
    ...(renewals ? [json(publishedRenewalsKey(trustDomain), renewals)] : []),
    ...certificates,
    ...(rotation ? [json(publishedRotationKey(trustDomain), rotation)] : []),
  ];
}
