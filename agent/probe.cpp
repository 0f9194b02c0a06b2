#include "agent/probe.h"

#include <algorithm>
#include <set>

#include "agent/context.h"
#include "ldap/change_source.h"
#include "service/secret_store.h"

namespace muster {

namespace {

using Level = Finding::Level;

/// Nobody has this value, and every syntax that is probed accepts or rejects it without a change.
constexpr const char* kNobody = "cn=muster probe, nobody has this value";

class Probe {
 public:
  Probe(Config& config, std::vector<Finding>& findings) : config_(config), findings_(findings) {}

  void run() {
    if (!connect() || !schema()) return;
    bases();
    own_entry();
    watch();
    groups();
    if (sample_person()) {
      disable();
      person_rights();
    }
    group_rights();
  }

 private:
  void add(Level level, std::string subject, std::string what, std::string hint = "", Errc code = Errc::refused) {
    findings_.push_back({level, std::move(subject), std::move(what), std::move(hint), code});
  }
  void bad(const std::string& subject, const Error& error) { add(Level::bad, subject, error.what, error.hint, error.code); }
  const DirectorySettings& directory() const { return config_.settings.directory; }

  bool connect() {
    Secret password;
    if (directory().bind == BindMethod::simple) {
      auto secret = read_secret(directory().secret, config_.settings.directory_of_file);
      if (!secret) return bad("bind", secret.error()), false;
      password = std::move(*secret);
    }
    auto opened = Connection::open(endpoint_of(config_.settings, std::move(password)));
    if (!opened) return bad("connection", opened.error()), false;
    connection_ = std::move(*opened);
    const ServerInfo& s = connection_->server();
    add(Level::good, "connection", s.url + ": " + s.vendor + (s.tls ? ", with TLS" : ", without TLS") + ", as " + s.bound_as);
    return true;
  }

  bool schema() {
    const ServerInfo& s = connection_->server();
    const auto complaints = check_against_schema(config_, s.types);
    for (const Complaint& c : complaints) add(Level::bad, "schema", c.str(), "", Errc::config);
    if (!complaints.empty()) return false;
    add(Level::good, "schema", std::to_string(s.types.size()) + " attribute types read; every mapped attribute exists");
    auto accounts = AccountControl::choose(s, account_settings_of(directory().disable));
    if (!accounts) return bad("disable", accounts.error()), false;
    accounts_ = std::move(*accounts);
    streams_ = streams_of(config_, *accounts_, s.family);
    return true;
  }

  void bases() {
    for (const Stream& s : streams_) {
      auto base = connection_->read(s.base.str(), {"objectClass"});
      if (!base)
        bad("base", base.error());
      else if (!*base)
        add(Level::bad, "base", s.base.str() + " is not visible", "it does not exist, or the bind account may not read it",
            Errc::config);
      else
        add(Level::good, "base", s.base.str() + " is visible");
    }
  }

  void own_entry() {
    const auto own = Dn::parse(directory().bind_dn);
    if (!own || own->empty()) return;
    auto entry = connection_->read(own->str(), {"objectClass"});
    if (!entry) return bad("own entry", entry.error());
    if (*entry) return add(Level::good, "own entry", own->str() + " is visible: a loss of its rights would be noticed");
    add(Level::warning, "own entry", own->str() + " is not visible to itself",
        "let the bind account read its own entry, so that a loss of its rights is told from an empty directory");
  }

  void watch() {
    const auto method = choose_watch_method(connection_->server(), directory().watch);
    if (method)
      add(Level::good, "watch", method->why);
    else
      bad("watch", method.error());
  }

  void groups() {
    std::set<std::string> seen;
    std::size_t found = 0;
    const auto look = [&](const Dn& dn, const Location& at) {
      if (!seen.insert(dn.normal()).second) return;
      auto entry = connection_->read(dn.str(), {"objectClass"});
      if (!entry) return bad("group", entry.error());
      if (*entry) return void(++found);
      add(Level::bad, "group", dn.str() + " (" + at.str() + ") does not exist or is not visible",
          "correct the DN, or create the group", Errc::config);
    };
    for (const RoleRule& r : config_.rules.roles) {
      for (const RoleRule::Group& g : r.groups) look(g.dn, g.at);
    }
    for (const ManagedRule& m : config_.rules.managed) look(m.dn, m.at);
    for (const auto& g : config_.settings.safety.protect_groups) look(g.group, g.at);
    if (found) add(Level::good, "groups", std::to_string(found) + " groups and group bases named in rules exist");
  }

