/** A request to etcd by HTTP: its gateway then calls etcd itself, with the server certificate as a client certificate. */
export const gatewayCommand = (address: string, pki: string, port = 2379): string[] => [
  'curl',
  ...['--silent', '--show-error', '--fail-with-body', '--max-time', '20'],
  ...['--cacert', `${pki}/ca.crt`],
  ...['--cert', `${pki}/healthcheck-client.crt`, '--key', `${pki}/healthcheck-client.key`],
  ...['--request', 'POST', '--data', '{}'],
  `https://${address}:${port}/v3/maintenance/status`,
];
