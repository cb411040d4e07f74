/** Looks at what a kubelet serves on its port. Nothing is sent: whether its certificate is trusted is judged afterwards. */
import type { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { Presented } from '../node/trust/path.ts';

export interface KubeletConnection {
  readonly port: number;
  /** For the whole handshake: a program that sends one byte at a time must not block the report. */
  readonly timeoutMs: number;
}

const USUAL: KubeletConnection = { port: 10_250, timeoutMs: 3000 };
/** What a server sends after its certificate. */
const MAX_OTHERS = 5;

/** Never throws. */
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

function presentedBy(leaf: X509Certificate | undefined): Presented | undefined {
  if (leaf === undefined) return undefined;
  const others: X509Certificate[] = [];
  for (let next = leaf.issuerCertificate; next; next = next.issuerCertificate) {
    if (others.length === MAX_OTHERS) break;
    others.push(next);
  }
  return [leaf, ...others];
}
