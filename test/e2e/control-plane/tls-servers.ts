/**
 * Servers that check the client certificates of the API server, as a kubelet and an aggregated API do. OpenSSL checks
 * chain and clientAuth, not our code.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';

export interface Caller {
  readonly user: string;
  readonly groups: string[];
  readonly serialNumber: string;
}

export interface TlsServer {
  /** Refused handshakes, with OpenSSL's messages. */
  readonly refused: string[];
  readonly certificate: string;
  /** From now on, clients need a certificate of these CAs. */
  trust(clientCas: string): void;
  /** The server keeps listening. */
  closeConnections(): void;
  close(): Promise<void>;
}

export type Answer = (
  caller: Caller,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/** @param clientCa file with the CA of client certificates @param name in the server's certificate */
export async function startTlsServer(
  folder: string,
  at: { address: string; port: number },
  clientCa: string,
  name: string,
  answer: Answer,
): Promise<TlsServer> {
  const { key, cert } = selfSigned(folder, name);
  const refused: string[] = [];
  const options = {
    key,
    cert,
    ca: readFileSync(clientCa),
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = createServer(options, (request, response) => {
    answer(callerOf(request), request, response).catch((error: Error) => {
      response.writeHead(500).end(error.message);
    });
  });
  server.on('tlsClientError', (error) => refused.push(error.message));
  await listen(server, at);
  return {
    refused,
    certificate: cert,
    trust: (clientCas) => server.setSecureContext({ ...options, ca: clientCas }),
    closeConnections: () => server.closeAllConnections(),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** User and groups as Kubernetes reads them from a subject: CN, and every O. */
function callerOf(request: IncomingMessage): Caller {
  const { subject, serialNumber } = (request.socket as TLSSocket).getPeerCertificate();
  const list = (value: string | string[] | undefined) =>
    value === undefined ? [] : [value].flat();
  return { user: list(subject?.CN)[0] ?? '', groups: list(subject?.O), serialNumber };
}

function selfSigned(folder: string, name: string) {
  mkdirSync(folder, { recursive: true });
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const what = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const out = ['-keyout', keyFile, '-out', certFile];
  execFileSync('openssl', ['req', '-x509', ...fresh, ...what, ...out], { stdio: 'ignore' });
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}

const listen = (server: Server, { address, port }: { address: string; port: number }) =>
  new Promise<void>((ready, failed) => {
    server.once('error', failed);
    server.listen(port, address, () => ready());
  });
