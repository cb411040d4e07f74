/** A trust domain in a phase of a rotation, as the document of the trust domain says it: with real keys and a cross certificate. */
import { createPublicKey } from 'node:crypto';
import { toBase64 } from '../../lib/bytes.ts';
import { claimKeyOf } from '../../lib/ca/key-claims.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { readCertificate } from '../../lib/certificate/read-certificate.ts';
import { caRecordKey } from '../../lib/contract/ca-record.ts';
import { type CrossRecord, crossRecordKey } from '../../lib/contract/cross-record.ts';
import type { RotationPhase } from '../../lib/contract/rotation-phases.ts';
import type { CaVersion, TrustDomainDocument } from '../../lib/contract/trust-domain.ts';
import { readDer } from '../../lib/der/read.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import {
  type CaCertificateParts,
  commonNameOf,
  type KeyPair,
  spkiOf,
  writeCaCertificate,
} from './ca-certificate.ts';
import { extensionsBelow } from './corporate-root.ts';
import { type InMemoryService, TRUST_DOMAIN } from './in-memory-service.ts';
import { SUBORDINATE_NAMES } from './subordinate-cas.ts';

const DAY_MS = 86_400_000;

export interface RotatedCa {
  readonly from: CaVersion;
  readonly to: CaVersion;
  /** Writes what is recorded before the new version, and the cross certificate, are signed, and the claim of its key. */
  record(changes?: CrossChanges): void;
  /** Writes the document of the trust domain as it is in a phase; `stable` is the end of the rotation, or a take-back. */
  enter(phase: RotationPhase | 'ended' | 'canceled', more?: { compromised?: boolean }): void;
}

export interface CrossChanges {
  /** Parts of the cross certificate, other than those of the genuine one. */
  readonly parts?: (keys: { from: KeyPair; to: KeyPair }) => Partial<CaCertificateParts>;
  /** Fields of its record. */
  readonly fields?: Partial<CrossRecord>;
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
  const crossWith = (parts: Partial<CaCertificateParts> = {}) =>
    writeCaCertificate(newKeys, start, {
      subject: commonNameOf(SUBORDINATE_NAMES[ca]),
      issuer: Uint8Array.from(subject.raw),
      signer: oldKeys,
      serialNumber: Uint8Array.of(2, 3),
      extensions: extensionsBelow(newKeys, oldKeys),
      ...parts,
    });
  const cross = crossWith();
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
    record: ({ parts, fields } = {}) => {
      const { authority } = memory;
      const common = { trustDomain: TRUST_DOMAIN, ca, version: 2, decidedAt: start.toISOString() };
      const signedBy = (version: CaVersion, keys: KeyPair) => ({
        keyId: version.keyId,
        keySpec: version.keySpec,
        publicKey: toBase64(spkiOf(keys)),
      });
      const ofNew = { ...common, ...signedBy(to, newKeys), tbs: tbsOf(own) };
      authority.seed(caRecordKey(name), JSON.stringify(ofNew));
      const tbs = tbsOf(crossWith(parts?.({ from: oldKeys, to: newKeys })));
      const ofCross = { ...common, ...signedBy(from, oldKeys), from: 1, tbs, ...fields };
      authority.seed(crossRecordKey(name), JSON.stringify(ofCross));
      authority.seed(
        claimKeyOf({ keyId, keySpec: to.keySpec, publicKey }),
        JSON.stringify({ ...name, keyId }),
      );
    },
    enter: (phase, { compromised } = {}) => {
      const at = memory.now.toISOString();
      const isNew = phase === 'issue' || phase === 'retire' || phase === 'ended';
      const ended = { ended: from, canceled: to }[phase as string];
      const versions = [from, to].map((one) => (one === ended ? { ...one, endedAt: at } : one));
      const common = { ca, from: 1, to: 2, since: at, startedAt: at };
      const document: TrustDomainDocument = {
        ...memory.document,
        cas: { ...memory.document.cas, [ca]: { signing: isNew ? 2 : 1, versions } },
        sequence: 1,
        ...(phase !== 'ended' &&
          phase !== 'canceled' && {
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

const tbsOf = (der: Uint8Array) =>
  toBase64(readDer(der, 'certificate').children()[0]?.raw ?? new Uint8Array());

const derOf = (pem: string) => Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64');
