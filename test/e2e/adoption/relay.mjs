// relay.mjs HOST PORT: a port on the loopback of a machine, printed as a line, that leads to a port elsewhere. It ends with
// its standard input.
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const [host, port] = process.argv.slice(2);
const server = createServer((near) => {
  const far = connect(Number(port), host);
  // a connection that breaks is the affair of the two that it joined
  pipeline(near, far, near, () => {});
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume().on('end', () => process.exit());
