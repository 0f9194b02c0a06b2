#include "tests/support/fake_ad.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "ldap/ber.h"

namespace muster::test {

using wire::Element;
using wire::take_element;

namespace {

constexpr const char* kDirSync = "1.2.840.113556.1.4.841";
constexpr const char* kPaged = "1.2.840.113556.1.4.319";
constexpr const char* kNotification = "1.2.840.113556.1.4.528";
constexpr const char* kShowDeleted = "1.2.840.113556.1.4.417";
constexpr const char* kPermissive = "1.2.840.113556.1.4.1413";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// --- BER, the little that is needed (X.690 section 8)

std::string tlv(std::uint8_t tag, const std::string& contents) {
  std::string out(1, static_cast<char>(tag));
  if (contents.size() < 0x80) {
    out += static_cast<char>(contents.size());
  } else {
    out += static_cast<char>(0x84);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(contents.size() >> shift & 0xff);
  }
  return out + contents;
}
std::string integer(std::uint8_t tag, int value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  while (bytes.size() > 1 && bytes[0] == 0 && (bytes[1] & 0x80) == 0) bytes.erase(0, 1);
  return tlv(tag, bytes);
}
int number(std::string_view bytes) {
  int value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}
std::string octets(const std::string& text) { return tlv(0x04, text); }
Element next(std::string_view& rest) {
  Element e;
  take_element(rest, e);
  return e;
}

// --- Filters (RFC 4511 section 4.5.1.7)

using Object = FakeAd::Object;

const std::vector<std::string>* values_of(const Object& o, const std::string& name) {
  for (const auto& [key, values] : o.attributes) {
    if (lower(key) == lower(name)) return &values;
  }
  return nullptr;
}

bool matches(Element filter, const Object& o) {
  std::string_view rest = filter.contents;
  const std::uint8_t kind = filter.tag & 0x1f;
  if (kind == 0 || kind == 1) {
    while (!rest.empty()) {
      if (matches(next(rest), o) == (kind == 1)) return kind == 1;
    }
    return kind == 0;
  }
  if (kind == 2) return !matches(next(rest), o);
  if (kind == 7) return values_of(o, std::string(filter.contents)) != nullptr;
  if (kind != 3 && kind != 5) return false;
  const std::string name(next(rest).contents), value(next(rest).contents);
  const auto* values = values_of(o, name);
  return values && std::any_of(values->begin(), values->end(), [&](const std::string& v) {
           return kind == 5 ? std::stoull(v) >= std::stoull(value) : v == value || lower(v) == lower(value);
         });
}

bool is_below(const std::string& dn, const std::string& base) {
  const std::string a = lower(dn), b = lower(base);
  return a == b || (a.size() > b.size() && a.ends_with("," + b));
}

struct Request {
  int id = 0;
  Element operation;
  std::map<std::string, std::string> controls;
};

std::optional<Request> parse(std::string_view message) {
  Request r;
  r.id = number(next(message).contents);
  r.operation = next(message);
  std::string_view controls = message.empty() ? std::string_view() : next(message).contents;
  while (!controls.empty()) {
    std::string_view control = next(controls).contents;
    const std::string oid(next(control).contents);
    std::string value;
    while (!control.empty()) {
      if (const Element e = next(control); e.tag == 0x04) value = e.contents;
    }
    r.controls[oid] = value;
  }
  return r;
}

struct Control {
  std::string oid, value;
};

std::string message(int id, const std::string& operation, const std::vector<Control>& controls = {}) {
  std::string all;
  for (const Control& c : controls) all += tlv(0x30, octets(c.oid) + octets(c.value));
  return tlv(0x30, integer(0x02, id) + operation + (all.empty() ? "" : tlv(0xa0, all)));
}
std::string result(std::uint8_t tag, int code, const std::string& diagnostic = "") {
  return tlv(tag, integer(0x0a, code) + octets("") + octets(diagnostic));
}
std::string entry(const std::string& dn, const std::map<std::string, std::vector<std::string>>& attributes) {
  std::string list;
  for (const auto& [name, values] : attributes) {
    std::string set;
    for (const std::string& v : values) set += octets(v);
    list += tlv(0x30, octets(name) + tlv(0x31, set));
  }
  return tlv(0x64, octets(dn) + tlv(0x30, list));
}

struct Search {
  std::string base;
  int scope = 0;
  Element filter;
  std::vector<std::string> attributes;
};

Search parse_search(std::string_view rest) {
  Search s;
  s.base = next(rest).contents;
  s.scope = number(next(rest).contents);
  for (int skipped = 0; skipped < 4; ++skipped) next(rest);
  s.filter = next(rest);
  for (std::string_view names = next(rest).contents; !names.empty();) s.attributes.emplace_back(next(names).contents);
  return s;
}

/// "member;range=1500-*": 1500.
std::optional<std::size_t> range_of(const std::string& asked, std::string& name) {
  const auto at = asked.find(";range=");
  name = asked.substr(0, at);
  if (at == std::string::npos) return std::nullopt;
  return std::stoul(asked.substr(at + 7));
}

}  // namespace

/// Answers one client.
struct FakeAd::Connection {
  FakeAd& ad;
  int socket;

