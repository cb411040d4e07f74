/**
 * What a node says about itself: which certificates and CA certificates it has, what it serves, whether it still has CA
 * keys. Only the node can write it, so it can lie about itself, and about no other node. Nothing is issued because of it.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { EXCHANGE_PREFIXES } from './prefixes.ts';
import { isNodeName } from './request-kinds.ts';
import { ROTATION_PHASES } from './rotation-phases.ts';
import { widenable } from './widenable.ts';

/** A larger object is no report. */
export const MAX_REPORT_BYTES = 64 * 1024;

/** Longer lists and texts are truncated by the writer, and rejected by a reader. */
export const REPORT_LIMITS = { items: 100, text: 512 } as const;

const text = z.string().check(z.maxLength(REPORT_LIMITS.text));
const list = <Item extends z.core.$ZodType>(item: Item) =>
  z.array(item).check(z.maxLength(REPORT_LIMITS.items));
/** As Date.toISOString writes it. */
const time = z.string().check(
  z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/),
  z.refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time'),
);
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const certificateSchema = widenable({
  name: text,
  file: text,
  sha256,
  notAfter: time,
  ca: z.enum(CA_NAMES),
  /** The certificate of the CA file that it chains to; absent if it chains to none. */
  caSha256: z.optional(sha256),
});

export const nodeReportSchema = widenable({
  cluster: text,
  node: text,
  /** By the clock of the node; a reader goes by S3's. */
  at: time,
  /** Which command wrote it. */
  by: text,
  versions: widenable({
    cakeless: text,
    /** Of the components that run as static pods, from their manifests. */
    components: list(widenable({ name: text, version: text })),
  }),
  certificates: list(certificateSchema),
  /** What components serve on their ports. */
  served: list(widenable({ component: text, sha256, issuer: text })),
  /** The certificates of each CA file, in its order. */
  caFiles: list(widenable({ ca: z.enum(CA_NAMES), file: text, sha256: list(sha256) })),
  /** The CA data of each kubeconfig, in its order. */
  kubeconfigs: list(widenable({ file: text, sha256: list(sha256) })),
  /** Files with the private key of a CA. */
  caKeys: list(text),
  /** The kube-controller-manager, on a control plane. */
  signing: z.optional(widenable({ file: text, flags: list(text), signs: z.boolean() })),
  /** What it has seen and proved of a rotation; absent before the first one. */
  rotation: z.optional(
    widenable({
      /** The `sequence` of the newest rotation.json that this node followed. */
      sequence: z.number().check(z.int(), z.positive()),
      /** The rotation that it names; absent if that is `stable`. */
      ca: z.optional(z.enum(CA_NAMES)),
      phase: z.optional(z.enum(ROTATION_PHASES)),
      /** Servers, to which this node connected with a probe certificate of the new CA. */
      proved: list(
        widenable({
          /** etcd, etcd-peer, kube-apiserver or kubelet. */
          component: text,
          /** Host and port. */
          address: text,
          result: z.enum(['accepted', 'refused', 'unreachable']),
          at: time,
        }),
      ),
      /** Components that read CA files at their start only: whether they started after their files had changed. */
      started: list(
        widenable({ component: text, startedAt: time, filesChangedAt: time, isSince: z.boolean() }),
      ),
      /** Why this node has not done all that the phase asks for, in sentences. */
      left: list(text),
    }),
  ),
  /** The last `renew` of this node. */
  renewal: z.optional(widenable({ at: time, exitCode: z.number().check(z.int()) })),
});

export type NodeReport = z.infer<typeof nodeReportSchema>;

/** `reports/<cluster>/nodes/<node>.json` */
export const nodeReportKey = (cluster: string, node: string): string =>
  `${nodeReportsPrefix(cluster)}${node}.json`;

export const nodeReportsPrefix = (cluster: string): string =>
  `${EXCHANGE_PREFIXES.reports}${cluster}/nodes/`;

/** undefined for any other key. */
export function parseNodeReportKey(key: string): { cluster: string; node: string } | undefined {
  if (!key.startsWith(EXCHANGE_PREFIXES.reports)) return undefined;
  const parts = key.slice(EXCHANGE_PREFIXES.reports.length).split('/');
  const [cluster = '', folder, file = ''] = parts;
  const node = file.replace(/\.json$/, '');
  const isReport = parts.length === 3 && folder === 'nodes' && file.endsWith('.json');
  return isReport && isSubdomain(cluster) && isNodeName(node) ? { cluster, node } : undefined;
}
