/** Publishes the bundles and chains of a trust domain, and the state of its rotation. */
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
import { bundleOf, chainsOf, publishedRotationOf, trustedVersionsOf } from './published-trust.ts';

/** Only other calls that change the same document make a second attempt necessary. */
const MAX_ATTEMPTS = 10;

/**
 * Publishes what the document says, and reads it again: a call that was faster may have published a newer one before this
 * one wrote.
 * @returns the document that is published
 */
export async function publishTrust(
  service: Service,
  trustDomain: string,
): Promise<TrustDomainDocument> {
  const key = trustDomainKey(trustDomain);
  let published: string | undefined;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stored = await readJsonObject(service.authority, key);
    if (!stored) throw new Fault('document-malformed', `${key}: the document does not exist`);
    const document = checkDocument(stored.value, key, trustDomainSchema);
    if (stored.object.eTag === published) return document;
    await publish(service, document);
    published = stored.object.eTag;
  }
  throw new Fault('unavailable', `${key}: other calls kept changing it; try again`);
}

/** Bundles come first: what nodes are told to trust must be there. */
async function publish({ exchange }: Service, document: TrustDomainDocument): Promise<void> {
  const { trustDomain } = document;
  for (const [ca, versions] of casOf(document)) {
    const trusted = trustedVersionsOf(document, ca, versions);
    await exchange.put(bundleKey(trustDomain, ca), bundleOf(trusted), PEM_TYPE);
    const chain = chainsOf(versions, trusted);
    if (chain !== '') await exchange.put(chainKey(trustDomain, ca), chain, PEM_TYPE);
  }
  const rotation = publishedRotationOf(document);
  if (rotation)
    await exchange.put(publishedRotationKey(trustDomain), formatDocument(rotation), JSON_TYPE);
}
