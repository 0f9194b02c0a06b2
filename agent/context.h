// What every part of the engine works with.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/own_writes.h"
#include "agent/recorder.h"
#include "agent/store/store.h"
#include "agent/streams.h"
#include "ldap/account.h"
#include "mapping/loader.h"

namespace muster {

/// What of the server matters for planning and applying.
struct ServerTraits {
  Family family = Family::other;
  std::string domain;                                          ///< Active Directory: the domain's DN
  bool encrypted = false;                                      ///< the connection, by TLS or by Kerberos
  std::string account;                                         ///< who we are there
  bool link_ttl = false;                                       ///< Active Directory: memberships can end by themselves there
  bool modifies_passwords = false;                             ///< has the extended operation of RFC 3062
  bool member_required = true, unique_member_required = true;  ///< groups of these classes cannot be empty (the server's schema)

  static ServerTraits of(const ServerInfo& server);
};

/// The rules in force, the server they are bound to, and the state. The engine's thread only.
struct Context {
  explicit Context(Store opened) : store(std::move(opened)), recorder(store) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Store store;
  Recorder recorder;
  std::unique_ptr<Config> config;
  std::optional<AccountControl> accounts;
  AttributeTypes types;
  ServerTraits server;
  std::vector<Stream> streams;
  OwnWrites own_writes;
  std::function<void()> alive;  ///< hears of every small step of long work; may be empty
  std::stop_token stop;         ///< what is begun is finished, and no more is begun
  bool restored = false;        ///< the state is from a backup, and was not compared with the directory yet

  /// Between two small steps of long work. Errc::cancelled: the service is stopping.
  Status go_on() const;

  const Rules& rules() const { return config->rules; }
  const DirectorySettings& directory() const { return config->settings.directory; }
  const SafetySettings& safety() const { return config->settings.safety; }
  /// The people stream that covers a DN; null: outside every base.
  const Stream* stream_of(const Dn& dn) const;
  const Stream* groups() const;
};

/// The values of an entry that join rules look at, normalised: what Store::set_join_values takes. Ordinal -1 is uid; behind those
/// of the rules stand the attributes that are unique.
std::vector<std::pair<int, std::string>> join_values_of(const Entry& entry, const Context& context);
/// The ordinal of one of Rules::unique_attributes().
int unique_ordinal(std::ptrdiff_t index);
/// What follows a name in userPrincipalName; none: the server is no Active Directory.
std::optional<std::string> logon_suffix_of(const ServerInfo& server);
/// The same for a person; empty values left out.
std::vector<std::pair<int, std::string>> join_values_of(const Person& person, const Context& context, const Now& now);

/// True where the server refuses a group of this kind without members.
bool needs_member(GroupKind kind, const Context& context);
/// The attribute that holds a group's members.
const char* member_attribute(GroupKind kind);
/// Asks the directory about one value.
Result<bool> has_member(Connection& connection, const GroupRow& group, const std::string& value);
/// How `entry` is named in a group of this kind; empty where it has no uid.
std::string member_value(GroupKind kind, const Entry& entry);
/// The normal form of a member value as the server returned it.
std::string member_key(GroupKind kind, std::string_view value);
/// The live entry that a member key names.
std::optional<Row> entry_of_member(Store& store, std::string_view key);

}  // namespace muster
