// tests/lab/scim: scimmy behind a front that checks every request and, if a test asks for it, makes trouble.
//   CONTROL/state            {users, groups, violations, requests: {"PATCH /Users": 3, ...}}
//   CONTROL/faults (PUT)     {"rate": 0.3, "kinds": ["429", "500", "500-after", "truncate", "drop", "drop-after", "slow"], "refuse": "name"}
//                            rate: part of the requests; "-after": the server did what it was asked, and does not say so;
//                            refuse: creating or changing a user of this userName is answered 400
//                            conflicts: how many of the next conditional writes find that somebody else was quicker (412; needs ETAG=1)
//   CONTROL/resources (PUT)  {"users": {...}, "groups": {...}}: what is there now, by id, as if somebody else had written it
import { createServer as createSecure } from 'node:https';
import { createServer, request as ask } from 'node:http';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';
import { listen } from './listen.mjs';
import { Strict } from './strict.mjs';

const [folder, port, controlPort] = process.argv.slice(2);
const { TOKEN, PATCH, BULK, PAGES, ETAG } = process.env;
const journal = `${folder}/journal`;
const held = { users: new Map(), groups: new Map() };

// --- what it holds: in memory, and on the disk for the next start
const versions = new Map(), tag = (id) => `W/"${versions.get(id) ?? 0}"`;
const keep = (kind, id, resource) => {
  versions.set(id, (versions.get(id) ?? 0) + 1);
  if (resource) held[kind].set(id, resource); else held[kind].delete(id);
  appendFileSync(journal, `${JSON.stringify([kind, id, resource])}\n`);
};
if (existsSync(journal)) {
  for (const line of readFileSync(journal, 'utf8').split('\n').filter(Boolean)) {
    const [kind, id, resource] = JSON.parse(line);
    if (resource) held[kind].set(id, resource); else held[kind].delete(id);
  }
}

let faults = { rate: 0, kinds: [] };
const violations = [], requests = {};

function declare(Resource, kind, unique) {
  const same = (a, b) => String(a ?? '').toLowerCase() === String(b ?? '').toLowerCase();
  SCIMMY.Resources.declare(Resource, {
    ingress: (resource, data) => {
      const id = resource.id ?? randomUUID();
      if (resource.id && !held[kind].has(id)) throw new SCIMMY.Types.Error(404, null, `no ${id}`);
      const plain = JSON.parse(JSON.stringify(data));
      if (unique && [...held[kind].values()].some((o) => o.id !== id && same(o[unique], plain[unique])))
        throw new SCIMMY.Types.Error(409, 'uniqueness', `${plain[unique]} is there already`);
      if (faults.refuse && plain.userName === faults.refuse) throw new SCIMMY.Types.Error(400, 'invalidValue', `not ${plain.userName}`);
      delete plain.meta;
      const now = new Date().toISOString();
      const before = held[kind].get(id);
      const stored = { ...plain, id, meta: { created: before?.meta.created ?? now, lastModified: now } };
      keep(kind, id, stored);
      return stored;
    },
    egress: (resource) => {
      if (resource.id) {
        if (!held[kind].has(resource.id)) throw new SCIMMY.Types.Error(404, null, `no ${resource.id}`);
        return held[kind].get(resource.id);
      }
      const all = [...held[kind].values()];
      return resource.filter ? resource.filter.match(all) : all;
    },
    degress: (resource) => {
      if (!held[kind].has(resource.id)) throw new SCIMMY.Types.Error(404, null, `no ${resource.id}`);
      keep(kind, resource.id, null);
      for (const group of held.groups.values()) {
        if (!group.members?.some((m) => m.value === resource.id)) continue;
        keep('groups', group.id, { ...group, members: group.members.filter((m) => m.value !== resource.id) });
      }
    },
  });
}
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
declare(SCIMMY.Resources.User, 'users', 'userName');
declare(SCIMMY.Resources.Group, 'groups');

const app = express();
app.use('/scim/v2', new SCIMMYRouters({
  type: 'bearer',
  handler: (req) => { if (req.headers.authorization !== `Bearer ${TOKEN}`) throw new Error('who are you?'); return 'muster'; },
}));
SCIMMY.Config.set({ patch: PATCH === '1', filter: { supported: true, maxResults: 50 },
  bulk: { supported: BULK === '1', maxOperations: 100, maxPayloadSize: 1048576 } });
const inner = createServer(app).listen(0, '127.0.0.1');

const config = { patch: { supported: PATCH === '1' }, bulk: { supported: BULK === '1', maxOperations: 100 } };
const described = (schema) => JSON.parse(JSON.stringify(schema.definition.describe()));  // as its clients see it
const strict = new Strict({
  '/Users': { core: SCIMMY.Schemas.User.definition.id,
    schemas: [described(SCIMMY.Schemas.User), described(SCIMMY.Schemas.EnterpriseUser)] },
  '/Groups': { core: SCIMMY.Schemas.Group.definition.id, schemas: [described(SCIMMY.Schemas.Group)] },
}, config);

// --- the front
const error = (status, detail) => JSON.stringify({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(status), detail });

function reply(res, fault, status, headers, body) {
  if (fault === 'drop-after') return res.socket?.destroy();
  if (fault === '500-after') return res.writeHead(500, { 'Content-Type': 'application/scim+json' }).end(error(500, 'as a test wished'));
  if (fault === 'truncate' && body.length > 20) {
    res.writeHead(status, { ...headers, 'content-length': body.length });
    res.write(body.subarray(0, body.length / 2));
    return setImmediate(() => res.socket?.destroy());
  }
  const { 'transfer-encoding': ignored, ...plain } = headers;
  res.writeHead(status, { ...plain, 'content-length': body.length }).end(body);
}