  void send(const std::string& bytes) const {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const auto n = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  }

  void answer(const Request& r) {
    const std::lock_guard lock(ad.mutex_);
    ad.end_links();
    switch (r.operation.tag) {
      case 0x60: return send(message(r.id, result(0x61, 0)));
      case 0x63: return search(r, parse_search(r.operation.contents));
      case 0x66: return send(message(r.id, modify(r)));
      case 0x77:
        return send(message(r.id, tlv(0x78, integer(0x0a, 0) + octets("") + octets("") + tlv(0x8b, "u:CORP\\svc-muster"))));
      default: return;  // an unbind, an abandon
    }
  }

  /// What was asked for, at most kMaxValRange values of each (MS-ADTS section 3.1.1.3.1.3.3).
  std::map<std::string, std::vector<std::string>> shown(const Object& o, const std::vector<std::string>& asked) const {
    std::map<std::string, std::vector<std::string>> out;
    const auto show = [&](const std::string& name, const std::vector<std::string>& values, std::size_t from, bool ranged) {
      const std::size_t end = std::min(values.size(), from + kMaxValRange);
      const std::vector<std::string> part(values.begin() + static_cast<std::ptrdiff_t>(std::min(from, values.size())),
                                          values.begin() + static_cast<std::ptrdiff_t>(end));
      if (!ranged && end == values.size()) {
        out[name] = part;
      } else {
        out[name + ";range=" + std::to_string(from) + "-" + (end == values.size() ? "*" : std::to_string(end - 1))] = part;
      }
    };
    for (const auto& [name, values] : o.attributes) {
      for (const std::string& a : asked.empty() ? std::vector<std::string>{"*"} : asked) {
        std::string wanted;
        const auto from = range_of(a, wanted);
        if (wanted != "*" && lower(wanted) != lower(name)) continue;
        if (from) ++ad.counts_["range"];
        show(name, values, from.value_or(0), from.has_value());
      }
    }
    return out;
  }

  void search(const Request& r, const Search& s) {
    if (r.controls.contains(kNotification)) return;  // never answered: nobody is woken here
    if (r.controls.contains(kDirSync)) return dirsync(r, s);
    std::vector<const Object*> found;
    for (const Object& o : ad.objects_) {
      if (o.deleted && !r.controls.contains(kShowDeleted)) continue;
      const bool by_guid = s.base.starts_with("<GUID=") && s.base.find(guid_text(o)) != std::string::npos;
      const bool there =
          s.scope == 0 ? by_guid || lower(o.dn) == lower(s.base) : !s.base.empty() && !o.dn.empty() && is_below(o.dn, s.base);
      if (there && matches(s.filter, o)) found.push_back(&o);
    }
    pages(r, s, found);
  }

  static std::string guid_text(const Object& o) {
    for (const auto& [name, values] : o.attributes) {
      if (name == "testGuid") return values.front();
    }
    return "none";
  }

  void pages(const Request& r, const Search& s, const std::vector<const Object*>& found) {
    const auto paged = r.controls.find(kPaged);
    std::size_t from = 0, most = kMaxPageSize;
    if (paged != r.controls.end()) {
      ++ad.counts_["page"];
      std::string_view value = paged->second, inside = next(value).contents;
      most = std::min(most, static_cast<std::size_t>(number(next(inside).contents)));
      const std::string cookie(next(inside).contents);
      if (!cookie.empty()) from = std::stoul(cookie);
    }
    const std::size_t end = std::min(found.size(), from + most);
    std::string all;
    for (std::size_t i = from; i < end; ++i) all += message(r.id, entry(found[i]->dn, shown(*found[i], s.attributes)));
    const bool more = end < found.size();
    if (paged == r.controls.end()) return send(all + message(r.id, result(0x65, more ? 4 : 0)));
    const std::string value = tlv(0x30, integer(0x02, 0) + octets(more ? std::to_string(end) : ""));
    send(all + message(r.id, result(0x65, 0), {{kPaged, value}}));
  }

