// What tests/lab/poll runs: a transmitter of security event tokens by polling (RFC 8936), with TLS and a bearer token, and a port for
// tests. Tokens are signed by the npm package `jose`.
//   POST /poll             RFC 8936; a token stays until it is acknowledged, and is delivered again RETRY_MS after it was last
//   GET  /keys             the JWK Set
// Control:
//   POST /sign             {claims, key: es|rs|ed|stranger, header: {...}, raw: "..."}; enqueues under `as` or claims.jti
//   POST /raw              {jti, token}: enqueues what is no token
//   GET  /state            {acked: [jti...], setErrs: {jti: {...}}, waiting: [jti...], delivered: {jti: times}, polls}
//   POST /again            {jti}: delivers an acknowledged one again
import { createServer as createSecure } from 'node:https';
import { createServer } from 'node:http';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as jose from 'jose';
import { listen } from './listen.mjs';

const [folder, port, controlPort] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`);
const RETRY_MS = 300, HOLD_MS = Number(process.env.HOLD_MS ?? 20000);

const algorithms = { es: 'ES256', rs: 'RS256', ed: 'EdDSA', stranger: 'ES256' };
async function makeKeys() {
  const made = {};
  for (const [kid, alg] of Object.entries(algorithms)) {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true, crv: alg === 'EdDSA' ? 'Ed25519' : undefined });
    made[kid] = { private: await jose.exportJWK(privateKey), public: { ...await jose.exportJWK(publicKey), kid, alg, use: 'sig' } };
  }
  return made;
}
const stored = (name, fallback) => (existsSync(`${folder}/${name}`) ? JSON.parse(read(name)) : fallback);
const keys = stored('keys.json', null) ?? await makeKeys();
writeFileSync(`${folder}/keys.json`, JSON.stringify(keys));
const jwks = { keys: Object.values(keys).map((k) => k.public).filter((k) => k.kid !== 'stranger') };
writeFileSync(`${folder}/jwks.json`, JSON.stringify(jwks));

// What a transmitter must not lose: kept across restarts.
const state = stored('state.json', { tokens: {}, acked: [], setErrs: {}, delivered: {}, polls: 0 });
const save = () => writeFileSync(`${folder}/state.json`, JSON.stringify(state));
const sentAt = {}, waiters = new Set();
const wake = () => { for (const w of [...waiters]) w(); };
const pending = () => Object.keys(state.tokens).filter((jti) => !(Date.now() - (sentAt[jti] ?? 0) < RETRY_MS));

const json = (res, status, value) => {
  const text = JSON.stringify(value);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  res.end(text);
};

function settle(body) {
  for (const jti of body.ack ?? []) {
    if (jti in state.tokens) { state.acked.push(jti); (state.sent ??= {})[jti] = state.tokens[jti]; delete state.tokens[jti]; }
  }
  for (const [jti, fault] of Object.entries(body.setErrs ?? {})) {
    state.setErrs[jti] = fault;
    if (jti in state.tokens) { (state.sent ??= {})[jti] = state.tokens[jti]; delete state.tokens[jti]; }
  }
  state.polls += 1;
  save();
}

function deliver(res, body) {
  const due = pending().slice(0, body.maxEvents ?? 1000);
  const sets = {};
  for (const jti of due) { sets[jti] = state.tokens[jti]; sentAt[jti] = Date.now(); state.delivered[jti] = (state.delivered[jti] ?? 0) + 1; }
  save();
  json(res, 200, { sets, moreAvailable: pending().length > 0 });
}

function poll(req, res, text) {
  let body;
  try { body = JSON.parse(text); } catch { return json(res, 400, { err: 'no JSON' }); }
  if (body.setErrs && !req.headers['content-language']) return json(res, 400, { err: 'setErrs without Content-Language' });
  settle(body);
  if (body.returnImmediately || pending().length) return deliver(res, body);
  const finish = () => { waiters.delete(look); clearTimeout(end); clearInterval(tick); };
  const look = () => { if (pending().length) { finish(); deliver(res, body); } };
  const end = setTimeout(() => { finish(); deliver(res, body); }, HOLD_MS), tick = setInterval(look, 100);
  waiters.add(look);
  res.on('close', finish);
}

async function control(req, res, text) {
  if (req.url === '/state')
    return json(res, 200, { acked: state.acked, setErrs: state.setErrs, waiting: Object.keys(state.tokens), delivered: state.delivered, polls: state.polls });
  const body = JSON.parse(text);
  if (req.url === '/sign') {
    const signed = {};  // all at once: a poll must not see half of them
    for (const b of Array.isArray(body) ? body : [body]) {
      const kid = b.key ?? 'es';
      const header = { typ: 'secevent+jwt', alg: algorithms[kid], kid: kid === 'stranger' ? 'es' : kid, ...(b.header ?? {}) };
      const encode = (value) => jose.base64url.encode(JSON.stringify(value));
      const token = header.alg === 'none' ? `${encode(header)}.${encode(b.claims)}.`
        : await new jose.SignJWT(b.claims).setProtectedHeader(header).sign(await jose.importJWK(keys[kid].private, algorithms[kid]));
      signed[b.as ?? b.claims.jti] = token;
    }
    Object.assign(state.tokens, signed);
  } else if (req.url === '/raw') {
    state.tokens[body.jti] = body.token;
  } else if (req.url === '/again') {
    state.tokens[body.jti] = state.sent[body.jti];
    delete state.setErrs[body.jti];
    state.acked = state.acked.filter((j) => j !== body.jti);
  }
  save();
  json(res, 200, {});
  wake();
}

const collected = (handle) => (req, res) => {
  const parts = [];
  req.on('data', (p) => parts.push(p));
  req.on('end', () => Promise.resolve(handle(req, res, Buffer.concat(parts).toString())).catch((e) => json(res, 500, { error: String(e) })));
};
const front = createSecure({ key: read('server.key'), cert: read('server.pem') }, collected((req, res, text) => {
  if (req.url === '/keys') return json(res, 200, jwks);
  if (req.headers.authorization !== `Bearer ${process.env.TOKEN}`) return json(res, 401, { err: 'authentication_failed' });
  return req.method === 'POST' && req.url === '/poll' ? poll(req, res, text) : json(res, 404, {});
}));
await listen(folder, [front, Number(port)], [createServer(collected(control)), Number(controlPort)]);
