import { type CertificateName, type IssuedName, USER_NAME } from './certificate-names.ts';
import {
  compareKubernetesVersions,
  type KubernetesVersion,
  parseKubernetesVersion,
} from './kubernetes-version.ts';
import { type IssuedKind, PROFILES, type Profile, USER_PROFILE } from './profiles.ts';

/** A profile as it stands in one Kubernetes version. */
export interface VersionedProfile extends Omit<Profile, 'organizations' | 'since'> {
  /** The sets of organisations that are accepted, kubeadm's own for this version first. */
  readonly acceptedOrganizations: readonly (readonly string[])[];
}

const byName = new Map<string, Profile>(PROFILES.map((profile) => [profile.name, profile]));

export function profileOf(name: CertificateName): Profile {
  const profile = byName.get(name);
  if (!profile) throw new Error(`no profile for ${name}`); // the table's own test keeps this from happening
  return profile;
}

/** CA and usages of anything that is issued. */
export function kindOf(name: IssuedName): IssuedKind {
  return name === USER_NAME ? USER_PROFILE : profileOf(name);
}

/** The profile of a certificate name in a Kubernetes version; undefined where kubeadm has no such certificate yet. */
export function profileFor(
  name: CertificateName,
  version: KubernetesVersion,
): VersionedProfile | undefined {
  const { organizations, since, ...rest } = profileOf(name);
  const rule = organizations.findLast((candidate) => isSince(version, candidate.since));
  if (!isSince(version, since) || !rule) return undefined;
  return { ...rest, acceptedOrganizations: rule.accepted };
}

function isSince(version: KubernetesVersion, since: string): boolean {
  const first = parseKubernetesVersion(since);
  if (!first) throw new Error(`${since} in the profile table is no version`);
  return compareKubernetesVersions(version, first) >= 0;
}
