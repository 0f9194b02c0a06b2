// deaf.mjs PORT TO: hands connections on to 127.0.0.1:TO. SIGUSR1: those in which changes are watched at that moment (they asked for content
// synchronization, RFC 4533) say nothing any more and stay open, as behind a firewall that forgot them. All others, and new ones, go on.
import { connect, createServer } from 'node:net';

const [port, to] = process.argv.slice(2);
const kSyncRequest = '1.3.6.1.4.1.4203.1.9.1.1';
const watching = new Set();
const deaf = new Set();

process.on('SIGUSR1', () => watching.forEach((client) => deaf.add(client)));
createServer((client) => {
  const server = connect(Number(to), '127.0.0.1');
  client.on('data', (part) => {
    if (part.includes(kSyncRequest)) watching.add(client);
    server.write(part);
  });
  server.on('data', (part) => deaf.has(client) || client.write(part));
  for (const [one, other] of [[client, server], [server, client]]) {
    one.on('error', () => other.destroy());
    one.on('close', () => {
      other.destroy();
      watching.delete(client);
      deaf.delete(client);
    });
  }
}).listen(Number(port), '127.0.0.1');
