/**
 * A fake component of the control plane: a real server that reads its certificate when it starts, and reports its
 * health. With --healthy-with=SERIAL it is healthy with that certificate only, with --unhealthy-with=SERIAL with all
 * others, and with --healthy-once=FILE only in its first run. --slow-stop delays its end, and --run-as=UID changes its
 * user.
 */
const { X509Certificate } = require('node:crypto');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const flags = Object.fromEntries(
  process.argv.slice(2).map((word) => {
    const [name, ...value] = word.replace(/^--/, '').split('=');
    return [name, value.join('=')];
  }),
);
const certFile = flags['tls-cert-file'] ?? flags['cert-file'];
const keyFile = flags['tls-private-key-file'] ?? flags['key-file'];
const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)];
const { serialNumber } = new X509Certificate(cert);
const once = flags['healthy-once'];
const isHealthy =
  (flags['healthy-with'] ?? serialNumber) === serialNumber &&
  flags['unhealthy-with'] !== serialNumber &&
  !(once && existsSync(once));
if (once) writeFileSync(once, '');
const answer = (_, response) => {
  response.writeHead(isHealthy ? 200 : 500);
  response.end(isHealthy ? '{"health":"true"}' : 'not ready');
};
const tlsPort = flags['secure-port'] ?? new URL(flags['listen-client-urls']).port;
https.createServer({ cert, key }, answer).listen(Number(tlsPort), '127.0.0.1');
if (flags['listen-metrics-urls'])
  http.createServer(answer).listen(Number(new URL(flags['listen-metrics-urls']).port), '127.0.0.1');
if (flags['run-as']) process.setuid(Number(flags['run-as']));
process.on('SIGTERM', () => setTimeout(() => process.exit(0), Number(flags['slow-stop'] ?? 0)));
process.on('disconnect', () => process.exit(0));
