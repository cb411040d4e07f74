/** A kubelet's certificate managers (certificates-client kubelet), with the code of a release of Kubernetes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { Component } from '../control-plane/component.ts';
import { kubernetesProgram } from '../harness/programs.ts';

export interface NodeAddress {
  readonly type: 'Hostname' | 'InternalIP' | 'ExternalIP' | 'InternalDNS' | 'ExternalDNS';
  readonly address: string;
}

export interface KubeletEvent {
  readonly event: 'started' | 'certificate' | 'logged in' | 'gap' | 'unusable' | 'ended';
  readonly at: string;
  readonly which?: 'client' | 'serving';
  readonly serial?: string;
  readonly sha256?: string;
  readonly names?: readonly string[];
  readonly usages?: readonly string[];
  readonly issuer?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly chain?: number;
  readonly user?: string;
  /** Connections that were reset before the API server answered. */
  readonly resets?: number;
  readonly error?: string;
}

export interface KubeletPlan {
  readonly release: string;
  readonly node: string;
  /** Empty until `setAddresses`. */
  readonly addresses: readonly NodeAddress[];
  /** With a bootstrap token, or a kubelet.conf with a certificate. */
  readonly bootstrap?: string;
  readonly kubeconfig?: string;
  /** Without it, it requests a client certificate only. */
  readonly listen?: string;
}

export class KubeletProgram {
  readonly node: string;
  readonly folder: string;
  readonly startedAt = Date.now();
  readonly #program: Component;

  constructor(plan: KubeletPlan, folder: string) {
    mkdirSync(folder, { recursive: true });
    this.node = plan.node;
    this.folder = folder;
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const kubeconfig = join(folder, 'kubelet.conf');
    if (plan.kubeconfig !== undefined) writeFileSync(kubeconfig, plan.kubeconfig);
    const bootstrap = plan.bootstrap && file('bootstrap-kubelet.conf', plan.bootstrap);
    this.setAddresses(plan.addresses);
    this.#program = new Component(
      [
        kubernetesProgram(plan.release, 'certificates-client'),
        ...['kubelet', '-node', plan.node, '-kubeconfig', kubeconfig],
        ...['-cert-dir', join(folder, 'pki'), '-addresses', join(folder, 'addresses.json')],
        ...(bootstrap ? ['-bootstrap-kubeconfig', bootstrap] : []),
        ...(plan.listen ? ['-serving', '-listen', plan.listen] : []),
      ],
      join(folder, 'log'),
    );
  }

  /** As its Node gets them. */
  setAddresses(addresses: readonly NodeAddress[]): void {
    writeFileSync(join(this.folder, 'addresses.json'), JSON.stringify(addresses));
  }

  get kubeconfig(): string {
    return join(this.folder, 'kubelet.conf');
  }

  events(event?: KubeletEvent['event'], which?: KubeletEvent['which']): KubeletEvent[] {
    return this.#program
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): KubeletEvent => JSON.parse(line))
      .filter((seen) => event === undefined || seen.event === event)
      .filter((seen) => which === undefined || seen.which === which);
  }

  /** The number-th certificate of this kind, from 1. */
  certificate(which: 'client' | 'serving', limitMs: number, number = 1): Promise<KubeletEvent> {
    return until(
      `${which} certificate of ${this.node}`,
      () => this.events('certificate', which)[number - 1],
      limitMs,
    );
  }

  /** What its managers logged last. */
  complaint(): string {
    return this.#program.lastLine(/^[EF]\d{4}|^certificates-client/) ?? 'nothing';
  }

  stop(): Promise<void> {
    return this.#program.stop('SIGKILL');
  }
}
