/** The permissions of the forwarder, as objects that kubectl applies. */
import { parseAllDocuments } from 'yaml';
import { manifestYaml } from '../../../client/csrsigning/manifest.ts';
import { PERMISSIONS, rbacYaml } from '../../../client/csrsigning/rbac.ts';

const read = (text: string) => parseAllDocuments(text).map((document) => document.toJS());

it('are a ClusterRole and a Role in the namespace default, each bound to the user alone', () => {
  const objects = read(rbacYaml());
  expect(objects.map(({ kind, metadata: { namespace } }) => [kind, namespace])).toEqual([
    ['ClusterRole', undefined],
    ['ClusterRoleBinding', undefined],
    ['Role', 'default'],
    ['RoleBinding', 'default'],
  ]);
  for (const { roleRef, subjects, kind } of objects.filter(({ roleRef }) => roleRef)) {
    expect(`${roleRef.kind}Binding`).toBe(kind);
    expect([roleRef.name, subjects]).toEqual([
      'cakeless:csrsigning',
      [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'cakeless:csrsigning' }],
    ]);
  }
});

it('are exactly those of the table, with no wildcard', () => {
  const rules = read(rbacYaml()).flatMap(({ rules: own = [] }) => own);
  expect(rules).toEqual(
    PERMISSIONS.map(({ apiGroup, resource, verbs, resourceNames }) => ({
      apiGroups: [apiGroup],
      resources: [resource],
      ...(resourceNames && { resourceNames }),
      verbs,
    })),
  );
  expect(JSON.stringify(rules)).not.toContain('*');
});

it('approve serving certificates of kubelets only, and sign for three signers', () => {
  const of = (verb: string) =>
    PERMISSIONS.filter(({ resource, verbs }) => resource === 'signers' && verbs.includes(verb));
  expect(of('approve').map(({ resourceNames }) => resourceNames)).toEqual([
    ['kubernetes.io/kubelet-serving'],
  ]);
  expect(of('sign').flatMap(({ resourceNames = [] }) => resourceNames)).toHaveLength(3);
});

it('the pods run on every control plane, without capabilities, and write nothing', () => {
  const [manifest, ...others] = read(manifestYaml({ image: 'registry.example.com/cakeless:1' }));
  expect(others).toEqual([]);
  const { hostNetwork, automountServiceAccountToken, nodeSelector, containers, volumes } =
    manifest.spec.template.spec;
  expect([manifest.kind, hostNetwork, automountServiceAccountToken, nodeSelector]).toEqual([
    'DaemonSet',
    true,
    false,
    { 'node-role.kubernetes.io/control-plane': '' },
  ]);
  const [{ image, args, env, securityContext, volumeMounts, livenessProbe, readinessProbe }] =
    containers;
  expect([args, env]).toEqual([
    ['csrsigning', '--node', '$(NODE_NAME)'],
    [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
  ]);
  expect(image).toBe('registry.example.com/cakeless:1');
  expect(securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(volumeMounts).toEqual([
    { name: 'kubernetes', mountPath: '/etc/kubernetes', readOnly: true },
  ]);
  expect(volumes).toHaveLength(1);
  expect([livenessProbe.httpGet, readinessProbe.httpGet]).toEqual([
    { host: '127.0.0.1', port: 10267, path: '/healthz' },
    { host: '127.0.0.1', port: 10267, path: '/readyz' },
  ]);
});
