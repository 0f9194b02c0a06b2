// What the state remembers of leavers: where they are named, who took an account over, how long a disable took.
#include <doctest/doctest.h>

#include "agent/image.h"
#include "agent/store/store.h"
#include "tests/support/folder.h"

using namespace muster;

namespace {

EntryId id_of(std::uint8_t n) {
  std::array<std::uint8_t, 16> b{};
  b[15] = n;
  return EntryId(b);
}

Dn name(const std::string& text) { return *Dn::parse(text + ",dc=corp"); }

Row insert(Store& store, std::uint8_t id, const std::string& dn) {
  Entry e;
  e.id = id_of(id);
  e.dn = name(dn);
  std::string image;
  encode_attributes(e.attributes, image);
  return store.insert_entry(0, e, image);
}

Row hire(Store& store, const std::string& key, std::optional<Instant> known_at = {}) {
  Person p;
  p.key = PersonKey(key);
  p.fields = {key};
  return store.put_person(p, known_at);
}

std::string shown(const std::vector<Mention>& mentions) {
  std::string text;
  for (const Mention& m : mentions) text += (text.empty() ? "" : "; ") + m.attribute + " of " + m.dn.str();
  return text;
}

/// A state file in a folder of its own.
struct State {
  test::Folder folder;
  Store store = Store::open(folder / "state.db");
};

}  // namespace

TEST_CASE("mentions: who is named where, also after a move, and not by those who left themselves") {
  State state;
  Store& store = state.store;
  const Row ann = insert(store, 1, "cn=ann"), bo = insert(store, 2, "cn=bo");
  insert(store, 3, "cn=chris");
  const std::string ann_name = name("cn=ann").normal();
  CHECK(store.set_mentions(id_of(2), name("cn=bo"), {{"manager", ann_name}}) == std::vector<std::string>{ann_name});
  CHECK(store.set_mentions(id_of(2), name("cn=bo"), {{"manager", ann_name}}).empty());
  store.set_mentions(id_of(9), name("cn=chess"), {{"owner", ann_name}, {"owner", ann_name}});
  store.set_mentions(id_of(1), name("cn=ann"), {{"manager", ann_name}});
  CHECK(shown(store.mentions_of(ann)) == "manager of cn=bo,dc=corp; owner of cn=chess,dc=corp");
  CHECK(store.mentioned_entry(ann_name) == ann);

  store.rename_mentions(ann_name, ann);
  Entry moved;
  moved.id = id_of(1);
  moved.dn = name("cn=ann,ou=leavers");
  store.update_entry(ann, 0, moved, "");
  CHECK(shown(store.mentions_of(ann)) == "manager of cn=bo,dc=corp; owner of cn=chess,dc=corp");
  CHECK(store.mentioned_entry(ann_name) == ann);

  store.set_disabled(bo, Instant{}, Decision::leaver);
  CHECK(shown(store.mentions_of(ann)) == "owner of cn=chess,dc=corp");
  CHECK(store.set_mentions(id_of(9), Dn{}, {}) == std::vector<std::string>{ann_name});
  CHECK(store.mentions_of(ann).empty());
}

TEST_CASE("rehire keys: found by the fields alone, and the account changes hands") {
  State state;
  Store& store = state.store;
  const Row ann = insert(store, 1, "cn=ann");
  const Row former = hire(store, "1042"), again = hire(store, "2001"), other = hire(store, "3003");
  store.link(former, ann);
  for (const Row row : {former, again}) store.set_rehire_key(row, "ann\nlee\n");
  store.set_rehire_key(other, "");
  REQUIRE(store.people_by_rehire_key("ann\nlee\n", again).size() == 1);
  CHECK(store.people_by_rehire_key("ann\nlee\n", again)[0].id == former);
  CHECK(store.people_by_rehire_key("ann\nlee\n", former).empty());  // without an entry nobody can be taken over
  CHECK(store.people_by_rehire_key("", again).empty());
  store.take_over(former, again);
  CHECK_FALSE(store.person_by_row(former)->entry);
  CHECK(store.person_by_row(former)->successor == again);
  CHECK(store.person_by_row(again)->entry == ann);
  store.forget_successor(former);
  CHECK_FALSE(store.person_by_row(former)->successor);
}

TEST_CASE("the time at which HR's record became known is that of the last difference") {
  State state;
  const Instant first{std::chrono::seconds(1000)}, second{std::chrono::seconds(2000)};
  const Row row = hire(state.store, "1042", first);
  CHECK(state.store.person_by_row(row)->known_at == first);
  state.store.set_unlisted(row, second);
  CHECK(state.store.person_by_row(row)->known_at == second);
  hire(state.store, "1042");
  CHECK_FALSE(state.store.person_by_row(row)->known_at);
}

TEST_CASE("of the times that disables took the last hundred are kept") {
  State state;
  CHECK(state.store.leaver_waits().empty());
  for (int i = 1; i <= 130; ++i) state.store.add_leaver_wait(std::chrono::milliseconds(i));
  const auto waits = state.store.leaver_waits();
  REQUIRE(waits.size() == 100);
  CHECK(waits.front().count() == 31);
  CHECK(waits.back().count() == 130);
}
