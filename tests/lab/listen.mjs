// For servers of the lab: listens, and says so in FOLDER/ready. A server that was killed may go on answering for a moment, and holds
// its ports until it is gone.
import { writeFileSync } from 'node:fs';

/// servers: [server, port]...
export async function listen(folder, ...servers) {
  await Promise.all(servers.map(([server, port]) => new Promise((done, failed) => {
    const end = Date.now() + 10000;
    server.on('error', (e) => {
      if (e.code !== 'EADDRINUSE' || Date.now() > end) return failed(e);
      setTimeout(() => server.listen(port, '127.0.0.1'), 50);
    });
    server.once('listening', done);
    server.listen(port, '127.0.0.1');
  })));
  writeFileSync(`${folder}/ready`, '');
}
