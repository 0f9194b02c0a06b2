// Reviews: what only the directory knows.
#include <algorithm>
#include <charconv>

#include "agent/guarded.h"
#include "agent/review.h"
#include "service/secret_store.h"

namespace muster {

namespace {

/// Attributes in which servers write when an account was used: Active Directory (MS-ADA1 lastLogonTimestamp, days late by design),
/// OpenLDAP (slapd.conf(5) lastbind, slapo-lastbind(5)), 389 Directory Server (Account Policy plug-in).
constexpr const char* kUsedBy[] = {"lastLogonTimestamp", "pwdLastSuccess", "authTimestamp", "lastLoginTime"};

/// 100 ns since 1601 (MS-DTYP 2.3.3), or a GeneralizedTime.
std::optional<Instant> time_of(std::string_view text) {
  if (text.find('Z') != std::string_view::npos) return parse_generalized_time(text);
  std::int64_t ticks = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), ticks);
  if (fault != std::errc() || end != text.data() + text.size() || ticks <= 0) return parse_generalized_time(text);
  return Instant(std::chrono::milliseconds(ticks / 10'000 - std::int64_t{11'644'473'600'000}));
}

Result<Connection> connect_to(const Settings& s) {
  Secret password;
  if (s.directory.bind == BindMethod::simple) {
    auto secret = read_secret(s.directory.secret, s.directory_of_file);
    if (!secret) return std::move(secret).error();
    password = std::move(*secret);
  }
  return Connection::open(endpoint_of(s, std::move(password)));
}

void note_use(Store& store, const DirectoryView& view, const Entry& entry, bool& any) {
  std::optional<Instant> used;
  for (const std::string& attribute : view.used_by) {
    const auto at = time_of(entry.attributes.first(attribute));
    if (at && (!used || *at > *used)) used = at;
  }
  any |= used.has_value();
  const std::string id = to_string(entry.id);
  store.note("used", id, used ? iso_time(*used) : "never");
  for (const char* attribute : {"whencreated", "createtimestamp"}) {
    if (const auto at = time_of(entry.attributes.first(attribute))) store.note("created", id, iso_time(*at));
  }
}

Status read_use(Connection& connection, Store& store, const Config& config, DirectoryView& view) {
  for (const Stream& stream : streams_of(config, *view.accounts, connection.server().family)) {
    if (stream.groups) continue;
    SearchRequest request;
    request.base = stream.base.str();
    request.filter = stream.filter;
    request.attributes = view.used_by;
    request.attributes.insert(request.attributes.end(), {"whenCreated", "createTimestamp"});
    request.page_size = config.settings.directory.page_size;
    MUSTER_TRY(connection.search(request, [&](Entry&& e) {
      note_use(store, view, e, view.knows_use);
      return ok();
    }));
  }
  return ok();
}

Status look(Store& store, const Config& config, DirectoryView& view) {
  auto connection = connect_to(config.settings);
  if (!connection) return std::move(connection).error();
  const ServerInfo& server = connection->server();
  auto accounts = AccountControl::choose(server, account_settings_of(config.settings.directory.disable));
  if (!accounts) return std::move(accounts).error();
  view.accounts = std::move(*accounts);
  for (const char* attribute : kUsedBy) {
    if (server.types.find(attribute)) view.used_by.emplace_back(attribute);
  }
  if (!view.used_by.empty()) MUSTER_TRY(read_use(*connection, store, config, view));
  return ok();
}

}  // namespace

DirectoryView look_at_directory(Store& store, const Config& config) {
  DirectoryView view;
  if (const Status looked = look(store, config, view); !looked) {
    view.knows_use = false;
    view.caveats.push_back("The directory was not asked, so the last use of accounts is not known" +
                           std::string(view.accounts ? "" : ", nor whether they work") + ": " + looked.error().text());
  } else if (!view.knows_use) {
    view.caveats.emplace_back(
        "The directory does not say when accounts are used, so dormant ones are not found. OpenLDAP does with \"lastbind on\", 389 "
        "Directory Server with its Account Policy plug-in (alwaysrecordlogin), Active Directory by itself (lastLogonTimestamp); "
        "the "
        "agent's account must be allowed to read it.");
  }
  if (!view.knows_use) store.forget_notes("used");
  return view;
}

}  // namespace muster