  /// At most two things an answer, MoreResults while there are others (MS-ADTS section 3.1.1.3.4.1.3).
  void dirsync(const Request& r, const Search& s) {
    ++ad.counts_["dirsync"];
    std::string_view value = r.controls.at(kDirSync), inside = next(value).contents;
    next(inside);
    next(inside);
    const std::string cookie(next(inside).contents);
    std::size_t from = ad.told_.size();
    if (!cookie.empty()) from = std::stoul(cookie);
    if (!cookie.empty() && from < ad.forgotten_)
      return send(message(r.id, result(0x65, 12, "00000057: LdapErr: DSID-0C090AA8, comment: Error processing control")));
    std::string all;
    const std::size_t end = s.filter.tag == 0xa3 ? ad.told_.size() : std::min(ad.told_.size(), from + 2);
    for (std::size_t i = from; i < end && s.filter.tag != 0xa3; ++i) {
      auto attributes = ad.told_[i].attributes;
      attributes["objectGUID"] = {ad.told_[i].guid};
      all += message(r.id, entry("CN=told," + std::string(kSuffix), attributes));
    }
    const std::string answer =
        tlv(0x30, integer(0x02, end < ad.told_.size() ? 1 : 0) + integer(0x02, 0) + octets(std::to_string(end)));
    send(all + message(r.id, result(0x65, 0), {{kDirSync, answer}}));
  }

  std::string modify(const Request& r) {
    std::string_view rest = r.operation.contents;
    Object* o = ad.find(std::string(next(rest).contents));
    if (!o) return result(0x67, 32);
    for (std::string_view changes = next(rest).contents; !changes.empty();) {
      std::string_view change = next(changes).contents;
      const int how = number(next(change).contents);
      std::string_view attribute = next(change).contents;
      const std::string name(next(attribute).contents);
      if (lower(name) == "unicodepwd")
        return result(0x67, 53, "0000001F: SvcErr: DSID-031A126C, problem 5003 (WILL_NOT_PERFORM), data 0");
      for (std::string_view set = next(attribute).contents; !set.empty();) {
        const int code = change_value(*o, name, std::string(next(set).contents), how, r.controls.contains(kPermissive));
        if (code == 68) return result(0x67, 68, "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0");
        if (code == 53) return result(0x67, 53, "00000561: SvcErr: DSID-031A11E2, problem 5003 (WILL_NOT_PERFORM), data 0");
      }
    }
    return result(0x67, 0);
  }

  int change_value(Object& o, const std::string& name, std::string value, int how, bool permissive) {
    if (value.starts_with("<TTL=")) {
      if (!ad.has_link_ttl_ || how != 0) return 53;
      const auto comma = value.find(',');
      const std::chrono::seconds span(std::stoul(value.substr(5)));
      value = value.substr(comma + 1, value.size() - comma - 2);
      ad.endings_.push_back({o.dn, value, std::chrono::steady_clock::now() + span});
    }
    auto& values = o.attributes[name];
    const auto at = std::find_if(values.begin(), values.end(), [&](const std::string& v) { return lower(v) == lower(value); });
    if (how == 0 && at != values.end()) return permissive ? 0 : 68;
    if (how == 1 && at == values.end()) return permissive ? 0 : 53;
    if (how == 0) values.push_back(value);
    if (how == 1) values.erase(at);
    if (how == 2) values = {value};
    return 0;
  }
};

FakeAd::FakeAd() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 8);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  const std::string suffix = kSuffix, settings = "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Berlin,CN=Sites,CN=Configuration," + suffix;
  objects_.push_back(
      {"",
       {{"objectClass", {"top"}},
        {"supportedCapabilities", {"1.2.840.113556.1.4.800"}},
        {"namingContexts", {suffix}},
        {"defaultNamingContext", {suffix}},
        {"configurationNamingContext", {"CN=Configuration," + suffix}},
        {"dsServiceName", {settings}},
        {"dnsHostName", {"dc1.corp.example"}},
        {"highestCommittedUSN", {"1000"}},
        {"supportedControl", {kDirSync, kPaged, kNotification, kShowDeleted, kPermissive, "1.2.840.113556.1.4.1339"}}},
       "",
       0,
       false});
  add(settings, {{"objectClass", {"nTDSDSA"}}, {"invocationId", {std::string(16, '\7')}}});
  add(suffix, {{"objectClass", {"domainDNS"}}});
  acceptor_ = std::jthread([this](const std::stop_token& stop) {
    for (;;) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0 || stop.stop_requested()) return;
      const std::lock_guard lock(mutex_);
      sockets_.insert(socket);
      threads_.emplace_back([this, socket](const std::stop_token& ended) { serve(socket, ended); });
    }
  });
}

FakeAd::~FakeAd() {
  acceptor_.request_stop();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  threads_.clear();
  for (const int socket : sockets_) ::close(socket);
}

void FakeAd::serve(int socket, const std::stop_token& stop) {
  Connection client{*this, socket};
  std::string bytes;
  char part[65536];
  while (!stop.stop_requested()) {
    const auto n = ::recv(socket, part, sizeof part, 0);
    if (n <= 0) return;
    bytes.append(part, static_cast<std::size_t>(n));
    for (std::string_view rest = bytes;;) {
      Element whole;
      if (!take_element(rest, whole)) {
        bytes.erase(0, bytes.size() - rest.size());
        break;
      }
      if (const auto request = parse(whole.contents)) client.answer(*request);
    }
  }
}

