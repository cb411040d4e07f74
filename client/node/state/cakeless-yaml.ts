/** cakeless.yaml: who this node is, so that a timer needs neither arguments nor environment variables. */
import { existsSync } from 'node:fs';
import * as z from 'zod/mini';
import { requireTrustedFile } from '../../../lib/files/trust.ts';
import { isSubdomain, SUBDOMAIN_FORM } from '../../../lib/names.ts';
import { describeIssue } from '../../../lib/store/describe-issue.ts';
import { CommandError } from '../../errors.ts';
import { parseGivenYaml } from '../../parse-yaml.ts';
import { readGivenText } from '../../read-text.ts';
import { CAKELESS_ENV, CAKELESS_YAML } from './config-files.ts';

const name = z.string().check(
  z.refine(isSubdomain, {
    error: 'must be an RFC 1123 subdomain',
    params: { json: SUBDOMAIN_FORM },
  }),
);
const path = z.string().check(z.regex(/^\//, 'must be an absolute path'));

export const cakelessYamlSchema = z.strictObject({
  cluster: z.optional(name),
  node: z.optional(name),
  /** Name of the exchange bucket. */
  exchangeBucket: z.optional(z.string()),
  /** AWS region of the bucket. */
  region: z.optional(z.string()),
  certDir: z.optional(path),
  kubeconfigDir: z.optional(path),
  /** The kubelet's --cert-dir. */
  kubeletDir: z.optional(path),
  /** Copies of kubeconfigs that are updated with them, such as /root/.kube/config. */
  also: z.optional(z.array(path)),
});

export type CakelessYaml = z.infer<typeof cakelessYamlSchema>;

/**
 * @param file of `--node-config`; without it the default file is read, if it exists
 * @throws CommandError that names every invalid field; UnsafePathError if root would trust a file of others
 */
export function readCakelessYaml(file: string | undefined): CakelessYaml {
  const from = file ?? CAKELESS_YAML;
  if (file === undefined && existsSync(CAKELESS_ENV)) requireTrustedFile(CAKELESS_ENV);
  if (file === undefined && !existsSync(from)) return {};
  requireTrustedFile(from);
  const result = cakelessYamlSchema.safeParse(parseGivenYaml(readGivenText(from), from) ?? {});
  if (result.success) return result.data;
  throw new CommandError(
    'usage',
    `${from}: ${result.error.issues.map(describeIssue).join('; ')}`,
    'its fields are cluster, node, exchangeBucket, region, certDir, kubeconfigDir, kubeletDir and also',
  );
}
