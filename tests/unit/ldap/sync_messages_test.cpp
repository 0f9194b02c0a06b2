#include "ldap/sync_messages.h"

#include <doctest/doctest.h>

#include <random>

namespace muster::wire {
namespace {

/// "30 03 0a0103": bytes; blanks do not count.
std::string bytes(std::string_view hex) {
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string text;
  int high = -1;
  for (const char c : hex) {
    if (c == ' ') continue;
    if (high < 0) {
      high = nibble(c);
    } else {
      text += static_cast<char>(high << 4 | nibble(c));
      high = -1;
    }
  }
  return text;
}

constexpr std::string_view kUuid = "04 10 597ae2f616a6102798f4d28b5365dc14";
constexpr std::string_view kOther = "04 10 000102030405060708090a0b0c0d0e0f";
const std::string kUuidText = "597ae2f6-16a6-1027-98f4-d28b5365dc14", kOtherText = "00010203-0405-0607-0809-0a0b0c0d0e0f";

std::string with(std::string_view before, std::string_view middle, std::string_view after = "") {
  return bytes(std::string(before) + std::string(middle) + std::string(after));
}

const std::string kState = with("30 15 0a0101", kUuid), kStateWithCookie = with("30 1a 0a0102", kUuid, "0403 616263");
const std::string kDone = bytes("30 08 0403 616263 0101ff"), kEmptyDone = bytes("30 00");
const std::string kNews = bytes("80 03 616263"), kDeletePhase = bytes("a1 08 0403 616263 010100"), kPresentPhase = bytes("a2 00");
const std::string kIds = bytes("a3 2e 0403 616263 0101ff 31 24" + std::string(kUuid) + std::string(kOther));
const std::string kFewIds = with("a3 14 31 12", kUuid);

TEST_CASE("the request asks for everything from the cookie on, and for what comes after") {
  const Control first = sync_request(std::nullopt);
  CHECK(first.oid == "1.3.6.1.4.1.4203.1.9.1.1");
  CHECK(first.critical);
  CHECK(first.value == bytes("30 03 0a0103"));
  CHECK(sync_request(Cookie("")).value == bytes("30 03 0a0103"));
  CHECK(sync_request(Cookie("abc")).value == bytes("30 08 0a0103 0403 616263"));
  const std::string zero("a\0b", 3);
  CHECK(sync_request(Cookie(zero)).value == bytes("30 08 0a0103 0403 610062"));
  CHECK(sync_request(Cookie(std::string(300, 'x'))).value.size() > 300);
}

TEST_CASE("the state of an entry") {
  using State = SyncStateValue::State;
  const State states[] = {State::present, State::add, State::modify, State::remove};
  for (std::size_t i = 0; i < 4; ++i) {
    std::string ber = kState;
    ber[4] = static_cast<char>(i);
    const auto value = parse_sync_state(ber);
    REQUIRE(value);
    CHECK(value->state == states[i]);
    CHECK(to_string(value->id) == kUuidText);
    CHECK_FALSE(value->cookie);
  }
  const auto value = parse_sync_state(kStateWithCookie);
  REQUIRE(value);
  CHECK(value->cookie == "abc");
}

TEST_CASE("the end of the operation") {
  const auto full = parse_sync_done(kDone), none = parse_sync_done(kEmptyDone);
  REQUIRE(full);
  REQUIRE(none);
  CHECK(full->cookie == "abc");
  CHECK(full->refresh_deletes);
  CHECK_FALSE(none->cookie);
  CHECK_FALSE(none->refresh_deletes);
}

TEST_CASE("a new cookie") {
  const auto info = parse_sync_info(kNews), empty = parse_sync_info(bytes("80 00"));
  REQUIRE(info);
  REQUIRE(empty);
  CHECK(std::get<NewCookie>(*info).cookie == "abc");
  CHECK_FALSE(std::get<NewCookie>(*empty).cookie);
}

TEST_CASE("the end of a phase, which is the end of the refresh unless it says otherwise") {
  struct Case {
    std::string name;
    std::string ber;
    RefreshPhaseEnd::Phase phase;
    OptionalCookie cookie;
    bool done;
  };
  using Phase = RefreshPhaseEnd::Phase;
  const Case cases[] = {
      {"delete phase, more to come", kDeletePhase, Phase::deletes, "abc", false},
      {"delete phase, nothing said", bytes("a1 00"), Phase::deletes, {}, true},
      {"present phase, nothing said", kPresentPhase, Phase::present, {}, true},
      {"present phase, a cookie alone", bytes("a2 05 0403 616263"), Phase::present, "abc", true},
      {"present phase, more to come", bytes("a2 03 010100"), Phase::present, {}, false},
      {"true as 01, which BER allows", bytes("a2 03 010101"), Phase::present, {}, true},
      {"a length in the long form", bytes("a2 81 03 010100"), Phase::present, {}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto info = parse_sync_info(c.ber);
    REQUIRE(info);
    const auto& end = std::get<RefreshPhaseEnd>(*info);
    CHECK(end.phase == c.phase);
    CHECK(end.cookie == c.cookie);
    CHECK(end.done == c.done);
  }
}

TEST_CASE("a set of entries, present unless it says deleted") {
  const auto deleted = parse_sync_info(kIds), present = parse_sync_info(kFewIds), empty = parse_sync_info(bytes("a3 02 31 00"));
  REQUIRE(deleted);
  REQUIRE(present);
  REQUIRE(empty);
  const auto& set = std::get<SyncIdSet>(*deleted);
  CHECK(set.deleted);
  CHECK(set.cookie == "abc");
  REQUIRE(set.ids.size() == 2);
  CHECK(to_string(set.ids[0]) == kUuidText);
  CHECK(to_string(set.ids[1]) == kOtherText);
  CHECK_FALSE(std::get<SyncIdSet>(*present).deleted);
  CHECK(std::get<SyncIdSet>(*present).ids.size() == 1);
  CHECK(std::get<SyncIdSet>(*empty).ids.empty());
}

enum class Kind { state, done, info };
bool reads(Kind kind, std::string_view ber) {
  switch (kind) {
    case Kind::state: return static_cast<bool>(parse_sync_state(ber));
    case Kind::done: return static_cast<bool>(parse_sync_done(ber));
    case Kind::info: return static_cast<bool>(parse_sync_info(ber));
  }
  return false;
}

TEST_CASE("a message that is not exactly what RFC 4533 defines is refused") {
  struct Case {
    std::string name;
    Kind kind;
    std::string ber;
  };
  const Case cases[] = {
      {"state: nothing", Kind::state, ""},
      {"state: a tag alone", Kind::state, bytes("30")},
      {"state: an empty sequence", Kind::state, bytes("30 00")},
      {"state: a set in place of the sequence", Kind::state, with("31 15 0a0101", kUuid)},
      {"state: five, which does not exist", Kind::state, with("30 15 0a0105", kUuid)},
      {"state: minus one", Kind::state, with("30 15 0a01ff", kUuid)},
      {"state: an integer in place of the state", Kind::state, with("30 15 020101", kUuid)},
      {"state: a state of no octets", Kind::state, with("30 14 0a00", kUuid)},
      {"state: a state of two octets", Kind::state, with("30 16 0a020001", kUuid)},
      {"state: no identity", Kind::state, bytes("30 03 0a0101")},
      {"state: an identity of 15 octets", Kind::state, bytes("30 14 0a0101 04 0f 597ae2f616a6102798f4d28b5365dc")},
      {"state: an identity of 17 octets", Kind::state, bytes("30 16 0a0101 04 11 597ae2f616a6102798f4d28b5365dc1400")},
      {"state: an identity as text", Kind::state, bytes("30 0c 0a0101 04 07 35393761653266")},
      {"state: identity before state", Kind::state, with("30 15", kUuid, "0a0101")},
      {"state: more after the end", Kind::state, kState + "x"},
      {"state: more inside the sequence", Kind::state, with("30 18 0a0101", kUuid, "0101ff")},
      {"state: two cookies", Kind::state, with("30 1b 0a0101", kUuid, "0401 61 0401 62")},
      {"state: a cookie longer than the control", Kind::state, with("30 1a 0a0102", kUuid, "047f 616263")},
      {"state: the sequence longer than the control", Kind::state, with("30 7f 0a0101", kUuid)},
      {"state: the sequence shorter than its parts", Kind::state, with("30 10 0a0101", kUuid)},
      {"state: the indefinite length", Kind::state, with("30 80 0a0101", kUuid, "0000")},
      {"state: a length of four gigabytes", Kind::state, with("30 84ffffffff 0a0101", kUuid)},
      {"state: a length of nine octets", Kind::state, with("30 89 0000000000000000150a0101", kUuid)},
      {"state: a length cut in the middle", Kind::state, bytes("30 84 0000")},
      {"state: an identity of four gigabytes", Kind::state, bytes("30 09 0a0101 04 84ffffffff")},
      {"done: nothing", Kind::done, ""},
      {"done: a boolean of no octets", Kind::done, bytes("30 02 0100")},
      {"done: a boolean of two octets", Kind::done, bytes("30 04 0102ffff")},
      {"done: boolean before cookie", Kind::done, bytes("30 06 0101ff 0401 61")},
      {"done: two booleans", Kind::done, bytes("30 06 0101ff 0101ff")},
      {"done: an integer", Kind::done, bytes("30 03 020101")},
      {"done: more after the end", Kind::done, kDone + kDone},
      {"info: nothing", Kind::info, ""},
      {"info: a choice that does not exist", Kind::info, bytes("a4 00")},
      {"info: the new cookie as a constructed element", Kind::info, bytes("a0 03 616263")},
      {"info: the refresh as a primitive element", Kind::info, bytes("82 00")},
      {"info: a sequence in place of the choice", Kind::info, bytes("30 00")},
      {"info: a new cookie cut short", Kind::info, bytes("80 05 616263")},
      {"info: two messages in one", Kind::info, kNews + kNews},
      {"info: a refresh with a set in it", Kind::info, with("a2 14 31 12", kUuid)},
      {"info: a refresh with done before cookie", Kind::info, bytes("a2 06 0101ff 0401 61")},
      {"info: a set without a set", Kind::info, bytes("a3 00")},
      {"info: a sequence of identities", Kind::info, with("a3 14 30 12", kUuid)},
      {"info: a set with something after it", Kind::info, with("a3 17 31 12", kUuid, "0101ff")},
      {"info: a short identity in the set", Kind::info, bytes("a3 06 31 04 0402 5978")},
      {"info: a good identity and half a one", Kind::info, with("a3 18 31 16", kUuid, "0402 5978")},
      {"info: a set in the set", Kind::info, with("a3 16 31 14 31 12", kUuid)},
      {"info: rubbish in the set", Kind::info, bytes("a3 04 31 02 ffff")},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK_FALSE(reads(c.kind, c.ber));
  }
  const auto refused = parse_sync_state("x");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::untrusted);
  CHECK(refused.error().what == "the server sent a sync state control that cannot be read (RFC 4533 section 2)");
}

const std::pair<Kind, std::string> kGood[] = {
    {Kind::state, kState},      {Kind::state, kStateWithCookie}, {Kind::done, kDone}, {Kind::done, kEmptyDone}, {Kind::info, kNews},
    {Kind::info, kDeletePhase}, {Kind::info, kPresentPhase},     {Kind::info, kIds},  {Kind::info, kFewIds},
};

TEST_CASE("a message that was cut short is refused wherever it was cut") {
  for (const auto& [kind, ber] : kGood) {
    REQUIRE(reads(kind, ber));
    for (std::size_t size = 0; size < ber.size(); ++size) {
      CAPTURE(size);
      // A copy of exactly this size: the address sanitizer sees a read past its end.
      CHECK_FALSE(reads(kind, std::string(ber.data(), size)));
    }
  }
}

/// Whatever is read as a message has an outer length that agrees with its size (short form or one octet of length).
bool whole(std::string_view ber) {
  const auto octet = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(ber[i])); };
  if (octet(1) < 0x80) return ber.size() == octet(1) + 2;
  std::size_t length = 0;
  for (std::size_t i = 0; i < (octet(1) & 0x7f); ++i) length = length << 8 | octet(2 + i);
  return ber.size() == length + 2 + (octet(1) & 0x7f);
}

TEST_CASE("a message with any octet changed is read whole or not at all") {
  std::size_t still_good = 0;
  for (const auto& [kind, ber] : kGood) {
    for (std::size_t at = 0; at < ber.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = ber;
        changed[at] = static_cast<char>(octet);
        if (!reads(kind, changed)) continue;
        ++still_good;
        CHECK(whole(changed));
      }
    }
  }
  CHECK(still_good > 1000);
}

TEST_CASE("random octets do no harm") {
  std::mt19937 random(20261123);
  constexpr std::string_view kLikely("\x30\x04\x10\x0a\x01\x31\xa3\xa2\x80\x00\xff\x84", 12);
  std::size_t good = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string ber(random() % 40, '\0');
    for (char& c : ber) c = random() % 2 ? kLikely[random() % kLikely.size()] : static_cast<char>(random());
    for (const Kind kind : {Kind::state, Kind::done, Kind::info}) {
      if (!reads(kind, ber)) continue;
      ++good;
      CHECK(whole(ber));
    }
  }
  CHECK(good > 20);
}

}  // namespace
}  // namespace muster::wire
