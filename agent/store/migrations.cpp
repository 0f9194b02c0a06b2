#include "agent/store/impl.h"

namespace muster {

namespace {

/// Append only: the position is the schema version that a step leads to.
constexpr const char* kSteps[] = {
    R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cursor(stream TEXT PRIMARY KEY, cookie BLOB NOT NULL, params TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entry(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, stream INTEGER NOT NULL, dn TEXT NOT NULL, ndn TEXT NOT NULL,
  version TEXT NOT NULL, image BLOB NOT NULL, gone INTEGER NOT NULL DEFAULT 0, dirty INTEGER NOT NULL DEFAULT 1,
  disabled_at INTEGER, disabled_for TEXT, settled BLOB);
CREATE INDEX entry_ndn ON entry(ndn);
CREATE INDEX entry_dirty ON entry(id) WHERE dirty=1;
CREATE INDEX entry_planned ON entry(id) WHERE dirty=2;
CREATE INDEX entry_live ON entry(stream) WHERE gone=0;
CREATE TABLE join_value(ordinal INTEGER NOT NULL, value TEXT NOT NULL, entry INTEGER NOT NULL,
  PRIMARY KEY(ordinal, value, entry)) WITHOUT ROWID;
CREATE INDEX join_value_entry ON join_value(entry);
CREATE TABLE person(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fields BLOB NOT NULL, source TEXT NOT NULL,
  listed INTEGER NOT NULL DEFAULT 1, dirty INTEGER NOT NULL DEFAULT 1, entry INTEGER UNIQUE, attempts INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER);
CREATE INDEX person_dirty ON person(id) WHERE dirty=1;
CREATE INDEX person_planned ON person(id) WHERE dirty=2;
CREATE INDEX person_listed ON person(listed);
CREATE INDEX person_retry ON person(retry_at) WHERE retry_at IS NOT NULL;
CREATE TABLE person_join(ordinal INTEGER NOT NULL, value TEXT NOT NULL, person INTEGER NOT NULL,
  PRIMARY KEY(ordinal, value, person)) WITHOUT ROWID;
CREATE INDEX person_join_person ON person_join(person);
CREATE TABLE claim(person INTEGER PRIMARY KEY, entry INTEGER NOT NULL, ordinal INTEGER NOT NULL);
CREATE INDEX claim_entry ON claim(entry);
CREATE TABLE grp(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, dn TEXT NOT NULL, ndn TEXT NOT NULL, kind INTEGER NOT NULL,
  version TEXT NOT NULL, digest TEXT NOT NULL, placeholder INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0,
  dirty INTEGER NOT NULL DEFAULT 1);
CREATE INDEX grp_dirty ON grp(id) WHERE dirty=1;
CREATE INDEX grp_ndn ON grp(ndn);
CREATE TABLE member(grp INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY(grp, value)) WITHOUT ROWID;
CREATE INDEX member_value ON member(value);
CREATE TABLE granted(entry INTEGER NOT NULL, grp INTEGER NOT NULL, since INTEGER NOT NULL, rule TEXT NOT NULL, text TEXT NOT NULL,
  cause TEXT NOT NULL, PRIMARY KEY(entry, grp)) WITHOUT ROWID;
CREATE TABLE problem(id INTEGER PRIMARY KEY, subject TEXT NOT NULL, person TEXT NOT NULL, dn TEXT NOT NULL, code TEXT NOT NULL,
  what TEXT NOT NULL, place TEXT NOT NULL, attribute TEXT NOT NULL, drift INTEGER NOT NULL, since INTEGER NOT NULL);
CREATE INDEX problem_subject ON problem(subject);
CREATE TABLE journal(seq INTEGER PRIMARY KEY AUTOINCREMENT, action INTEGER NOT NULL, intent INTEGER NOT NULL DEFAULT 0,
  person INTEGER NOT NULL, entry INTEGER NOT NULL, grp INTEGER NOT NULL, hash TEXT NOT NULL, hold TEXT NOT NULL, kind INTEGER NOT NULL, decision INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT -1,
  body TEXT NOT NULL);
CREATE INDEX journal_planned ON journal(action, grp, seq) WHERE intent=0;
CREATE INDEX journal_subject ON journal(person, entry) WHERE intent=0;
CREATE INDEX journal_intent ON journal(seq) WHERE intent=1;
CREATE TABLE hold(id TEXT PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL, sentence TEXT NOT NULL, count INTEGER NOT NULL,
  people INTEGER NOT NULL, created INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, decided INTEGER,
  released INTEGER NOT NULL DEFAULT 0);
CREATE TABLE hold_change(hold TEXT NOT NULL, hash TEXT NOT NULL, person INTEGER NOT NULL, entry INTEGER NOT NULL, grp INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY(hold, hash)) WITHOUT ROWID;
CREATE TABLE decision(hash TEXT PRIMARY KEY, hold TEXT NOT NULL, approved INTEGER NOT NULL, by TEXT NOT NULL, person INTEGER NOT NULL,
  entry INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX decision_subject ON decision(person, entry);
CREATE TABLE audit(seq INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE outbox(seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE upstream(name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
)",
    R"(
ALTER TABLE grp ADD COLUMN rid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grp ADD COLUMN guarded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX grp_rid ON grp(rid) WHERE rid<>0;
)", "CREATE TABLE told(seq INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    R"(
ALTER TABLE person ADD COLUMN due_at INTEGER;
ALTER TABLE person ADD COLUMN standing TEXT NOT NULL DEFAULT '';
CREATE INDEX person_due ON person(due_at) WHERE due_at IS NOT NULL;
CREATE TABLE person_ref(key TEXT NOT NULL, person INTEGER NOT NULL, PRIMARY KEY(key, person)) WITHOUT ROWID;
CREATE INDEX person_ref_person ON person_ref(person);
UPDATE person SET dirty=1 WHERE dirty=0;
)",
    R"(
CREATE TABLE access_grant(id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL, grp INTEGER NOT NULL, by TEXT NOT NULL,
  reason TEXT NOT NULL, approver TEXT NOT NULL, seconds INTEGER NOT NULL, created INTEGER NOT NULL, until INTEGER,
  state TEXT NOT NULL, hold TEXT NOT NULL, over TEXT NOT NULL);
CREATE INDEX access_grant_open ON access_grant(person) WHERE state IN ('waiting','running');
CREATE INDEX access_grant_end ON access_grant(until) WHERE state='running';
CREATE TABLE disable_order(id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL, entry INTEGER NOT NULL, by TEXT NOT NULL,
  reason TEXT NOT NULL, created INTEGER NOT NULL, lifted INTEGER, lifted_by TEXT NOT NULL DEFAULT '',
  lifted_reason TEXT NOT NULL DEFAULT '');
CREATE INDEX disable_order_person ON disable_order(person) WHERE lifted IS NULL;
CREATE INDEX disable_order_entry ON disable_order(entry) WHERE lifted IS NULL;
)",
    R"(
ALTER TABLE person ADD COLUMN known_at INTEGER;
ALTER TABLE person ADD COLUMN successor INTEGER;
ALTER TABLE person ADD COLUMN rehire_key TEXT NOT NULL DEFAULT '';
CREATE INDEX person_rehire ON person(rehire_key) WHERE rehire_key<>'';
CREATE TABLE mention(source BLOB NOT NULL, attribute TEXT NOT NULL, target TEXT NOT NULL, dn TEXT NOT NULL,
  entry INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(source, attribute, target)) WITHOUT ROWID;
CREATE INDEX mention_target ON mention(target);
CREATE INDEX mention_entry ON mention(entry) WHERE entry<>0;
CREATE TABLE leaver_wait(seq INTEGER PRIMARY KEY AUTOINCREMENT, waited INTEGER NOT NULL);
)",
    R"(
CREATE TABLE name_given(attribute TEXT NOT NULL, value TEXT NOT NULL, person INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER,
  PRIMARY KEY(attribute, value, person)) WITHOUT ROWID;
CREATE INDEX name_given_person ON name_given(person) WHERE until IS NULL;
CREATE TABLE name_promised(attribute TEXT NOT NULL, value TEXT NOT NULL, person INTEGER NOT NULL,
  PRIMARY KEY(attribute, value, person)) WITHOUT ROWID;
CREATE INDEX name_promised_person ON name_promised(person);
)",
    R"(
CREATE TABLE refusal(subject TEXT NOT NULL, grp INTEGER NOT NULL, id TEXT NOT NULL, by TEXT NOT NULL, comment TEXT NOT NULL,
  since INTEGER NOT NULL, PRIMARY KEY(subject, grp)) WITHOUT ROWID;
CREATE INDEX refusal_id ON refusal(id);
CREATE INDEX refusal_group ON refusal(grp);
)",
    R"(
CREATE TABLE other_writer(name TEXT PRIMARY KEY, count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  by TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contest(entry INTEGER NOT NULL, name TEXT NOT NULL, last INTEGER NOT NULL, open INTEGER NOT NULL DEFAULT 1,
  by TEXT NOT NULL, second INTEGER NOT NULL DEFAULT 0, first INTEGER NOT NULL DEFAULT 0,
  given_up INTEGER, PRIMARY KEY(entry, name)) WITHOUT ROWID;
)",
    R"(
CREATE TABLE left_behind(grp INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY(grp, value)) WITHOUT ROWID;
)",
    R"(
CREATE TABLE record(key TEXT NOT NULL, staged INTEGER NOT NULL, day TEXT NOT NULL, fields BLOB NOT NULL, source TEXT NOT NULL,
  known TEXT NOT NULL, at INTEGER, PRIMARY KEY(staged, key, day)) WITHOUT ROWID;
CREATE INDEX record_at ON record(at) WHERE at IS NOT NULL;
)",
    R"(
