/**
 * Whether the kubelets of nodes without AWS accept the new CA of a rotation: each is probed, as other nodes probe their own
 * servers. One probe certificate is used for all. It is requested before the first probe, and its key is only in memory.
 */
import { X509Certificate } from 'node:crypto';
import type { ClusterReport } from '../../lib/contract/cluster-report.ts';
import type { PublishedRotation } from '../../lib/contract/published-rotation.ts';
import type { Clock } from '../clock.ts';
import { sha256Of } from '../node/disk/fingerprints.ts';
import type { ClientPair } from '../node/evidence/ask-server.ts';
import type { ProbeResult } from '../node/evidence/probe-servers.ts';
import type { KubeletPort } from './kubelet-port.ts';

const MINUTE = 60_000;
/** A certificate that ends sooner is not used again: a report of a large cluster takes minutes. */
const SPARE_MS = 5 * MINUTE;
/** After a failure. Requests count in the budget of the node that the forwarder runs on. */
const RETRY_MS = 30 * MINUTE;

/** @param issuer the certificate of the new CA @throws Error that says why there is no certificate */
export type ObtainProbe = (issuer: X509Certificate) => Promise<ClientPair>;

interface ProbesDeps {
  readonly kubelets: Pick<KubeletPort, 'probe'>;
  readonly obtainProbe?: ObtainProbe;
  readonly clock: Pick<Clock, 'now'>;
  readonly tell: {
    failed(part: 'probe', error: unknown): void;
    succeeded(part: 'probe'): void;
  };
}

export interface ProbedNode {
  readonly name: string;
  readonly address: string | undefined;
  /** What its annotation says; undefined for a node that reports for itself, or does not follow rotations. */
  readonly caFile: readonly string[] | undefined;
}

/** For one report. */
export interface Probing {
  /** undefined if the node is not probed, or there is no probe certificate. */
  prove(node: ProbedNode): Promise<ProbeResult | undefined>;
}

export class KubeletProbes {
  readonly #deps: ProbesDeps;
  #held: { issuer: string; untilMs: number; pair: Promise<ClientPair | undefined> } | undefined;

  constructor(deps: ProbesDeps) {
    this.#deps = deps;
  }

  /**
   * Only in phase `trust` of `ca`: probes exist in this phase only, and no other CA is for kubelets' clients.
   * @param ours the CA certificates of the forwarder's node: kubelets need not accept a CA that it does not trust itself
   * @param before the last report: a kubelet that has accepted since the last change of the rotation is not probed again
   */
  begin(
    published: PublishedRotation | undefined,
    ours: readonly X509Certificate[],
    before: ClusterReport | undefined,
  ): Probing | undefined {
    const { rotation, sequence } = published ?? {};
    if (rotation?.ca !== 'ca' || rotation.phase !== 'trust') return undefined;
    const issuer = ours.find((one) => sha256Of(one) === rotation.to.sha256);
    if (!issuer) return undefined;
    const known = before?.sequence === sequence ? (before?.nodes ?? []) : [];
    const proved = new Set(
      known.filter(({ acceptsNew }) => acceptsNew === 'accepted').map(({ name }) => name),
    );
    return {
      prove: async ({ name, address, caFile }) => {
        if (!caFile?.includes(rotation.to.sha256)) return undefined; // it would refuse
        if (proved.has(name)) return 'accepted';
        const pair = address === undefined ? undefined : await this.#pairOf(issuer);
        return pair && address !== undefined
          ? await this.#deps.kubelets.probe(address, pair)
          : undefined;
      },
    };
  }

  #pairOf(issuer: X509Certificate): Promise<ClientPair | undefined> {
    const nowMs = this.#deps.clock.now().getTime();
    const held = this.#held;
    if (held?.issuer === issuer.fingerprint256 && nowMs < held.untilMs) return held.pair;
    const next = {
      issuer: issuer.fingerprint256,
      untilMs: nowMs + RETRY_MS,
      pair: this.#obtain(issuer).then((pair) => {
        if (pair) next.untilMs = endMs(pair) - SPARE_MS;
        return pair;
      }),
    };
    this.#held = next;
    return next.pair;
  }

  async #obtain(issuer: X509Certificate): Promise<ClientPair | undefined> {
    const { obtainProbe, tell } = this.#deps;
    if (!obtainProbe) return undefined;
    try {
      const pair = await obtainProbe(issuer);
      tell.succeeded('probe');
      return pair;
    } catch (error) {
      tell.failed('probe', error);
      return undefined;
    }
  }
}

const endMs = ({ cert }: ClientPair) => Date.parse(new X509Certificate(cert).validTo);