FakeAd::Object* FakeAd::find(const std::string& dn) {
  for (Object& o : objects_) {
    const bool by_guid = dn.starts_with("<GUID=") && dn.find(Connection::guid_text(o)) != std::string::npos;
    if (by_guid || lower(o.dn) == lower(dn)) return &o;
  }
  return nullptr;
}

EntryId FakeAd::add(const std::string& dn, std::map<std::string, std::vector<std::string>> attributes) {
  const std::lock_guard lock(mutex_);
  Object o{dn, std::move(attributes), "", ++usn_, false};
  o.guid = std::string(12, '\1') +
           std::string{static_cast<char>(objects_.size() >> 24 & 0xff), static_cast<char>(objects_.size() >> 16 & 0xff),
                       static_cast<char>(objects_.size() >> 8 & 0xff), static_cast<char>(objects_.size() & 0xff)};
  // The first three fields of a GUID are little-endian (MS-DTYP section 2.3.4.2): all of the same byte here.
  std::array<std::uint8_t, 16> id{};
  std::memcpy(id.data(), o.guid.data(), id.size());
  o.attributes["objectGUID"] = {o.guid};
  o.attributes["uSNChanged"] = {std::to_string(o.changed)};
  o.attributes["testGuid"] = {to_string(EntryId(id))};
  told_.push_back({o.guid, {{"objectClass", o.attributes["objectClass"]}, {"name", {"new"}}}});
  objects_.push_back(std::move(o));
  objects_.front().attributes["highestCommittedUSN"] = {std::to_string(usn_)};
  return EntryId(id);
}

void FakeAd::change(const std::string& dn, const std::string& attribute, std::vector<std::string> values) {
  const std::lock_guard lock(mutex_);
  Object* o = find(dn);
  o->changed = ++usn_;
  o->attributes["uSNChanged"] = {std::to_string(usn_)};
  told_.push_back({o->guid, {{attribute, values}}});
  o->attributes[attribute] = std::move(values);
  objects_.front().attributes["highestCommittedUSN"] = {std::to_string(usn_)};
}

void FakeAd::link(const std::string& group, const std::vector<std::string>& added, const std::vector<std::string>& removed) {
  const std::lock_guard lock(mutex_);
  Object* o = find(group);
  auto& members = o->attributes["member"];
  for (const std::string& m : removed) std::erase(members, m);
  members.insert(members.end(), added.begin(), added.end());
  o->changed = ++usn_;
  o->attributes["uSNChanged"] = {std::to_string(usn_)};
  Told told{o->guid, {}};
  if (!added.empty()) told.attributes["member;range=1-1"] = added;
  if (!removed.empty()) told.attributes["member;range=0-0"] = removed;
  told_.push_back(std::move(told));
  objects_.front().attributes["highestCommittedUSN"] = {std::to_string(usn_)};
}

void FakeAd::remove(const std::string& dn) {
  const std::lock_guard lock(mutex_);
  Object* o = find(dn);
  o->deleted = true;
  o->dn = "CN=gone\\0ADEL:x,CN=Deleted Objects," + std::string(kSuffix);
  o->attributes["isDeleted"] = {"TRUE"};
  told_.push_back({o->guid, {{"isDeleted", {"TRUE"}}}});
}

void FakeAd::enable_link_ttl() {
  const std::string configuration = "CN=Configuration," + std::string(kSuffix);
  const std::string feature =
      "CN=Privileged Access Management Feature,CN=Optional Features,CN=Directory Service,CN=Windows NT,CN=Services," +
      configuration;
  add("CN=Partitions," + configuration, {{"objectClass", {"crossRefContainer"}}, {"msDS-EnabledFeature", {feature}}});
  const std::lock_guard lock(mutex_);
  has_link_ttl_ = true;
  objects_.front().attributes["supportedControl"].push_back("1.2.840.113556.1.4.2309");
}

/// Such an end is told to nobody.
void FakeAd::end_links() {
  const auto now = std::chrono::steady_clock::now();
  for (const Ending& e : endings_) {
    Object* o = e.at <= now ? find(e.group) : nullptr;
    if (o) std::erase(o->attributes["member"], e.member);
  }
  std::erase_if(endings_, [&](const Ending& e) { return e.at <= now; });
}

void FakeAd::forget_cookies() {
  const std::lock_guard lock(mutex_);
  told_.push_back({std::string(16, '\2'), {}});
  forgotten_ = told_.size();
}

int FakeAd::count(const std::string& kind) const {
  const std::lock_guard lock(mutex_);
  const auto at = counts_.find(kind);
  return at == counts_.end() ? 0 : at->second;
}

}  // namespace muster::test
