// Holds every request against RFC 7643 and RFC 7644, whatever the server behind lets pass. Answers a list of complaints.
const kPatch = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const kBulk = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const fits = {
  string: (v) => typeof v === 'string', reference: (v) => typeof v === 'string', binary: (v) => typeof v === 'string',
  dateTime: (v) => typeof v === 'string' && !Number.isNaN(Date.parse(v)), boolean: (v) => typeof v === 'boolean',
  integer: (v) => Number.isInteger(v), decimal: (v) => typeof v === 'number',
  complex: (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
};

export class Strict {
  /// types: {"/Users": {core: URN, schemas: [schema definitions]}}; config: what the server says that it can
  constructor(types, config) { this.types = types; this.config = config; }

  attribute(attributes, name) { return attributes?.find((a) => a.name.toLowerCase() === name.toLowerCase()); }

  value(attribute, value, where, out) {
    if (attribute.multiValued) {
      if (!Array.isArray(value)) return out.push(`${where} is multi-valued and no list`);
      value.forEach((v, i) => this.single(attribute, v, `${where}[${i}]`, out));
      if (value.filter((v) => v?.primary === true).length > 1) out.push(`${where} has two primary elements`);
    } else this.single(attribute, value, where, out);
  }

  single(attribute, value, where, out) {
    if (!fits[attribute.type]?.(value)) return out.push(`${where} is no ${attribute.type}: ${JSON.stringify(value)}`);
    if (attribute.type === 'complex') this.object(attribute.subAttributes, value, where, out);
  }

  object(attributes, object, where, out) {
    for (const [name, value] of Object.entries(object)) {
      const a = this.attribute(attributes, name);
      if (!a) out.push(`${where}.${name} is in no schema`);
      else this.value(a, value, `${where}.${name}`, out);
    }
  }

  resource(type, body, out) {
    if (!Array.isArray(body.schemas) || !body.schemas.includes(type.core)) out.push(`schemas does not name ${type.core}`);
    const core = type.schemas.find((s) => s.id === type.core);
    const common = { schemas: 'list', id: 'string', externalId: 'string', meta: 'object' };
    for (const [name, value] of Object.entries(body)) {
      const extension = type.schemas.find((s) => s.id.toLowerCase() === name.toLowerCase());
      if (extension) {
        if (!body.schemas?.includes(extension.id)) out.push(`schemas does not name ${extension.id}`);
        this.object(extension.attributes, value, name, out);
      } else if (name in common) {
        if (common[name] === 'string' && typeof value !== 'string') out.push(`${name} is no string`);
      } else {
        const a = this.attribute(core.attributes, name);
        if (!a) out.push(`${name} is in no schema`);
        else this.value(a, value, name, out);
      }
    }
    for (const a of core.attributes) if (a.required && body[a.name] === undefined) out.push(`${a.name} is required`);
  }

  /// The attribute that a path means; null: none.
  path(type, path) {
    let rest = path, attributes = type.schemas.find((s) => s.id === type.core).attributes;
    const extension = type.schemas.find((s) => rest.toLowerCase().startsWith(`${s.id.toLowerCase()}:`));
    if (extension) { rest = rest.slice(extension.id.length + 1); attributes = extension.attributes; }
    const found = /^([$A-Za-z][\w-]*)(\[([^\]]+)\])?(\.([$A-Za-z][\w-]*))?$/.exec(rest);
    if (!found) return null;
    if (found[1] === 'externalId' && !extension) return { type: 'string', multiValued: false };
    const a = this.attribute(attributes, found[1]);
    if (!a) return null;
    if (found[3] && !/^[\w$]+ eq ("[^"]*"|true|false)$/.test(found[3])) return null;
    return found[5] ? this.attribute(a.subAttributes, found[5]) ?? null : found[3] ? { ...a, multiValued: false } : a;
  }

  patch(type, body, out) {
    if (!body.schemas?.includes(kPatch)) out.push('schemas does not name PatchOp');
    if (!Array.isArray(body.Operations) || body.Operations.length === 0) return out.push('no Operations');
    for (const { op, path, value, ...more } of body.Operations) {
      if (!['add', 'remove', 'replace'].includes(op)) out.push(`op ${op}`);
      if (Object.keys(more).length) out.push(`an operation with ${Object.keys(more)}`);
      if (op === 'remove' && path === undefined) out.push('remove without path');
      if (op !== 'remove' && value === undefined) out.push(`${op} without value`);
      if (path === undefined) continue;
      const a = this.path(type, path);
      if (!a) out.push(`the path ${path} means nothing`);
      else if (a.mutability === 'readOnly') out.push(`${path} is read-only`);
      else if (op === 'add' && a.multiValued && !Array.isArray(value)) this.single(a, value, path, out);  // RFC 7644 section 3.5.2.1
      else if (op !== 'remove') this.value(a, value, path, out);
    }
  }

  bulk(body, out) {
    const { maxOperations } = this.config.bulk;
    if (!body.schemas?.includes(kBulk)) out.push('schemas does not name BulkRequest');
    if (!Array.isArray(body.Operations) || body.Operations.length > maxOperations) return out.push('Operations are none or too many');
    const ids = new Set();
    for (const { method, path, bulkId, data } of body.Operations) {
      if (method === 'POST' && (typeof bulkId !== 'string' || ids.has(bulkId))) out.push(`bulkId ${bulkId}`);
      ids.add(bulkId);
      if (!this.types[path]) out.push(`bulk path ${path}`);
      else this.resource(this.types[path], data, out);
    }
  }

  /// path: without the base, with the query
  check(method, url, headers, text) {
    const out = [];
    const [path, query] = url.split('?');
    if (!/application\/scim\+json/.test(headers.accept ?? '')) out.push('Accept does not name application/scim+json');
    const count = new URLSearchParams(query ?? '').get('count');
    if (count !== null && !/^\d+$/.test(count)) out.push(`count=${count}`);
    if (!text) return ['POST', 'PUT', 'PATCH'].includes(method) ? [...out, 'no body'] : out;
    if (!/^application\/scim\+json/.test(headers['content-type'] ?? '')) out.push(`Content-Type is ${headers['content-type']}`);
    let body;
    try { body = JSON.parse(text); } catch (e) { return [...out, `the body is no JSON: ${e.message}`]; }
    const [, first, id] = path.split('/');
    const type = this.types[`/${first}`];
    if (first === 'Bulk') {
      if (!this.config.bulk.supported) out.push('bulk, which is not supported');
      this.bulk(body, out);
    } else if (!type) out.push(`${method} ${path}`);
    else if (method === 'PATCH') {
      if (!this.config.patch.supported) out.push('PATCH, which is not supported');
      this.patch(type, body, out);
    } else this.resource(type, body, out);
    if ((method === 'POST' && id) || (['PUT', 'PATCH', 'DELETE'].includes(method) && !id)) out.push(`${method} ${path}`);
    return out;
  }
}
