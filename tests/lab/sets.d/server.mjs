// tests/lab/sets: takes tokens as a strict receiver does, and makes trouble if a test asks for it.
//   CONTROL/state            {arrivals: [{jti, kid, alg, claims}], repeats, violations, refusals: [err...], answers: {"202": 3}, versions: {"1.1": 3}}
//                            arrivals: in order, each jti once, as far as the receiver took it
//   CONTROL/faults (PUT)     {"rate": 0.3, "kinds": ["429", "500", "500-after", "drop", "drop-after", "slow", "400:invalid_key"], "refuse": "externalId"}
//                            "-after": the token was taken, and the sender does not hear of it; refuse: tokens about this person are answered
//                            400 invalid_request
//   CONTROL/token (PUT)      the bearer token that is right from now on (text)
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:http';
import { createServer as createSecureServer1 } from 'node:https';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { compactVerify, createLocalJWKSet } from 'jose';
import { listen } from './listen.mjs';
import { complaintsAbout } from './strict.mjs';

const [folder, port, controlPort] = process.argv.slice(2);
const { ISSUER, AUDIENCE, PAYLOAD, HTTP2 } = process.env;
let { TOKEN } = process.env;
const journal = `${folder}/journal`, jwks = `${folder}/jwks.json`;
const arrivals = [], violations = [], refusals = [], answers = {}, versions = {}, taken = new Map(), busy = new Map();
let repeats = 0, faults = { rate: 0, kinds: [] };

if (existsSync(journal)) {
  for (const line of readFileSync(journal, 'utf8').split('\n').filter(Boolean)) {
    arrivals.push(JSON.parse(line));
    taken.set(arrivals.at(-1).jti, JSON.stringify(arrivals.at(-1).claims));
  }
}

let keys, keysText;
function believed() {
  const text = existsSync(jwks) ? readFileSync(jwks, 'utf8') : '{"keys":[]}';
  if (text !== keysText) { keys = createLocalJWKSet(JSON.parse(text)); keysText = text; }
  return keys;
}

function take(header, claims) {
  const text = JSON.stringify(claims);
  const before = taken.get(claims.jti);
  if (before !== undefined) {
    ++repeats;
    if (before !== text) violations.push(`${claims.jti} comes again and is another: ${text}`);
    return;
  }
  taken.set(claims.jti, text);
  const arrival = { jti: claims.jti, kid: header.kid, alg: header.alg, claims };
  arrivals.push(arrival);
  appendFileSync(journal, `${JSON.stringify(arrival)}\n`);
}

async function answerTo(req, res, text) {
  if (req.headers.authorization !== `Bearer ${TOKEN}`) return [401, ''];
  const refuse = (err, description) => { refusals.push(err); return [400, JSON.stringify({ err, description })]; };
  if (req.method !== 'POST' || req.headers['content-type'] !== 'application/secevent+jwt' || req.headers.accept !== 'application/json') {
    violations.push(`${req.method} of ${req.headers['content-type']}, accepting ${req.headers.accept}`);
    return refuse('invalid_request', 'no POST of a token');
  }
  let verified;
  try {
    verified = await compactVerify(text, believed(), { algorithms: ['ES256', 'RS256', 'EdDSA'] });
  } catch (e) { return refuse('invalid_key', e.message); }
  const header = verified.protectedHeader, claims = JSON.parse(new TextDecoder().decode(verified.payload));
  const complaints = complaintsAbout(header, claims, { issuer: ISSUER, audience: AUDIENCE, payload: PAYLOAD });
  for (const c of complaints) violations.push(`${c}: ${JSON.stringify(claims)}`);
  const who = JSON.stringify(claims.sub_id);
  // An old address may have been that of several, and a group's members change one by one.
  if (busy.get(who) && claims.sub_id?.uri?.startsWith('/Users/')) violations.push(`two tokens about ${who} at once`);
  busy.set(who, true);
  res.on('close', () => busy.delete(who));  // who was killed comes back
  try {
    const fault = Math.random() < faults.rate ? faults.kinds[Math.floor(Math.random() * faults.kinds.length)] : '';
    if (fault === 'drop') return null;
    if (fault === '429') return [429, 'not so fast', { 'retry-after': '1' }];
    if (fault === '500') return [500, 'as a test wished'];
    if (fault.startsWith('400:')) return refuse(fault.slice(4), 'as a test wished');
    if (fault === 'slow') await new Promise((done) => setTimeout(done, 300));
    if (faults.refuse && claims.sub_id?.externalId === faults.refuse) return refuse('invalid_request', `nothing about ${faults.refuse}`);
    take(header, claims);
    if (fault === 'drop-after') return null;
    return fault === '500-after' ? [500, 'as a test wished'] : [202, ''];
  } finally { busy.delete(who); }
}

const tls = { key: readFileSync(`${folder}/server.key`), cert: readFileSync(`${folder}/server.pem`), allowHTTP1: true };
const front = (HTTP2 === '1' ? createSecureServer : createSecureServer1)(tls, (req, res) => {
  const pieces = [];
  versions[req.httpVersion] = (versions[req.httpVersion] ?? 0) + 1;
  req.on('data', (piece) => pieces.push(piece));
  req.on('end', async () => {
    const answer = await answerTo(req, res, Buffer.concat(pieces).toString());
    if (!answer) return res.stream ? res.stream.close(2) : res.socket?.destroy();
    const [status, body, headers] = answer;
    answers[status] = (answers[status] ?? 0) + 1;
    res.writeHead(status, { ...headers, ...(status === 400 ? { 'content-type': 'application/json', 'content-language': 'en' } : {}) });
    res.end(body);
  });
});

const control = createServer((req, res) => {
  let text = '';
  req.on('data', (piece) => { text += piece; });
  req.on('end', () => {
    if (req.url === '/faults') faults = { rate: 0, kinds: [], ...JSON.parse(text) };
    if (req.url === '/token') TOKEN = text;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ arrivals, repeats, violations, refusals, answers, versions }));
  });
});

await listen(folder, [front, Number(port)], [control, Number(controlPort)]);
