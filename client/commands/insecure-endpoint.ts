/** Whether the environment sends calls to KMS over a connection that others can change. */

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** @param environment as `process.env`: what the AWS SDK reads for the endpoint of KMS */
export function describeInsecureEndpoint(
  environment: Record<string, string | undefined>,
): string | undefined {
  const endpoint = environment.AWS_ENDPOINT_URL_KMS ?? environment.AWS_ENDPOINT_URL ?? '';
  if (!URL.canParse(endpoint)) return undefined;
  const { protocol, hostname } = new URL(endpoint);
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return undefined;
  return `warning: KMS is called at ${endpoint}, without TLS: anyone on the path can replace the wrapping key, and gets the CA key`;
}
