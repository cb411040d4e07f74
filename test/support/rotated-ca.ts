/** A trust domain in a phase of a rotation, as the document of the trust domain says it: with real keys and a cross certificate. */
import { createPublicKey } from 'node:crypto';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { readCertificate } from '../../lib/certificate/read-certificate.ts';
import type { RotationPhase } from '../../lib/contract/rotation.ts';
import type { CaVersion, TrustDomainDocument } from '../../lib/contract/trust-domain.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import { commonNameOf, type KeyPair, writeCaCertificate } from './ca-certificate.ts';
import { extensionsBelow } from './corporate-root.ts';
import { type InMemoryService, TRUST_DOMAIN } from './in-memory-service.ts';
import { SUBORDINATE_NAMES } from './subordinate-cas.ts';

const DAY_MS = 86_400_000;

export interface RotatedCa {
  readonly from: CaVersion;
  readonly to: CaVersion;
  /** Writes the document of the trust domain as it is in a phase; `stable` is the end of the rotation, or a take-back. */
  enter(phase: RotationPhase | 'ended' | 'taken back', more?: { compromised?: boolean }): void;
}

/** @param chain what is above the new version, in PEM: it is subordinate then */
export async function addVersion(
  memory: InMemoryService,
  ca: CaName = 'ca',
  certify?: (spki: Uint8Array) => { readonly certificate: string; readonly chain: string },
): Promise<RotatedCa> {
  const [from] = memory.document.cas[ca]?.versions ?? [];
  if (!from) throw new Error(`no ${ca}`);
  const name = { trustDomain: TRUST_DOMAIN, ca, version: 2 };
  const { keyId, publicKey } = await memory.keys.ensure(name, from.keySpec);
  const [oldKeys, newKeys] = [pairOf(memory, from.keyId), pairOf(memory, keyId)];
  const { subject } = readCertificate(derOf(from.certificate));
  const start = new Date(memory.now.getTime() - DAY_MS);
  const own = writeCaCertificate(newKeys, start, {
    subject: commonNameOf(SUBORDINATE_NAMES[ca]),
    serialNumber: Uint8Array.of(2, 2),
  });
  const cross = writeCaCertificate(newKeys, start, {
    subject: commonNameOf(SUBORDINATE_NAMES[ca]),
    issuer: Uint8Array.from(subject.raw),
    signer: oldKeys,
    serialNumber: Uint8Array.of(2, 3),
    extensions: extensionsBelow(newKeys, oldKeys),
  });
  const to: CaVersion = {
    version: 2,
    keyId,
    keySpec: from.keySpec,
    ...(certify?.(publicKey) ?? { certificate: certificateToPem(own) }),
    cross: certificateToPem(cross),
  };
  return {
    from,
    to,
    enter: (phase, { compromised } = {}) => {
      const at = memory.now.toISOString();
      const isNew = phase === 'issue' || phase === 'retire' || phase === 'ended';
      const ended = { ended: from, 'taken back': to }[phase as string];
      const versions = [from, to].map((one) => (one === ended ? { ...one, endedAt: at } : one));
      const common = { ca, from: 1, to: 2, since: at, startedAt: at };
      const document: TrustDomainDocument = {
        ...memory.document,
        cas: { ...memory.document.cas, [ca]: { signing: isNew ? 2 : 1, versions } },
        sequence: 1,
        ...(phase !== 'ended' &&
          phase !== 'taken back' && {
            rotation: { ...common, phase, ...(compromised && { compromised }) },
          }),
        ...(phase === 'issue' && { mustUnderstand: ['rotation'] }),
      };
      memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(document));
    },
  };
}

function pairOf({ keys }: InMemoryService, keyId: string): KeyPair {
  const privateKey = keys.privateKeyOf(keyId);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

const derOf = (pem: string) => Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64');
