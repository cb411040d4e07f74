/** The kubelet's health endpoint: healthzBindAddress and healthzPort of KubeletConfiguration. */
import * as z from 'zod/mini';
import { parseYaml } from '../../parse-yaml.ts';
import { readTextIfThere } from '../../read-text.ts';
import { callable } from './address.ts';

/** kubeadm's KubeletConfigurationFileName in KubeletRunDirectory (cmd/kubeadm/app/constants/constants.go). */
const KUBELET_CONFIG = '/var/lib/kubelet/config.yaml';
/** k8s.io/kubelet config/v1beta1 types.go */
const DEFAULTS = { healthzPort: 10248, healthzBindAddress: '127.0.0.1' };

const schema = z.object({
  healthzPort: z.optional(z.nullable(z.number())),
  healthzBindAddress: z.optional(z.nullable(z.string())),
});

/** @returns undefined if it is turned off */
export function kubeletHealthUrl(file = KUBELET_CONFIG): string | undefined {
  const { healthzPort, healthzBindAddress } = read(file);
  const port = healthzPort ?? DEFAULTS.healthzPort;
  const host = callable(healthzBindAddress || DEFAULTS.healthzBindAddress);
  return port === 0 ? undefined : `http://${host}:${port}/healthz`;
}

/** An invalid file counts as defaults: the kubelet does not run with it either. */
function read(file: string): z.infer<typeof schema> {
  try {
    return schema.parse(parseYaml(readTextIfThere(file) ?? ''));
  } catch {
    return {};
  }
}
