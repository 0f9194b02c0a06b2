#include "agent/store/store.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "agent/image.h"
#include "agent/recorder.h"
#include "agent/report.h"
#include "agent/sha256.h"
#include "tests/support/folder.h"
#include "tests/support/on_windows.h"

using namespace muster;

namespace {

using test::Folder;

EntryId id_of(std::uint8_t n) {
  std::array<std::uint8_t, 16> b{};
  b[15] = n;
  return EntryId(b);
}

Entry entry_of(std::uint8_t n, const std::string& dn, const std::string& title) {
  Entry e;
  e.id = id_of(n);
  e.dn = *Dn::parse(dn);
  e.version = "v" + std::to_string(n);
  e.attributes.set("title", {title});
  return e;
}

Row insert(Store& store, const Entry& e) {
  std::string image;
  encode_attributes(e.attributes, image);
  return store.insert_entry(0, e, image);
}

Person person_of(const std::string& key) {
  Person p;
  p.key = PersonKey(key);
  p.fields = {key, "Ann"};
  p.source = "feed hris, line 2";
  return p;
}

void tamper(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  char* error = nullptr;
  CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error) == SQLITE_OK);
  sqlite3_free(error);
  sqlite3_close(db);
}

JournalRow row_of(const std::string& hash, Row person, Action action) {
  JournalRow r;
  r.hash = hash;
  r.person = person;
  r.change.action = action;
  return r;
}

}  // namespace

TEST_CASE("store: what was written is there after a restart") {
  const Folder folder;
  {
    Store store = Store::open(folder.path("state.db"));
    Store::Transaction t(store);
    insert(store, entry_of(1, "uid=ann,dc=example", "Engineer"));
    store.put_person(person_of("1001"));
    store.set_cursor("people", "cookie", "params");
    t.commit();
  }
  Store store = Store::open(folder.path("state.db"));
  const auto e = store.entry(id_of(1));
  REQUIRE(e);
  CHECK(e->entry.dn.str() == "uid=ann,dc=example");
  CHECK(e->entry.attributes.first("title") == "Engineer");
  CHECK(store.person(PersonKey("1001"))->person.fields == std::vector<std::string>{"1001", "Ann"});
  CHECK(store.cursor("people")->cookie == "cookie");
}

TEST_CASE("store: a transaction that is not committed leaves nothing, its cursor neither") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  {
    Store::Transaction t(store);
    insert(store, entry_of(1, "uid=ann,dc=example", "Engineer"));
    store.set_cursor("people", "cookie", "params");
  }
  CHECK(!store.entry(id_of(1)));
  CHECK(!store.cursor("people"));
}

TEST_CASE("store: a state file of a newer version is refused and stays as it is") {
  const Folder folder;
  { Store::open(folder.path("state.db")); }
  tamper(folder.path("state.db"), "PRAGMA user_version=999");
  try {
    Store::open(folder.path("state.db"));
    FAIL("it was opened");
  } catch (const StoreFailure& f) { CHECK(f.error().what.find("newer muster (schema 999") != std::string::npos); }
}

TEST_CASE("store: only its owner can read the state file" * doctest::skip(test::kOnWindows)) {
  const Folder folder;
  { Store::open(folder.path("state.db")); }
  struct stat info {};
  REQUIRE(stat(folder.path("state.db").c_str(), &info) == 0);
  CHECK((info.st_mode & 077) == 0);
}

TEST_CASE("store: an entry that is gone is found by id, not by DN") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  const Row row = insert(store, entry_of(1, "uid=ann,dc=example", "Engineer"));
  store.mark_gone(row);
  CHECK(store.entry(id_of(1))->gone);
  CHECK(!store.entry_row_by_dn(*Dn::parse("uid=ann,dc=example")));
  CHECK(store.count_entries() == 0);
}

TEST_CASE("store: the scan meets entries in the order of the first read, and finds its way back") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  for (std::uint8_t i = 1; i <= 4; ++i) insert(store, entry_of(i, "uid=u" + std::to_string(i) + ",dc=example", "x"));
  Store::Scan scan(store);
  CHECK(scan.match(id_of(1)));
  CHECK(!scan.match(id_of(3)));
  scan.skip_past(3);
  CHECK(scan.match(id_of(4)));
}

TEST_CASE("store: a stranger becomes a person's entry by a link, and is dirty then") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  const Row entry = insert(store, entry_of(1, "uid=ann,dc=example", "Engineer"));
  CHECK(store.dirty_strangers(0, 10).size() == 1);
  const Row person = store.put_person(person_of("1001"));
  store.link(person, entry);
  CHECK(store.dirty_strangers(0, 10).empty());
  CHECK(store.person_of_entry(entry)->person.key.rep() == "1001");
}

TEST_CASE("store: what is planned in a run is planned again after a crash") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  const Row person = store.put_person(person_of("1001"));
  store.mark_person_planned(person);
  CHECK(store.dirty_people(0, 10).empty());
  store.planned_to(1);
  CHECK(store.dirty_people(0, 10).size() == 1);
  store.mark_person_planned(person);
  store.planned_to(0);
  CHECK(store.dirty_people(0, 10).empty());
}

