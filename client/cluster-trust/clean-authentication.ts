/**
 * Removes the old CA from kube-system/extension-apiserver-authentication at the end of a rotation: API servers only add to
 * it, so aggregated API servers would trust the old CA forever. An API server that still has it in its files adds it again.
 */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import type { PublishedRotation } from '../../lib/contract/published-rotation.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import type { ApiConfigMap } from './api-objects.ts';
import { AUTHENTICATION, CA_KEYS } from './authentication.ts';
import { allOf, type OurCas } from './our-cas.ts';
import { patchData } from './patch-data.ts';

const { object, path } = AUTHENTICATION;

/**
 * Removes only certificates with the key that the rotation retires, and only once the files of this node have the new CA and
 * no longer the old one: a bucket that names another CA can remove nothing that an API server would not add again.
 * @returns what changed
 */
export async function cleanAuthentication(
  client: Pick<KubeClient, 'get' | 'patch'>,
  { rotation }: PublishedRotation,
  ours: OurCas,
): Promise<string | undefined> {
  if (rotation?.phase !== 'retire') return undefined;
  if (!CA_KEYS.some(({ ca }) => ca === rotation.ca)) return undefined;
  const { from, to } = rotation;
  const has = (certificates: readonly X509Certificate[], sha256: string) =>
    certificates.some((one) => keyHashOf(one) === sha256);
  if (has(allOf(ours), from.publicKeySha256)) return undefined;
  if (!has(ours.get(rotation.ca) ?? [], to.publicKeySha256)) return undefined;
  const map = await client.get<ApiConfigMap>(path);
  const data = Object.fromEntries(
    CA_KEYS.flatMap(({ key }) => {
      const cleaned = without(map?.data?.[key] ?? '', from.publicKeySha256);
      return cleaned === undefined ? [] : [[key, cleaned]];
    }),
  );
  if (map === undefined || Object.keys(data).length === 0) return undefined;
  const isDone = await patchData(client, path, map, data);
  return isDone
    ? `version ${from.version} of ${rotation.ca} was removed from ${object}`
    : undefined;
}

/** @returns undefined if it is not in the text, or is all that is in it */
function without(pem: string, keySha256: string): string | undefined {
  const blocks = certificatesIn(pem);
  const kept = blocks.filter((block) => keyHashOfBlock(block) !== keySha256);
  if (kept.length === blocks.length || kept.length === 0) return undefined;
  return kept.map((block) => `${block}\n`).join('');
}

function keyHashOfBlock(block: string): string | undefined {
  try {
    return keyHashOf(new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** SHA-256 of its SubjectPublicKeyInfo; undefined if OpenSSL does not know the kind of key. */
function keyHashOf(certificate: X509Certificate): string | undefined {
  let key: KeyObject;
  try {
    key = certificate.publicKey;
  } catch {
    return undefined;
  }
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
