/** The port of a kubelet, as a forwarder sees it. */
import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { ClientPair } from '../node/evidence/ask-server.ts';
import { askWithProbe, type ProbeResult } from '../node/evidence/probe-servers.ts';
import type { Presented } from '../node/trust/path.ts';

export interface KubeletPort {
  /** The certificate that the kubelet at an address serves, with what it sends after it; undefined without a response. */
  look(address: string): Promise<Presented | undefined>;
  /** Whether it accepts a client certificate. */
  probe(address: string, pair: ClientPair): Promise<ProbeResult>;
}

export interface KubeletConnection {
  readonly port: number;
  /** For the whole handshake: a program that sends one byte at a time must not block the report. */
  readonly timeoutMs: number;
}

const USUAL: KubeletConnection = { port: 10_250, timeoutMs: 3000 };
/** What a server sends after its certificate. */
const MAX_OTHERS = 5;

/** Never throws. Nothing is sent: whether its certificate is trusted is judged afterwards. */
export function lookAtKubelet(
  address: string,
  { port, timeoutMs }: KubeletConnection = USUAL,
): Promise<Presented | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, rejectUnauthorized: false });
    const timer = setTimeout(() => end(undefined), timeoutMs);
    const end = (served: Presented | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(served);
    };
    socket.once('secureConnect', () => end(presentedBy(socket.getPeerX509Certificate())));
    socket.on('error', () => end(undefined));
  });
}

/**
 * Does not throw if the pair can be used. A kubelet may serve a certificate that it has signed itself, so it is not
 * verified: a node can lie about itself anyway, and only about itself.
 */
export async function probeKubelet(
  address: string,
  pair: ClientPair,
  { port, timeoutMs }: KubeletConnection = USUAL,
): Promise<ProbeResult> {
  const server = { host: address, port, ca: '', onDisk: undefined, isAnyServer: true } as const;
  const verdict = await askWithProbe({ component: 'kubelet', ...server }, pair, timeoutMs);
  return verdict === 'accepted' ? verdict : verdict.result;
}

function presentedBy(leaf: X509Certificate | undefined): Presented | undefined {
  if (leaf === undefined) return undefined;
  const others: X509Certificate[] = [];
  for (let next = leaf.issuerCertificate; next; next = next.issuerCertificate) {
    if (others.length === MAX_OTHERS) break;
    others.push(next);
  }
  return [leaf, ...others];
}
