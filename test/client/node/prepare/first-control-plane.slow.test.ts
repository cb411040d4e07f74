/** As first-control-plane.test.ts, with older versions of kubeadm. */
import { useFleet } from '../../../support/fleet.ts';
import { itPreparesFirstControlPlane } from './first-control-plane.ts';

const fleet = useFleet();

describe.each([
  ['1.22.17', 'v6-rsa2048'],
  ['1.29.15', 'v4-p256'],
])('the first control plane, %s %s', (version, config) => {
  itPreparesFirstControlPlane(fleet, version, config);
});
