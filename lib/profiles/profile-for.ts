import type { CertificateName, IssuedName, ProbeName } from './certificate-names.ts';
import {
  compareKubernetesVersions,
  type KubernetesVersion,
  parseKubernetesVersion,
} from './kubernetes-version.ts';
import {
  ISSUED_PROFILES,
  type IssuedProfile,
  PROBE_PROFILES,
  PROFILES,
  type ProbeProfile,
  type Profile,
} from './profiles.ts';

/** A profile for one Kubernetes version. */
export interface VersionedProfile extends Omit<Profile, 'organizations' | 'since'> {
  /** The sets of organizations that are accepted, kubeadm's own for this version first. */
  readonly acceptedOrganizations: readonly (readonly string[])[];
}

const byName = new Map<string, Profile>(PROFILES.map((profile) => [profile.name, profile]));
const issuedByName = new Map<string, IssuedProfile>(
  ISSUED_PROFILES.map((profile) => [profile.name, profile]),
);

const probeByName = new Map<string, ProbeProfile>(
  PROBE_PROFILES.map((profile) => [profile.name, profile]),
);

export function profileOf(name: CertificateName): Profile {
  return found(byName, name);
}

export function probeProfileOf(name: ProbeName): ProbeProfile {
  return found(probeByName, name);
}

/** CAs and usages of anything that is issued. */
export function issuedProfileOf(name: IssuedName): IssuedProfile {
  return found(issuedByName, name);
}

function found<T>(profiles: ReadonlyMap<string, T>, name: string): T {
  const profile = profiles.get(name);
  if (!profile) throw new Error(`no profile for ${name}`); // a test checks that the table is complete
  return profile;
}

/**
 * The profile of a certificate name in a Kubernetes version; undefined if kubeadm does not have this certificate yet.
 */
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
  if (!first) throw new Error(`${since} in the profile table is not a version`);
  return compareKubernetesVersions(version, first) >= 0;
}
