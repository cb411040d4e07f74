/** Which components are restarted for new certificates of a CA. */
import { componentsToRestart } from '../../../../client/node/disk/components.ts';
import type { CaName } from '../../../../lib/profiles/certificate-names.ts';

it.each<[string, CaName[], string[]]>([
  ['front-proxy-ca: none, kube-apiserver reloads its file', ['front-proxy-ca'], []],
  ['etcd-ca: etcd and kube-apiserver', ['etcd-ca'], ['etcd', 'kube-apiserver']],
  [
    'ca: those with the CA in their kubeconfigs',
    ['ca'],
    ['kube-controller-manager', 'kube-scheduler', 'kubelet'],
  ],
  ['kubelet-ca: none that does not name its file', ['kubelet-ca'], []],
  [
    'several CAs: each component once, in the order of restarts',
    ['ca', 'etcd-ca', 'front-proxy-ca'],
    ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'],
  ],
])('a change of %s', (_, cas, expected) => {
  expect(componentsToRestart([], cas, () => undefined)).toEqual(expected);
});
