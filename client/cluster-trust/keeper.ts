/**
 * What the forwarder does for rotations, besides forwarding CSRs: every ten minutes, and every minute during a rotation, it
 * reads what is published, keeps three ConfigMaps up to date, and reports on the cluster. A failure here does not stop CSRs.
 */
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import { pause, type Timers } from '../kubernetes/timers.ts';
import { AUTHENTICATION } from './authentication.ts';
import { cleanAuthentication } from './clean-authentication.ts';
import { CLUSTER_INFO } from './cluster-info.ts';
import { keepConfigMap, TRUST_CONFIG_MAP } from './config-map.ts';
import { inspect } from './inspect.ts';
import { keepClusterInfo } from './keep-cluster-info.ts';
import type { KubeletPort } from './kubelet-port.ts';
import { KubeletProbes, type ObtainProbe } from './kubelet-probes.ts';
import { isForbidden } from './lists.ts';
import { allOf, type OurCas } from './our-cas.ts';
import { type Published, readPublished } from './published.ts';
import { type ReportStore, writeClusterReport } from './report.ts';

const MINUTE = 60_000;
const TURN_MS = 10 * MINUTE;
/** People wait for each phase. */
const TURN_OF_ROTATION_MS = MINUTE;
/** After a start, CSRs come first. */
const FIRST_MS = MINUTE;
const REPORT_MS = 60 * MINUTE;
/** It lists all pods. */
const REPORT_OF_ROTATION_MS = 3 * MINUTE;
/** Turns do not begin at the same second: a report that is almost due is. */
const SPARE_MS = MINUTE / 2;

export const PARTS = [
  'rotation',
  'config-map',
  'cluster-info',
  'authentication',
  'probe',
  'report',
] as const;
export type Part = (typeof PARTS)[number];

export interface ClusterTrustSources {
  readonly exchange: ReportStore;
  /** undefined as long as nothing names it. */
  trustDomain(): Promise<string | undefined>;
  /** @throws Error if a file cannot be used */
  ourCas(): OurCas;
  readonly kubelets: KubeletPort;
  /** Absent without the credentials of a node: then no kubelet is probed. */
  readonly obtainProbe?: ObtainProbe;
}

export interface KeeperDeps extends ClusterTrustSources {
  readonly cluster: string;
  readonly client: Pick<KubeClient, 'get' | 'list' | 'patch'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timers: Timers;
  readonly tell: Tell;
}

/** Reports to people. A call may repeat an earlier one. */
export interface Tell {
  changed(what: string): void;
  failed(part: Part, error: unknown): void;
  succeeded(part: Part): void;
  /** All that RBAC forbade in a turn: lists, and objects; empty if it forbade nothing. */
  forbidden(what: readonly string[]): void;
  reported(): void;
}

export class ClusterTrustKeeper {
  readonly #deps: KeeperDeps;
  readonly #probes: KubeletProbes;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#probes = new KubeletProbes(deps);
  }

  /** Runs until the signal is aborted. A turn that runs then is abandoned: everything can be repeated. */
  async run(signal: AbortSignal): Promise<void> {
    await pause(this.#deps.timers, FIRST_MS, signal);
    while (!signal.aborted) {
      const isRotating = await this.turn();
      await pause(this.#deps.timers, isRotating ? TURN_OF_ROTATION_MS : TURN_MS, signal);
    }
  }

  /** Never throws. @returns whether a rotation is under way */
  async turn(): Promise<boolean> {
    const { client, tell } = this.#deps;
    const forbidden = new Set<string>();
    const attempt = async (part: Part, what: string, action: () => Promise<string | undefined>) => {
      try {
        const changed = await action();
        if (changed !== undefined) tell.changed(changed);
        tell.succeeded(part);
      } catch (error) {
        if (isForbidden(error)) forbidden.add(what);
        else tell.failed(part, error);
      }
    };
    const read = await this.#readPublished();
    const { published } = read;
    if (published) {
      const { ourCas } = this.#deps;
      await attempt('config-map', TRUST_CONFIG_MAP.object, () => keepConfigMap(client, published));
      await attempt('cluster-info', CLUSTER_INFO.object, async () =>
        keepClusterInfo(client, published, ourCas()),
      );
      await attempt('authentication', AUTHENTICATION.object, async () =>
        cleanAuthentication(client, published.rotation, ourCas()),
      );
    }
    if (read.isKnown)
      await attempt('report', 'report', () =>
        this.#report(published, (what) => forbidden.add(what)),
      );
    tell.forbidden([...forbidden]);
    return published?.rotation.rotation !== undefined;
  }

  /** A report without the sequence of a rotation would say less than the one before. */
  async #readPublished(): Promise<{ isKnown: boolean; published?: Published | undefined }> {
    const { exchange, trustDomain, tell } = this.#deps;
    try {
      const name = await trustDomain();
      const published = name === undefined ? undefined : await readPublished(exchange, name);
      tell.succeeded('rotation');
      return { isKnown: true, published };
    } catch (error) {
      tell.failed('rotation', error);
      return { isKnown: false };
    }
  }

  async #report(
    published: Published | undefined,
    onForbidden: (what: string) => void,
  ): Promise<undefined> {
    const { cluster, client, clock, exchange, kubelets, ourCas, tell } = this.#deps;
    const { rotation, ended = [], sequence } = published?.rotation ?? {};
    const named = [...(rotation ? [rotation.from, rotation.to] : []), ...ended];
    const ours = allOf(ourCas());
    const isWritten = await writeClusterReport(
      exchange,
      {
        cluster,
        sequence,
        now: () => clock.now(),
        freshMs: (rotation ? REPORT_OF_ROTATION_MS : REPORT_MS) - SPARE_MS,
      },
      (before) =>
        inspect({
          ...{ client, kubelets, ours, before, onForbidden },
          probing: this.#probes.begin(published?.rotation, ours, before),
          named: named.map(({ sha256 }) => sha256),
        }),
    );
    if (isWritten) tell.reported();
  }
}