// RFC 9865, which scimmy does not know: an index in disguise.
function paged(url, status, body) {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  if (PAGES !== 'cursor' || !query.has('cursor') || status !== 200) return body;
  const list = JSON.parse(body);
  const next = (list.startIndex ?? 1) + (list.Resources?.length ?? 0);
  delete list.startIndex;
  if (next <= list.totalResults) list.nextCursor = Buffer.from(String(next)).toString('base64');
  return Buffer.from(JSON.stringify(list));
}
// RFC 7644 section 3.14, which scimmy does not know either.
function tagged(url, status, body) {
  if (ETAG !== '1' || status < 200 || status > 299 || body.length === 0) return body;
  const answer = JSON.parse(body);
  if (url.endsWith('/ServiceProviderConfig')) answer.etag = { supported: true };
  for (const resource of answer.Resources ?? [answer]) if (resource.id && resource.meta) resource.meta.version = tag(resource.id);
  return Buffer.from(JSON.stringify(answer));
}
let conditional = 0;
/// False: the resource is another one by now.
function fits(req, path) {
  const wanted = req.headers['if-match'], id = path.split('/')[2];
  if (ETAG !== '1' || !wanted || !id) return true;
  conditional += 1;
  if (faults.conflicts > 0) {
    faults.conflicts -= 1;
    versions.set(id, (versions.get(id) ?? 0) + 1);
  }
  return wanted === tag(id);
}
function indexed(url) {
  const [path, text] = url.split('?');
  const query = new URLSearchParams(text ?? '');
  if (PAGES !== 'cursor' || !query.has('cursor')) return url;
  query.set('startIndex', query.get('cursor') ? Buffer.from(query.get('cursor'), 'base64').toString() : '1');
  query.delete('cursor');
  return `${path}?${query}`;
}

function forward(req, res, text, fault) {
  const onward = ask({ port: inner.address().port, host: '127.0.0.1', method: req.method, path: indexed(req.url), headers: req.headers }, (back) => {
    const pieces = [];
    back.on('data', (piece) => pieces.push(piece));
    back.on('end', () => {
      let body = paged(req.url, back.statusCode, Buffer.concat(pieces));
      if (PAGES === 'cursor' && req.url.endsWith('/ServiceProviderConfig') && back.statusCode === 200)
        body = Buffer.from(JSON.stringify({ ...JSON.parse(body), pagination: { cursor: true, index: true, defaultPaginationMethod: 'cursor' } }));
      body = tagged(req.url, back.statusCode, body);
      reply(res, fault, back.statusCode, back.headers, body);
    });
  });
  onward.on('error', () => res.socket?.destroy());
  onward.end(text);
}

const front = createSecure({ key: readFileSync(`${folder}/server.key`), cert: readFileSync(`${folder}/server.pem`) }, (req, res) => {
  const pieces = [];
  req.on('data', (piece) => pieces.push(piece));
  req.on('end', () => {
    const text = Buffer.concat(pieces);
    const path = req.url.replace(/^\/scim\/v2/, '');
    const name = `${req.method} /${path.split('?')[0].split('/')[1]}`;
    requests[name] = (requests[name] ?? 0) + 1;
    for (const complaint of strict.check(req.method, path, req.headers, text.toString())) violations.push(`${req.method} ${path}: ${complaint}`);
    const fault = Math.random() < faults.rate ? faults.kinds[Math.floor(Math.random() * faults.kinds.length)] : '';
    const scim = { 'Content-Type': 'application/scim+json' };
    if (fault === 'drop') return res.socket?.destroy();
    if (!fits(req, path)) return res.writeHead(412, scim).end(error(412, 'it was changed meanwhile'));
    if (fault === '429') return res.writeHead(429, { ...scim, 'Retry-After': '1' }).end(error(429, 'not so fast'));
    if (fault === '500') return res.writeHead(500, scim).end(error(500, 'as a test wished'));
    if (fault === 'slow') return setTimeout(() => forward(req, res, text, ''), 300);
    forward(req, res, text, fault);
  });
});
const control = createServer((req, res) => {
  let text = '';
  req.on('data', (piece) => { text += piece; });
  req.on('end', () => {
    if (req.url === '/faults') faults = { rate: 0, kinds: [], ...JSON.parse(text) };
    if (req.url === '/resources') {
      for (const [kind, objects] of Object.entries(JSON.parse(text)))
        for (const [id, object] of Object.entries(objects)) keep(kind, id, object && { meta: { created: '2026-01-01T00:00:00Z', lastModified: '2026-01-01T00:00:00Z' }, ...held[kind].get(id), ...object, id });
    }
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ users: [...held.users.values()], groups: [...held.groups.values()], violations, requests, conditional }));
  });
});

// Why a server is gone that a test did not end: for its log.
const tell = (what) => console.error(`${new Date().toISOString()} ${what}`);
process.on('exit', (code) => tell(`ends with ${code}`));
process.on('uncaughtExceptionMonitor', (e) => tell(`uncaught: ${e.stack}`));
process.on('SIGTERM', () => { tell('SIGTERM'); process.exit(0); });
await listen(folder, [front, Number(port)], [control, Number(controlPort)]);