TEST_CASE("store: two people who claim one entry are rivals") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  const Row entry = insert(store, entry_of(1, "uid=ann,dc=example", "Engineer"));
  const Row ann = store.put_person(person_of("1001"));
  const Row bob = store.put_person(person_of("1002"));
  store.claim(ann, entry, 0);
  CHECK(store.claims().front().rivals == 0);
  store.claim(bob, entry, 0);
  for (const auto& c : store.claims()) CHECK(c.rivals == 1);
}

TEST_CASE("store: problems are replaced as a whole and say what came and went") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  ProblemRow p;
  p.code = "drift";
  p.what = "title differs";
  auto diff = store.set_problems("p:1", {p}, Instant{});
  CHECK(diff.raised.size() == 1);
  diff = store.set_problems("p:1", {p}, Instant{});
  CHECK(diff.raised.empty());
  CHECK(diff.cleared.empty());
  diff = store.set_problems("p:1", {}, Instant{});
  CHECK(diff.cleared.size() == 1);
  CHECK(store.count_problems() == 0);
}

TEST_CASE("store: the third revert within an hour gives an attribute up, until it was left alone for an hour") {
  using std::chrono::minutes;
  const Folder folder;
  const Instant begin = *parse_iso_time("2026-11-25T08:00:00Z");
  const auto flip = [](Store& store, Row entry, Instant at) {
    store.note_foreign(entry, "title", at, "cn=other");
    store.note_revert(entry, "title", at);
  };
  Row entry = 0;
  {
    Store store = Store::open(folder.path("state.db"));
    entry = insert(store, entry_of(1, "uid=ann,dc=example", "Engineer"));
    const Row slow = insert(store, entry_of(2, "uid=bob,dc=example", "Engineer"));
    for (int i = 0; i < 3; ++i) flip(store, slow, begin + minutes(31 * i));
    CHECK(store.fights(slow).empty());
    // An own write that answers nobody is no revert.
    for (int i = 0; i < 5; ++i) store.note_revert(entry, "title", begin);
    flip(store, entry, begin);
    flip(store, entry, begin + minutes(20));
    CHECK(store.fights(entry).empty());
    flip(store, entry, begin + minutes(60));
  }
  Store store = Store::open(folder.path("state.db"));
  const auto fights = store.fights(entry);
  REQUIRE(fights.size() == 1);
  CHECK(fights[0].name == "title");
  CHECK(fights[0].since == begin + minutes(60));
  CHECK(fights[0].by == "cn=other");
  store.note_foreign(entry, "title", begin + minutes(90), "cn=third");
  CHECK(store.fights(entry)[0].by == "cn=other");
  store.end_quiet_contests(begin + minutes(149));
  CHECK(store.fights(entry).size() == 1);
  store.clear_entry_dirty(entry);
  const std::size_t dirty = store.count_dirty();
  store.end_quiet_contests(begin + minutes(150));
  CHECK(store.fights(entry).empty());
  CHECK(store.count_dirty() == dirty + 1);
}

TEST_CASE("store: who else writes is counted by name") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  const Instant first = *parse_iso_time("2026-11-25T08:00:00Z"), last = first + std::chrono::hours(2);
  store.count_other_writer("title", first, "cn=other");
  store.count_other_writer("title", last, "");
  const auto all = store.other_writers();
  REQUIRE(all.size() == 1);
  CHECK(all[0].count == 2);
  CHECK(all[0].first == first);
  CHECK(all[0].last == last);
  CHECK(all[0].by == "cn=other");
}

TEST_CASE("store: a hold is found by the beginning of its id, unless two begin alike") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  for (const char* id : {"abc1", "abc2", "def0"}) {
    HoldRow h;
    h.id = id;
    h.kind = "disable";
    h.status = "open";
    store.put_hold(h);
  }
  CHECK(store.hold("def")->id == "def0");
  CHECK(!store.hold("abc"));
  CHECK(!store.hold(""));
}

TEST_CASE("store: held changes leave the journal and come with their hold") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  store.add_planned(row_of("h1", 1, Action::disable));
  store.add_planned(row_of("h2", 2, Action::set));
  store.each_planned([&](const Store::PlannedKey& k) {
    if (k.kind == Kind::disable) CHECK(k.person == 1);
  });
  store.set_held(1, Kind::disable);
  CHECK(store.held_hashes(Kind::disable) == std::vector<std::string>{"h1"});
  store.move_to_hold(Kind::disable, "hold");
  CHECK(store.count_planned() == 1);
  CHECK(store.hold_changes("hold").size() == 1);
}

TEST_CASE("store: a decision belongs to its subject and ends with it") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  store.decide_change(row_of("h1", 7, Action::disable), "hold", true, "ann");
  CHECK(store.approved_by("h1") == "hold");
  CHECK(store.decided_hashes(7, 0) == std::vector<std::string>{"h1"});
  CHECK(store.decided_hashes(8, 0).empty());
  store.forget_decision("h1");
  CHECK(!store.any_decisions());
}

