/**
 * What a forwarder says about its cluster: who trusts which CA certificates, as far as the Kubernetes API shows it. Only
 * control planes and forwarders of the cluster can write it, so they can lie about their own cluster, and about no other.
 * Nothing is issued because of it; a rotation waits for it.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { EXCHANGE_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

/** A larger object is no report. */
export const MAX_CLUSTER_REPORT_BYTES = 512 * 1024;
/** Longer lists are truncated by the writer, which sets `truncated`, and rejected by a reader. */
export const CLUSTER_REPORT_LIMITS = { items: 1000, certificates: 20, text: 512 } as const;

const text = z.string().check(z.maxLength(CLUSTER_REPORT_LIMITS.text));
const time = z.string().check(z.refine((one) => !Number.isNaN(Date.parse(one)), 'must be a time'));
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const list = <Item extends z.core.$ZodType>(item: Item) =>
  z.array(item).check(z.maxLength(CLUSTER_REPORT_LIMITS.items));
/** SHA-256 digests of CA certificates, in their order. */
const certificates = z.array(sha256).check(z.maxLength(CLUSTER_REPORT_LIMITS.certificates));

export const clusterReportSchema = widenable({
  cluster: text,
  /** By the clock of the forwarder; a reader goes by S3's. */
  at: time,
  /** `cakeless` and its version. */
  by: text,
  /** The `sequence` of the rotation.json that the forwarder saw. */
  sequence: z.optional(z.number()),
  /** Node objects. */
  nodes: list(
    widenable({
      name: text,
      ready: z.boolean(),
      /** Of the certificate of the CA that signed what it serves on port 10250, if it is one of the trust domain's. */
      servedBy: z.optional(sha256),
      /** Whether port 10250 took a probe certificate of the new CA: in phase `trust`, of nodes with an annotation. */
      acceptsNew: z.optional(z.enum(['accepted', 'refused', 'unreachable'])),
      /** What its own annotation says (nodes without AWS): CA certificates in its CA file and its kubeconfig. */
      caFile: z.optional(certificates),
      kubeconfig: z.optional(certificates),
      /** Whether the kubelet has started since those changed. */
      restarted: z.optional(z.boolean()),
    }),
  ),
  /** ConfigMaps, Secrets and other objects that hold CA certificates of the trust domain, or are to. */
  holders: list(
    widenable({
      /**
       * Such as `configmap/kube-public/cluster-info`, `secret/shop/token-x`, `apiservice/v1beta1.metrics.k8s.io`. Of very
       * many namespaces, `*` stands for all others.
       */
      object: text,
      /** Which of the CAs it is to hold; absent for a caBundle, which need not hold any. */
      ca: z.optional(z.enum(CA_NAMES)),
      sha256: certificates,
      /** Of kube-root-ca.crt: since when it has all of these. */
      since: z.optional(time),
    }),
  ),
  /** Namespaces without kube-root-ca.crt. */
  withoutRootCa: list(text),
  /** Pods that started before kube-root-ca.crt had its newest certificate, and that are not known to read it again. */
  oldPods: list(widenable({ namespace: text, pod: text, owner: text, startedAt: time })),
  /** APIServices that are not Available. */
  unavailable: list(text),
  /** Lists that were longer than the limit, and lists and objects that the forwarder may not read. */
  truncated: z.array(text).check(z.maxLength(20)),
});

export type ClusterReport = z.infer<typeof clusterReportSchema>;

/** `reports/<cluster>/cluster.json` */
export const clusterReportKey = (cluster: string): string =>
  `${EXCHANGE_PREFIXES.reports}${cluster}/cluster.json`;

/** The cluster whose report has this key; undefined for any other key. */
export function clusterOfReport(key: string): string | undefined {
  if (!key.startsWith(EXCHANGE_PREFIXES.reports)) return undefined;
  const [cluster = '', file, ...more] = key.slice(EXCHANGE_PREFIXES.reports.length).split('/');
  return file === 'cluster.json' && more.length === 0 && isSubdomain(cluster) ? cluster : undefined;
}
