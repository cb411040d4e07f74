/** Further keys of the CAs of a trust domain: each rotation of a CA needs one. */
import { FIRST_CA_VERSION } from '../lib/contract/ca-record.ts';
import type { CaName } from '../lib/profiles/certificate-names.ts';
import type { CaKeySpec } from '../lib/signing/signing-algorithm.ts';
import { type CaPlan, caPlansOf, type PlannedTrustDomain } from './ca-plans.ts';

export interface RotationSettings {
  readonly ca: CaName;
  /** The version of the CA that the key is for, from 2. A number is never used again. */
  readonly version: number;
  /** @default that of the CA */
  readonly keySpec?: CaKeySpec | undefined;
  /** ARN of an existing key, such as one in another account. @default a key is created */
  readonly key?: string | undefined;
}

export interface RotationsProps {
  /** Keys for new versions of CAs. One stays as long as its version, or its history, does. @default none */
  readonly rotations?: readonly RotationSettings[] | undefined;
}

/** The key of a later version: KMS has made it, whatever the origin of the first one is. */
export interface RotationPlan extends CaPlan {
  readonly version: number;
  readonly key?: string | undefined;
}

export function rotationPlansOf(
  domain: RotationsProps & Parameters<typeof caPlansOf>[0],
): RotationPlan[] {
  const first = caPlansOf(domain);
  return (domain.rotations ?? []).flatMap(({ ca, version, keySpec, key }) => {
    const plan = first.find((one) => one.ca === ca);
    return plan
      ? [
          {
            ...{ ca, version, key },
            keySpec: keySpec ?? plan.keySpec,
            origin: plan.origin === 'subordinate' ? plan.origin : 'made',
            imported: false,
          },
        ]
      : [];
  });
}

/** What contradicts itself, and what to do about it. */
export function problemsOfRotations(domain: PlannedTrustDomain & RotationsProps): string[] {
  const { rotations = [], keys } = domain;
  const cas = caPlansOf(domain).map(({ ca }) => ca);
  const nameOf = ({ ca, version }: RotationSettings) => `version ${version} of ${ca}`;
  return rotations
    .flatMap((rotation, i) => [
      ...(cas.includes(rotation.ca)
        ? []
        : [`rotations has a key for ${rotation.ca}, which the trust domain does not have`]),
      ...(rotation.version > FIRST_CA_VERSION
        ? []
        : [`rotations has ${nameOf(rotation)}, whose key the trust domain has already`]),
      ...(rotations.slice(0, i).some((other) => nameOf(other) === nameOf(rotation))
        ? [`rotations has ${nameOf(rotation)} twice`]
        : []),
      ...(keys !== undefined && rotation.key === undefined
        ? [
            `rotations has no key for ${nameOf(rotation)}, but the other keys are given in keys: add its ARN as key`,
          ]
        : []),
    ])
    .map((problem) => `trust domain ${domain.name}: ${problem}`);
}
