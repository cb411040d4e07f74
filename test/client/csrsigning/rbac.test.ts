/** The permissions of the forwarder, as objects that kubectl applies. */
import { parseAllDocuments } from 'yaml';
import { manifestYaml } from '../../../client/csrsigning/manifest.ts';
import {
  CSRSIGNING_USER,
  PERMISSIONS,
  ROTATION_PERMISSIONS,
  rbacYaml,
} from '../../../client/csrsigning/rbac.ts';

const read = (text: string) => parseAllDocuments(text).map((document) => document.toJS());

it('are a ClusterRole, and Roles in three namespaces, each bound to the user alone', () => {
  const objects = read(rbacYaml()).filter(({ metadata: { name } }) => name === CSRSIGNING_USER);
  expect(objects.map(({ kind, metadata: { namespace } }) => [kind, namespace])).toEqual([
    ['ClusterRole', undefined],
    ['ClusterRoleBinding', undefined],
    ...['default', 'kube-public', 'kube-system'].flatMap((namespace) => [
      ['Role', namespace],
      ['RoleBinding', namespace],
    ]),
  ]);
  for (const { roleRef, subjects, kind } of objects.filter(({ roleRef }) => roleRef)) {
    expect(`${roleRef.kind}Binding`).toBe(kind);
    expect([roleRef.name, subjects]).toEqual([
      CSRSIGNING_USER,
      [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: CSRSIGNING_USER }],
    ]);
  }
});

const ALL = [...PERMISSIONS, ...ROTATION_PERMISSIONS];

it('are exactly those of the tables, with no wildcard', () => {
  const rules = read(rbacYaml())
    .filter(({ metadata: { name } }) => name === CSRSIGNING_USER)
    .flatMap(({ rules: own = [] }) => own);
  const inOrder = [undefined, 'default', 'kube-public', 'kube-system'].flatMap((namespace) =>
    ALL.filter((one) => one.namespace === namespace),
  );
  expect(inOrder).toHaveLength(ALL.length);
  expect(rules).toEqual(
    inOrder.map(({ apiGroup, resource, verbs, resourceNames }) => ({
      apiGroups: [apiGroup],
      resources: [resource],
      ...(resourceNames && { resourceNames }),
      verbs,
    })),
  );
  expect(JSON.stringify(rules)).not.toContain('*');
});

it('read no Secret, list no other ConfigMap, and change three ConfigMaps by name', () => {
  expect(ALL.filter(({ resource }) => resource === 'secrets')).toEqual([]);
  const maps = ALL.filter(({ resource }) => resource === 'configmaps');
  expect(
    maps.map(({ verbs, namespace, resourceNames }) => [verbs, namespace, resourceNames]),
  ).toEqual([
    [['list'], undefined, ['kube-root-ca.crt']],
    [['get', 'patch'], 'kube-public', ['cluster-info', 'cakeless-trust']],
    [['get', 'patch'], 'kube-system', ['extension-apiserver-authentication']],
  ]);
});

it('let kubelets read the ConfigMap that the forwarder keeps for nodes, and nothing else', () => {
  const [map, role, binding, ...others] = read(rbacYaml()).slice(-3);
  expect(others).toEqual([]);
  // no data: applying it again changes none
  expect([map.kind, map.metadata.namespace, map.metadata.name, map.data]).toEqual([
    ...['ConfigMap', 'kube-public', 'cakeless-trust', undefined],
  ]);
  expect([role.metadata.namespace, role.rules]).toEqual([
    'kube-public',
    [
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['cakeless-trust'],
        verbs: ['get'],
      },
    ],
  ]);
  expect([binding.metadata.namespace, binding.roleRef.name, binding.subjects]).toEqual([
    'kube-public',
    role.metadata.name,
    [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  ]);
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
