/** What a node without AWS says about a rotation, in an annotation of its Node, which its kubelet may write. */
import * as z from 'zod/mini';
import { CLUSTER_REPORT_LIMITS } from '../../lib/contract/cluster-report.ts';
import { ROTATION_ANNOTATION } from '../node/report/rotation-annotation.ts';
import type { ApiNode } from './api-objects.ts';

/** Two lists of digests have 3 KB. */
const MAX_TEXT = 8 * 1024;

const certificates = z
  .array(z.string().check(z.regex(/^[0-9a-f]{64}$/)))
  .check(z.maxLength(CLUSTER_REPORT_LIMITS.certificates));

const schema = z.object({
  caFile: certificates,
  kubeconfig: certificates,
  restarted: z.boolean(),
});

/** @returns nothing if there is no such annotation, or Cakeless did not write it */
export function readAnnotation({ metadata }: ApiNode): Partial<z.infer<typeof schema>> {
  const text = metadata?.annotations?.[ROTATION_ANNOTATION];
  if (text === undefined || text.length > MAX_TEXT) return {};
  try {
    return schema.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    return {};
  }
}
