// What tests/lab/web answers. The path says what is wanted; all state is what was asked so far.
//   /echo              method, path, headers and body of the request, as JSON
//   /status/NNN        that status; ?retry-after=TEXT: with that header
//   /silent            nothing, ever          /half: a body that is cut off       /drop: the connection ends without an answer
//   /large             more than anybody wants to have
//   /guarded           200 for the token of /turn, else 401
//   /turn/TOKEN        from now on TOKEN is the one that /guarded takes, and that /token gives
//   /token             an OAuth 2.0 token server: client "agent" with the password "pass word&"; ?lifetime=SECONDS
//   /count             how many tokens were given, and how many tunnels the proxy made
import { createServer as createSecure } from 'node:https';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';

const [folder, port, proxyPort, clientCertificates] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`);
let token = 'first', given = 0, tunnels = 0;

const json = (res, status, value, headers = {}) => {
  const text = JSON.stringify(value);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), ...headers });
  res.end(text);
};

function giveToken(req, res, body, query) {
  const expected = 'Basic ' + Buffer.from('agent:pass+word%26').toString('base64');
  const form = new URLSearchParams(body);
  if (form.get('grant_type') !== 'client_credentials') return json(res, 400, { error: 'unsupported_grant_type' });
  if (req.headers.authorization !== expected)
    return json(res, 401, { error: 'invalid_client', error_description: 'who are you?' });
  given += 1;
  json(res, 200, { access_token: token, token_type: 'Bearer', expires_in: Number(query.get('lifetime') ?? 3600), scope: form.get('scope') });
}

function answer(req, res, body) {
  const url = new URL(req.url, 'https://here');
  const [, what, argument] = url.pathname.split('/');
  switch (what) {
    case 'echo': return json(res, 200, { method: req.method, url: req.url, headers: req.headers, body });
    case 'status': {
      const after = url.searchParams.get('retry-after');
      return json(res, Number(argument), { detail: 'as you wish' }, after ? { 'Retry-After': after } : {});
    }
    case 'moved': return json(res, 302, {}, { Location: 'https://elsewhere.invalid/' });
    case 'silent': return;
    case 'drop': return res.socket?.destroy();
    case 'half':
      res.writeHead(200, { 'Content-Length': 1000 });
      res.write('half of it');
      return setImmediate(() => res.socket?.destroy());
    case 'large': {
      res.writeHead(200);
      const piece = 'x'.repeat(1 << 20);
      let left = 80;
      const more = () => { while (left-- > 0) if (!res.write(piece)) return res.once('drain', more); res.end(); };
      return more();
    }
    case 'guarded':
      return req.headers.authorization === `Bearer ${token}` ? json(res, 200, { ok: true })
        : json(res, 401, { detail: `not ${req.headers.authorization}` });
    case 'turn': token = argument; return json(res, 200, {});
    case 'token': return giveToken(req, res, body, url.searchParams);
    case 'count': return json(res, 200, { given, tunnels });
    default: return json(res, 404, { detail: 'nothing here' });
  }
}

const server = createSecure({
  key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem'),
  requestCert: clientCertificates === '1', rejectUnauthorized: clientCertificates === '1',
}, (req, res) => {
  let body = '';
  req.on('data', (piece) => { body += piece; });
  req.on('end', () => answer(req, res, body));
});
server.listen(Number(port), '127.0.0.1');

const proxy = createServer((req, res) => json(res, 400, {}));
proxy.on('connect', (req, client, head) => {
  if (req.headers['proxy-authorization'] !== 'Basic ' + Buffer.from('through:me').toString('base64'))
    return client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="lab"\r\nContent-Length: 0\r\n\r\n');
  const [host, to] = req.url.split(':');
  const far = connect(Number(to), host, () => {
    tunnels += 1;
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    far.write(head);
    far.pipe(client).pipe(far);
  });
  far.on('error', () => client.destroy());
  client.on('error', () => far.destroy());
});
proxy.listen(Number(proxyPort), '127.0.0.1');