CREATE TABLE follower(name TEXT PRIMARY KEY, position INTEGER NOT NULL, compared TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE touched(seq INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, row INTEGER NOT NULL, value TEXT NOT NULL,
  UNIQUE(kind, row, value));
CREATE TABLE told_object(follower TEXT NOT NULL, kind INTEGER NOT NULL, row INTEGER NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY(follower, kind, row)) WITHOUT ROWID;
CREATE INDEX told_object_id ON told_object(follower, kind, id);
CREATE TRIGGER touch_new_entry AFTER INSERT ON entry WHEN EXISTS(SELECT 1 FROM follower) BEGIN
  DELETE FROM touched WHERE kind=0 AND row=NEW.id AND value='';
  INSERT INTO touched(kind,row,value) VALUES(0,NEW.id,'');
 END;
CREATE TRIGGER touch_entry AFTER UPDATE OF dn, image, gone ON entry WHEN EXISTS(SELECT 1 FROM follower) BEGIN
  DELETE FROM touched WHERE kind=0 AND row=NEW.id AND value='';
  INSERT INTO touched(kind,row,value) VALUES(0,NEW.id,'');
 END;
CREATE TRIGGER touch_link AFTER UPDATE OF entry ON person WHEN EXISTS(SELECT 1 FROM follower) AND OLD.entry IS NOT NEW.entry BEGIN
  DELETE FROM touched WHERE kind=0 AND row=OLD.entry AND value='';
  INSERT INTO touched(kind,row,value) SELECT 0, OLD.entry, '' WHERE OLD.entry IS NOT NULL;
  DELETE FROM touched WHERE kind=0 AND row=NEW.entry AND value='';
  INSERT INTO touched(kind,row,value) SELECT 0, NEW.entry, '' WHERE NEW.entry IS NOT NULL;
 END;
CREATE TRIGGER touch_new_group AFTER INSERT ON grp WHEN EXISTS(SELECT 1 FROM follower) BEGIN
  DELETE FROM touched WHERE kind=1 AND row=NEW.id AND value='';
  INSERT INTO touched(kind,row,value) VALUES(1,NEW.id,'');
 END;
CREATE TRIGGER touch_group AFTER UPDATE OF dn, gone ON grp WHEN EXISTS(SELECT 1 FROM follower) BEGIN
  DELETE FROM touched WHERE kind=1 AND row=NEW.id AND value='';
  INSERT INTO touched(kind,row,value) VALUES(1,NEW.id,'');
 END;
CREATE TRIGGER touch_new_member AFTER INSERT ON member WHEN EXISTS(SELECT 1 FROM follower) BEGIN
  DELETE FROM touched WHERE kind=2 AND row=NEW.grp AND value=NEW.value;
  INSERT INTO touched(kind,row,value) VALUES(2,NEW.grp,NEW.value);
 END;
CREATE TRIGGER touch_old_member AFTER DELETE ON member WHEN EXISTS(SELECT 1 FROM follower) BEGIN
  DELETE FROM touched WHERE kind=2 AND row=OLD.grp AND value=OLD.value;
  INSERT INTO touched(kind,row,value) VALUES(2,OLD.grp,OLD.value);
 END;
CREATE TRIGGER touch_member AFTER UPDATE ON member WHEN EXISTS(SELECT 1 FROM follower) BEGIN
  DELETE FROM touched WHERE kind=2 AND row=OLD.grp AND value=OLD.value;
  INSERT INTO touched(kind,row,value) VALUES(2,OLD.grp,OLD.value);
  DELETE FROM touched WHERE kind=2 AND row=NEW.grp AND value=NEW.value;
  INSERT INTO touched(kind,row,value) VALUES(2,NEW.grp,NEW.value);
 END;
)",
    R"(
