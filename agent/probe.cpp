#include "agent/probe.h"

#include <algorithm>
#include <set>

#include "agent/context.h"
#include "ldap/active_directory.h"
#include "ldap/change_source.h"
#include "service/secret_store.h"

namespace muster {

namespace {

using Level = Finding::Level;

class Probe {
 public:
  Probe(Config& config, std::vector<Finding>& findings) : config_(config), findings_(findings) {}

  void run(RightsReport* report) {
    if (!connect() || !schema()) return;
    family();
    bases();
    own_entry();
    watch();
    groups();
    probe_entry();
    if (sample_person()) disable();
    rights(report);
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

  /// What follows from the server being what it is.
  void family() {
    const ServerInfo& s = connection_->server();
    const bool ad = s.family == Family::active_directory;
    const char* id = ad ? "objectGUID" : s.family == Family::ds389 ? "nsUniqueId" : "entryUUID";
    const auto method = choose_watch_method(s, directory().watch);
    add(Level::good, "family",
        std::string(to_string(s.family)) + (directory().family == "auto" ? "" : " (as configured)") + ": entries are known by " +
            id + ", disabled by " + std::string(accounts_->name()) + ", followed by " + (method ? method->name : "nothing"));
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

  /// What the watch of people would report; none: nothing there.
  Result<std::optional<Entry>> any_person(const std::string& base, SearchRequest::Scope scope) {
    SearchRequest request{base, scope, streams_.front().filter, streams_.front().attributes, 1};
    std::optional<Entry> found;
    const Error enough{Errc::cancelled, "", ""};
    const Status read = connection_->search(request, [&](Entry&& e) -> Status {
      found = std::move(e);
      return enough;
    });
    if (!read && read.error().code != Errc::cancelled) return read.error();
    return found;
  }

  void probe_entry() {
    const auto& probe = config_.settings.health.probe;
    if (!probe) return;
    const auto entry = any_person(probe->entry.str(), SearchRequest::Scope::base);
    if (!entry) return bad("probe", entry.error());
    if (*entry) return add(Level::good, "probe", probe->entry.str() + " is there, and the watch would report it");
    add(Level::bad, "probe",
        probe->entry.str() + " (" + probe->at.str() + ") is not there, not visible, or not matched by <people filter>",
        "create an entry that belongs to nobody and matches " + streams_.front().filter, Errc::config);
  }

  bool sample_person() {
    const Stream& people = streams_.front();
    auto found = any_person(people.base.str(), SearchRequest::Scope::subtree);
    if (!found) return bad("people", found.error()), false;
    sample_ = std::move(*found);
    if (!sample_)
      add(Level::warning, "people", "no entry below " + people.base.str() + " matches " + people.filter,
          "correct <people filter>, unless nobody is there yet");
    return sample_.has_value();
  }

  void disable() {
    if (const Status effect = accounts_->in_force(*connection_, *sample_); !effect) return bad("disable", effect.error());
    add(Level::good, "disable", std::string(accounts_->name()) + " is in force (tested for " + sample_->dn.str() + ")");
  }

  /// As access rules name it: dsacls takes no DN.
  std::string account_name() {
    const ServerInfo& s = connection_->server();
    if (s.family != Family::active_directory || s.bound_as.find('=') == std::string::npos) return s.bound_as;
    auto own = connection_->read(s.bound_as, {"sAMAccountName"});
    const std::string name = own && *own ? std::string((*own)->attributes.first("samaccountname")) : "";
    const auto domain = Dn::parse(s.default_context);
    return name.empty() || !domain ? s.bound_as : name + "@" + active_directory::domain_of(*domain);
  }

  RightsScope rights_scope() {
    const ServerInfo& s = connection_->server();
    RightsScope scope;
    scope.family = s.family;
    scope.account = account_name();
    scope.domain = s.default_context;
    scope.streams = streams_;
    if (const auto method = choose_watch_method(s, directory().watch)) scope.watch = method->name;
    if (accounts_->method() == AccountSettings::Method::attribute)
      scope.disabling = directory().disable.attribute;
    else if (accounts_->method() != AccountSettings::Method::move)
      scope.disabling = std::string(accounts_->name());
    for (const char* a : {"member", "uniqueMember", "memberUid"}) {
      if (s.types.find(a) && (s.family != Family::active_directory || scope.member_attributes.empty()))
        scope.member_attributes.emplace_back(a);
    }
    return scope;
  }

  void rights(RightsReport* report) {
    const RightsScope scope = rights_scope();
    const auto needed = rights_needed(config_, scope);
    auto found = probe_rights(*connection_, needed, scope);
    if (!found) return bad("rights", found.error());
    std::size_t there = 0;
    for (const RightFound& f : *found) {
      there += f.allowed == Allowed::yes;
      if (f.allowed == Allowed::no) missing(f);
    }
    add(Level::good, "rights",
        std::to_string(there) + " of the " + std::to_string(needed.size()) +
            " rights that the rules need were found; `muster check --rights` lists them");
    if (report) *report = {scope.account, std::move(*found), delegation_text(needed, scope)};
  }

  void missing(const RightFound& f) {
    std::string attributes;
    for (const std::string& a : f.missing) attributes += (attributes.empty() ? ": may not write " : ", ") + a;
    add(f.right.optional() ? Level::warning : Level::bad, "rights",
        "off for lack of a right: " + f.right.feature + attributes +
            (f.tested_on.empty() ? "" : " (tested on " + f.tested_on + ")"),
        "`muster check --rights` prints what grants it");
  }

  Config& config_;
  std::vector<Finding>& findings_;
  std::optional<Connection> connection_;
  std::optional<AccountControl> accounts_;
  std::vector<Stream> streams_;
  std::optional<Entry> sample_;
};

}  // namespace

void probe_directory(Config& config, std::vector<Finding>& findings, RightsReport* report) { Probe(config, findings).run(report); }

}  // namespace muster