TEST_CASE("guarantee 9: a record of the audit trail that was changed or is missing is found") {
  struct Row_ {
    const char* name;
    const char* sql;
    const char* why;
  };
  const Row_ rows[] = {
      {"nobody touched it", "SELECT 1", ""},
      {"a record was rewritten", "UPDATE audit SET body='{}' WHERE seq=2", "record 2 is not as it was written"},
      {"a record was taken out", "DELETE FROM audit WHERE seq=2", "record 2 is missing"},
      {"the first record was taken out", "DELETE FROM audit WHERE seq=1", "record 1 is missing"},
      {"the end was cut off", "DELETE FROM audit WHERE seq=3", "the trail was cut short: its head says record 3 is the last"},
      {"a hash was rewritten", "UPDATE audit SET hash='00' WHERE seq=1", "record 1 is not as it was written"},
  };
  for (const Row_& r : rows) {
    CAPTURE(r.name);
    const Folder folder;
    {
      Store store = Store::open(folder.path("state.db"));
      for (const char* body : {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"}) store.append_audit(body);
    }
    tamper(folder.path("state.db"), r.sql);
    Store store = Store::open(folder.path("state.db"));
    const AuditCheck check = verify_audit(store);
    CHECK(check.why == r.why);
    CHECK(check.broken.has_value() == !std::string(r.why).empty());
  }
}

TEST_CASE("store: the outbox keeps its order and is found by event id") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  const Row first = store.append_event("e1", "one");
  const Row second = store.append_event("e2", "two");
  CHECK(store.outbox(0, 10).size() == 2);
  CHECK(store.outbox(first, 10).front().id == "e2");
  CHECK(store.outbox_row_of("e2") == second);
  store.prune_outbox(second);
  CHECK(store.append_event("e3", "three") > second);
}

TEST_CASE("store: a name that somebody had is taken until its time is over, a promised one until the next plan") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  const Instant day{std::chrono::hours(24 * 20000)};
  const auto later = [&](int days) { return day + std::chrono::hours(24 * days); };
  store.keep_names(1, {{"mail", "ann@x"}, {"uid", "ann"}}, day);
  CHECK(store.had_name("mail", "ann@x", 2, later(100)));
  CHECK_FALSE(store.had_name("mail", "ann@x", 1, std::nullopt));  // one's own
  CHECK_FALSE(store.had_name("uid", "ann@x", 2, std::nullopt));
  store.keep_names(1, {{"uid", "ann"}}, later(10));
  CHECK(store.had_name("mail", "ann@x", 2, later(9)));
  CHECK_FALSE(store.had_name("mail", "ann@x", 2, later(10)));
  CHECK(store.had_name("mail", "ann@x", 2, std::nullopt));
  CHECK(store.had_name("uid", "ann", 2, later(100)));
  store.keep_names(1, {{"mail", "ann@x"}}, later(20));
  CHECK(store.had_name("mail", "ann@x", 2, later(100)));

  store.promise_names(1, {{"mail", "bob@x"}, {"rdn", "cn=bob"}});
  CHECK(store.is_promised("mail", "bob@x", 2));
  CHECK_FALSE(store.is_promised("mail", "bob@x", 1));
  CHECK(store.promised("rdn", 1) == "cn=bob");
  store.promise_names(1, {});
  CHECK_FALSE(store.is_promised("mail", "bob@x", 2));
  CHECK(store.promised("rdn", 1).empty());
}

TEST_CASE("store: an entry is found by its RDN wherever it lies, unless it is gone") {
  const Folder folder;
  Store store = Store::open(folder.path("state.db"));
  Entry entry;
  entry.dn = *Dn::parse("CN=Ann Lee,OU=People,DC=x");
  const Row row = store.insert_entry(0, entry, "");
  CHECK(store.any_entry_called("cn=ann lee", 0));
  CHECK_FALSE(store.any_entry_called("cn=ann lee", row));
  CHECK_FALSE(store.any_entry_called("cn=ann", 0));
  CHECK_FALSE(store.any_entry_called("cn=ann lee2", 0));
  store.mark_gone(row);
  CHECK_FALSE(store.any_entry_called("cn=ann lee", 0));
}

TEST_CASE("image: attributes come back as they were, and equal bytes mean equal content") {
  Attributes a;
  a.set("title", {"Engineer", ""});
  a.set("jpegphoto", {std::string("\0\xff\x80", 3)});
  std::string image;
  encode_attributes(a, image);
  CHECK(decode_attributes(image) == a);
  for (std::size_t cut = 0; cut < image.size(); ++cut) decode_attributes(std::string_view(image).substr(0, cut));
  CHECK(decode_texts(encode_texts({"", "a", std::string(300, 'x')})) == std::vector<std::string>{"", "a", std::string(300, 'x')});
}

TEST_CASE("sha256: known answers, and pieces do not run together") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256().add("ab").add("c").hex() != Sha256().add("a").add("bc").hex());
}