ALTER TABLE disable_order ADD COLUMN upstream TEXT NOT NULL DEFAULT '';
ALTER TABLE disable_order ADD COLUMN issued INTEGER NOT NULL DEFAULT 0;
CREATE TABLE inbox(issuer TEXT NOT NULL, jti TEXT NOT NULL, digest TEXT NOT NULL, err TEXT NOT NULL, description TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY(issuer, jti, digest)) WITHOUT ROWID;
CREATE INDEX inbox_at ON inbox(at);
CREATE TABLE resource(key TEXT PRIMARY KEY, body TEXT NOT NULL, source TEXT NOT NULL, full_at INTEGER NOT NULL) WITHOUT ROWID;
)",
    R"(
CREATE TABLE set_aside(upstream TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, why TEXT NOT NULL,
  count INTEGER NOT NULL, since INTEGER NOT NULL, state INTEGER NOT NULL, PRIMARY KEY(upstream, seq)) WITHOUT ROWID;
CREATE TABLE outbox_size(bytes INTEGER NOT NULL);
INSERT INTO outbox_size SELECT coalesce(sum(length(CAST(body AS BLOB))), 0) FROM outbox;
CREATE TRIGGER outbox_grows AFTER INSERT ON outbox BEGIN
  UPDATE outbox_size SET bytes=bytes+length(CAST(NEW.body AS BLOB));
 END;
CREATE TRIGGER outbox_shrinks AFTER DELETE ON outbox BEGIN
  UPDATE outbox_size SET bytes=bytes-length(CAST(OLD.body AS BLOB));
 END;
)",
};
constexpr int kVersion = static_cast<int>(std::size(kSteps));

int version_of(sql::Database& db) {
  auto s = db.prepare("PRAGMA user_version");
  return s.step() ? static_cast<int>(s.integer(0)) : 0;
}

}  // namespace

void migrate(sql::Database& db) {
  int version = version_of(db);
  if (version > kVersion) {
    throw StoreFailure({Errc::config,
                        "the state database was written by a newer muster (schema " + std::to_string(version) +
                            ", this one knows " + std::to_string(kVersion) + ")",
                        "install that version again; nothing was changed"});
  }
  for (; version < kVersion; ++version) {
    db.exec("BEGIN IMMEDIATE");
    if (version_of(db) == version) {
      db.exec(kSteps[version]);
      db.exec(("PRAGMA user_version=" + std::to_string(version + 1)).c_str());
    }
    db.exec("COMMIT");
  }
}

}  // namespace muster
