/** The machine's way out: what comes to a port of its loopback goes through a socket file to the service outside. */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const port = Number(readFileSync('/opt/port', 'utf8'));
createServer((inside) => {
  const outside = connect('/opt/gateway.sock');
  inside.pipe(outside).pipe(inside);
  for (const end of [inside, outside]) end.on('error', () => end.destroy());
}).listen(port, '127.0.0.1');