  bool sample_person() {
    SearchRequest request;
    request.base = streams_.front().base.str();
    request.filter = streams_.front().filter;
    request.attributes = streams_.front().attributes;
    request.page_size = 1;
    const Error enough{Errc::cancelled, "", ""};
    const Status read = connection_->search(request, [&](Entry&& e) -> Status {
      sample_ = std::move(e);
      return enough;
    });
    if (!read && read.error().code != Errc::cancelled) return bad("people", read.error()), false;
    if (!sample_)
      add(Level::warning, "people", "no entry below " + request.base + " matches " + request.filter,
          "correct <people filter>, unless nobody is there yet");
    return sample_.has_value();
  }

  void disable() {
    if (const Status effect = accounts_->in_force(*connection_, *sample_); !effect) return bad("disable", effect.error());
    add(Level::good, "disable", std::string(accounts_->name()) + " is in force (tested for " + sample_->dn.str() + ")");
  }

  /// True: the right is there. Errors are found by themselves.
  bool may_write(const std::string& dn, const std::string& attribute, std::string& why) {
    const Matching rule = connection_->server().types.equality_of(attribute);
    std::string nobody = kNobody;
    if (rule == Matching::generalized_time) nobody = "19000101000000Z";
    if (rule == Matching::integer) nobody = "-2147483647";
    if (rule == Matching::boolean) return true;
    WriteOp op{dn, ModifyOp{{{Mod::Op::remove, attribute, {nobody}}}}, "", {}};
    const auto outcome = std::move(connection_->write({&op, 1}, 1).front());
    if (outcome.status || outcome.code == result_code::no_such_attribute || outcome.code == result_code::inappropriate_matching ||
        outcome.code == result_code::invalid_syntax)
      return true;
    why = outcome.status.error().what;
    return outcome.code != result_code::insufficient_access && outcome.code != 53;
  }

  void report_rights(const std::string& subject, const std::vector<std::string>& attributes, const std::string& dn) {
    std::string missing, why;
    for (const std::string& a : attributes) {
      if (!may_write(dn, a, why)) missing += (missing.empty() ? "" : ", ") + a;
    }
    if (missing.empty())
      return add(Level::good, subject, "may write " + std::to_string(attributes.size()) + " attributes (tested on " + dn + ")");
    add(Level::bad, subject, "may not write " + missing + " of " + dn, "grant the bind account these rights: " + why);
  }

  void person_rights() {
    std::vector<std::string> attributes;
    for (const AttributeRule& r : config_.rules.attributes) {
      if (r.owner == Owner::hr) attributes.push_back(r.name);
    }
    const auto& more = accounts_->attributes();
    if (accounts_->method() == AccountSettings::Method::attribute)
      attributes.push_back(directory().disable.attribute);
    else if (!more.empty() && accounts_->method() != AccountSettings::Method::move)
      attributes.push_back(std::string(accounts_->name()));
    report_rights("rights: people", attributes, sample_->dn.str());
  }

  void group_rights() {
    const ManagedRule* rule = nullptr;
    for (const ManagedRule& m : config_.rules.managed) {
      if (!m.is_base) rule = &m;
    }
    Dn dn;
    if (rule) dn = rule->dn;
    for (const RoleRule& r : config_.rules.roles) {
      if (dn.empty() && !r.groups.empty()) dn = r.groups.front().dn;
    }
    if (dn.empty()) return;
    auto group = connection_->read(dn.str(), {"objectClass"});
    if (!group || !*group) return;
    const Values* classes = (*group)->attributes.find("objectclass");
    std::string attribute = "member";
    for (const std::string& c : classes ? *classes : Values{}) {
      if (to_lower(c) == "posixgroup") attribute = "memberUid";
      if (to_lower(c) == "groupofuniquenames") attribute = "uniqueMember";
    }
    report_rights("rights: groups", {attribute}, dn.str());
  }

  Config& config_;
  std::vector<Finding>& findings_;
  std::optional<Connection> connection_;
  std::optional<AccountControl> accounts_;
  std::vector<Stream> streams_;
  std::optional<Entry> sample_;
};

}  // namespace

void probe_directory(Config& config, std::vector<Finding>& findings) { Probe(config, findings).run(); }

}  // namespace muster
