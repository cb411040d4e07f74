// Asks an API server for its version with the CA certificates of a file: client.mjs URL CA-FILE TOKEN [partial]
import { readFileSync } from 'node:fs';
import { get } from 'node:https';

const [url, caFile, token, partial] = process.argv.slice(2);
const options = {
  ca: readFileSync(caFile),
  headers: { authorization: `Bearer ${token}` },
  ...(partial === 'partial' && { allowPartialTrustChain: true }),
};
get(url, options, (response) => {
  response.resume();
  process.stdout.write(`${response.statusCode}\n`);
}).on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
