// Holds the claims of a token against RFC 8417, RFC 9493, RFC 9967, SSF 1.0, RISC and CAEP. Answers a list of complaints.
const kScim = 'urn:ietf:params:scim:event:';
const kRisc = 'https://schemas.openid.net/secevent/risc/event-type/';
const kCaep = 'https://schemas.openid.net/secevent/caep/event-type/';
const kVerification = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
const kPatchOp = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

const isText = (v) => typeof v === 'string' && v.length > 0;
const isObject = (v) => typeof v === 'object' && v !== null && !Array.isArray(v);
const subjects = {
  scim: (s) => isText(s.uri) && /^\/(Users|Groups)\/[^/]+$/.test(s.uri), email: (s) => isText(s.email) && s.email.includes('@'),
  iss_sub: (s) => isText(s.iss) && isText(s.sub), opaque: (s) => isText(s.id), phone_number: (s) => /^\+\d+$/.test(s.phone_number),
  account: (s) => /^acct:/.test(s.uri), uri: (s) => isText(s.uri),
};
const known = new Set([
  ...['feed:add', 'feed:remove', 'prov:delete', 'prov:activate', 'prov:deactivate', 'misc:asyncresp',
    ...['create', 'patch', 'put'].flatMap((w) => [`prov:${w}:full`, `prov:${w}:notice`])].map((w) => kScim + w),
  ...['account-disabled', 'account-enabled', 'account-purged', 'account-credential-change-required', 'identifier-changed'].map((w) => kRisc + w),
  ...['session-revoked', 'token-claims-change', 'credential-change'].map((w) => kCaep + w), kVerification,
]);

function scimEvent(uri, payload, subject, wanted, out) {
  if (subject?.format !== 'scim') out.push(`${uri} about a subject of format ${subject?.format}`);
  const [, kind, form] = /^urn:ietf:params:scim:event:prov:(create|patch|put):(full|notice)$/.exec(uri) ?? [];
  if (!kind) {
    if (!uri.endsWith('asyncresp') && Object.keys(payload).length) out.push(`${uri} has ${Object.keys(payload)}`);
    return;
  }
  if (form !== wanted) out.push(`${uri} where ${wanted} was agreed`);
  if (('data' in payload) === ('attributes' in payload)) out.push(`${uri} has not exactly one of data and attributes`);
  if (form === 'full' && !isObject(payload.data)) out.push(`${uri} without data`);
  if (form === 'notice' && !(Array.isArray(payload.attributes) && payload.attributes.length && payload.attributes.every(isText)))
    out.push(`${uri} without a list of attributes`);
  if (form !== 'full' || !isObject(payload.data)) return;
  if (!Array.isArray(payload.data.schemas)) out.push(`${uri}: data without schemas`);
  if (kind !== 'patch') return;
  if (!payload.data.schemas?.includes(kPatchOp)) out.push('a patch that is no PatchOp');
  const operations = payload.data.Operations;
  if (!Array.isArray(operations) || !operations.length) return out.push('a PatchOp without Operations');
  for (const o of operations) {
    if (!['add', 'remove', 'replace'].includes(o.op)) out.push(`op ${o.op}`);
    if (o.op === 'remove' ? !isText(o.path) : o.value === undefined) out.push(`a ${o.op} without ${o.op === 'remove' ? 'path' : 'value'}`);
  }
}

/// agreed: {issuer, audience, payload}
export function complaintsAbout(header, claims, agreed) {
  const out = [];
  if (header.typ !== 'secevent+jwt') out.push(`typ ${header.typ}`);
  if (!isText(header.kid)) out.push('no kid');
  for (const name of ['sub', 'exp', 'nbf']) if (name in claims) out.push(`it has ${name}`);
  if (claims.iss !== agreed.issuer) out.push(`iss ${claims.iss}`);
  if (claims.aud !== agreed.audience) out.push(`aud ${JSON.stringify(claims.aud)}`);
  if (!Number.isInteger(claims.iat) || claims.iat > Date.now() / 1000 + 60 || claims.iat < 1e9) out.push(`iat ${claims.iat}`);
  if (!isText(claims.jti)) out.push('no jti');
  if (!subjects[claims.sub_id?.format]?.(claims.sub_id)) out.push(`sub_id ${JSON.stringify(claims.sub_id)}`);
  if (!isObject(claims.events) || Object.keys(claims.events).length !== 1) return [...out, 'not exactly one event'];
  const [[uri, payload]] = Object.entries(claims.events);
  if (!known.has(uri)) out.push(`nobody knows the event ${uri}`);
  if (!isObject(payload)) return [...out, 'a payload that is no object'];
  if (uri.startsWith(kScim)) scimEvent(uri, payload, claims.sub_id, agreed.payload, out);
  if (uri !== kVerification && !isText(claims.txn)) out.push('no txn');
  if (uri === kRisc + 'identifier-changed' && !['email', 'phone_number'].includes(claims.sub_id?.format)) out.push('identifier-changed about no identifier');
  if (uri === kRisc + 'account-disabled' && 'reason' in payload && !['hijacking', 'bulk-account'].includes(payload.reason)) out.push(`reason ${payload.reason}`);
  if (uri.startsWith(kCaep) && 'event_timestamp' in payload && !Number.isInteger(payload.event_timestamp)) out.push('event_timestamp is no number of seconds');
  if (uri.startsWith(kCaep) && 'initiating_entity' in payload && !['admin', 'user', 'policy', 'system'].includes(payload.initiating_entity)) out.push(`initiating_entity ${payload.initiating_entity}`);
  for (const name of ['reason_admin', 'reason_user']) if (uri.startsWith(kCaep) && name in payload && !isObject(payload[name])) out.push(`${name} is no object`);
  return out;
}
