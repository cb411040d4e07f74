import { certificateNameOf, pathsOf } from '../../../lib/contract/kubeadm-paths.ts';
import {
  CA_NAMES,
  CERTIFICATE_NAMES,
  KUBEADM_NAMES,
} from '../../../lib/profiles/certificate-names.ts';
import {
  compareKubernetesVersions,
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../../lib/profiles/kubernetes-version.ts';
import { profileFor, profileOf } from '../../../lib/profiles/profile-for.ts';
import { PROFILES } from '../../../lib/profiles/profiles.ts';
import { listKubeadmSets } from '../../support/kubeadm-sets.ts';

const version = (text: string): KubernetesVersion => {
  const parsed = parseKubernetesVersion(text);
  if (!parsed) throw new Error(`${text} is not a version`);
  return parsed;
};

describe('the list', () => {
  it("has kubeadm's twelve names and the forwarder's, each once", () => {
    expect(PROFILES.map(({ name }) => name)).toEqual([...CERTIFICATE_NAMES]);
    expect(new Set(CERTIFICATE_NAMES).size).toBe(13);
    expect(new Set(KUBEADM_NAMES).size).toBe(12);
  });

  it('names only existing CAs, and uses all that kubeadm has', () => {
    const ofKubeadm = CA_NAMES.filter((ca) => ca !== 'kubelet-ca');
    expect([...new Set(PROFILES.map(({ ca }) => ca))].sort()).toEqual(ofKubeadm.sort());
  });

  it('gives each path to one certificate only', () => {
    const paths = PROFILES.flatMap(pathsOf);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('has the path of every CSR of every kubeadm release', () => {
    for (const { path, certificateName } of listKubeadmSets().flatMap((set) => set.csrs))
      expect([path, certificateNameOf(path)]).toEqual([path, certificateName]);
  });

  it.each(PROFILES)('$name is reachable in all layouts', (profile) => {
    const { name, baseName } = profile;
    const layouts = baseName ? [`pki/${baseName}`, baseName, name] : [name];
    for (const path of layouts) expect(certificateNameOf(`${path}.csr`)).toBe(name);
  });

  it.each(PROFILES)(
    '$name has subject alternative names if and only if it is for servers',
    (profile) => {
      expect(profile.sans !== 'none').toBe(profile.extendedKeyUsages.includes('serverAuth'));
    },
  );

  it.each(PROFILES)('$name has usages and roles, each once', ({ extendedKeyUsages, roles }) => {
    expect(extendedKeyUsages.length).toBeGreaterThan(0);
    expect(roles.length).toBeGreaterThan(0);
    expect(new Set(extendedKeyUsages).size).toBe(extendedKeyUsages.length);
  });

  it.each(PROFILES)('$name has organizations since its first version', (profile) => {
    const since = profile.organizations.map((rule) => version(rule.since));
    const ascending = [...since].sort(compareKubernetesVersions);
    expect(since).toEqual(ascending);
    expect(since[0]).toEqual(version(profile.since));
    expect(profile.organizations.every(({ accepted }) => accepted.length > 0)).toBe(true);
  });

  it('allows workers only the certificate of the kubelet', () => {
    const ofWorkers = PROFILES.filter(({ roles }) => roles.includes('worker'));
    expect(ofWorkers.map(({ name }) => name)).toEqual(['kubelet.conf']);
  });

  it('has both usages only for etcd server and peer', () => {
    const both = PROFILES.filter(({ extendedKeyUsages }) => extendedKeyUsages.length === 2);
    expect(both.map(({ name }) => name)).toEqual(['etcd-server', 'etcd-peer']);
  });
});

const masters = 'system:masters';
const admins = 'kubeadm:cluster-admins';

// docs/kubeadm-facts.md: what the releases request
it.each([
  ['apiserver-kubelet-client', '1.28.15', masters],
  ['apiserver-kubelet-client', '1.29.0', admins],
  ['apiserver-kubelet-client', '1.31.0', admins],
  ['apiserver-kubelet-client', '1.33.11', admins],
  ['apiserver-kubelet-client', '1.33.12', ''],
  ['apiserver-kubelet-client', '1.33.13', ''],
  ['apiserver-kubelet-client', '1.34.0', admins],
  ['apiserver-kubelet-client', '1.34.7', admins],
  ['apiserver-kubelet-client', '1.34.8', ''],
  ['apiserver-kubelet-client', '1.35.4', admins],
  ['apiserver-kubelet-client', '1.35.5', ''],
  ['apiserver-kubelet-client', '1.36.0', admins],
  ['apiserver-kubelet-client', '1.36.1', ''],
  ['apiserver-kubelet-client', '1.37.0', ''],
  ['apiserver-etcd-client', '1.28.15', masters],
  ['apiserver-etcd-client', '1.29.0', ''],
  ['etcd-healthcheck-client', '1.28.15', masters],
  ['etcd-healthcheck-client', '1.29.0', ''],
  ['admin.conf', '1.28.15', masters],
  ['admin.conf', '1.29.0', admins],
  ['admin.conf', '1.37.2', admins],
  ['super-admin.conf', '1.29.0', masters],
  ['super-admin.conf', '1.37.2', masters],
  ['kubelet.conf', '1.19.0', 'system:nodes'],
  ['kubelet.conf', '1.37.2', 'system:nodes'],
  ['scheduler.conf', '1.37.2', ''],
  ['controller-manager.conf', '1.19.0', ''],
  ['apiserver', '1.37.2', ''],
] as const)('%s of %s requests O=%s', (name, release, organization) => {
  const own = profileFor(name, version(release))?.acceptedOrganizations[0];
  expect(own).toEqual(organization === '' ? [] : [organization]);
});

it.each(['1.29.0', '1.33.12', '1.37.2'])('%s: only super-admin.conf has system:masters', (v) => {
  const withMasters = CERTIFICATE_NAMES.filter((name) =>
    profileFor(name, version(v))?.acceptedOrganizations.flat().includes(masters),
  );
  expect(withMasters).toEqual(['super-admin.conf']);
});

it('super-admin.conf does not exist before 1.29', () => {
  expect(profileFor('super-admin.conf', version('1.28.99'))).toBeUndefined();
  expect(profileOf('super-admin.conf').since).toBe('1.29.0');
});
