import { describeInsecureEndpoint } from '../../../client/commands/insecure-endpoint.ts';

it.each([
  ['no endpoint', {}],
  ['TLS', { AWS_ENDPOINT_URL: 'https://kms.example' }],
  ['this machine, as cakeless local', { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }],
  ['this machine, by IPv6', { AWS_ENDPOINT_URL_KMS: 'http://[::1]:4566' }],
  [
    'TLS for KMS only',
    { AWS_ENDPOINT_URL: 'http://x', AWS_ENDPOINT_URL_KMS: 'https://kms.example' },
  ],
  ['something that is not a URL, which the SDK refuses', { AWS_ENDPOINT_URL: 'x y' }],
])('says nothing about %s', (_, environment) => {
  expect(describeInsecureEndpoint(environment)).toBeUndefined();
});

it.each([
  [{ AWS_ENDPOINT_URL: 'http://10.0.0.1:4566' }],
  [{ AWS_ENDPOINT_URL_KMS: 'http://kms.example', AWS_ENDPOINT_URL: 'https://x' }],
  [{ AWS_ENDPOINT_URL: 'http://127.0.0.1.example' }],
])('warns that a wrapping key can be replaced on its path: %j', (environment) => {
  expect(describeInsecureEndpoint(environment)).toMatch(
    /^warning: KMS is called at http:.* without TLS/,
  );
});
