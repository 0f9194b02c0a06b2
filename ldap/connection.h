// One connection to one directory: fail-over, TLS, bind, searches and pipelined writes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "schema/attribute.h"
#include "schema/entry.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace muster {

/// The kinds of directory servers that are told apart.
enum class Family { openldap, active_directory, ds389, other };
/// "openldap", "ad", "389", "other".
std::string_view to_string(Family family);

/// How to reach and bind to a directory. (Plain data, so that ldap/ does not depend on mapping/.)
struct Endpoint {
  std::string name;               ///< for error sentences
  std::vector<std::string> urls;  ///< tried in order; "srv:DOMAIN" stands for the servers that DNS names (RFC 2782)
  std::string site;               ///< of srv: the Active Directory site whose servers come first; empty: none
  enum class Bind { anonymous, simple, external, gssapi, spnego } bind = Bind::anonymous;
  std::string bind_dn;
  Secret password;
  std::string keytab;            ///< gssapi, spnego: a file; empty: the ticket cache of the environment
  std::string principal;         ///< gssapi, spnego: whose key to use; empty: the first of the keytab
  std::optional<Family> family;  ///< what the configuration says the server is; none: see what it says itself
  std::string tls_ca, tls_cert, tls_key;
  bool start_tls = false;
  std::chrono::milliseconds connect_timeout{5000};  ///< bounds TCP, TLS handshake and bind together, per URL
  std::chrono::milliseconds timeout{30000};         ///< longest silence while an answer is due
  /// Asked at least every 100 ms while an answer is awaited, and before each URL, on the thread that waits. False: the wait ends as
  /// if the server had been silent for all of its time-out. May be empty.
  std::function<bool()> waiting{};
};

/// What the root DSE and the subschema say (RFC 4512 section 5.1, 4.2).
struct ServerInfo {
  using Family = muster::Family;
  Family family = Family::other;
  std::string url;       ///< the URL that answered
  std::string vendor;    ///< for people: "OpenLDAP", "389 Directory Server 2.3.1"
  std::string bound_as;  ///< authorization identity (RFC 4532), or the bind DN
  bool tls = false;
  unsigned sealed = 0;  ///< bits of encryption by SASL (RFC 4422 section 3.7); 0: none
  std::vector<std::string> naming_contexts, controls, extensions, features, capabilities;
  std::vector<std::string> sasl_mechanisms;
  std::string default_context;  ///< AD: the domain (defaultNamingContext)
  std::string host;             ///< AD: dnsHostName
  bool link_ttl = false;        ///< AD: a member may have a time to live (MS-ADTS 3.1.1.9.2), which the forest enables
  /// What numbers of this server's own count mean something to: AD the invocationId of its database (MS-ADTS 3.1.1.1.9),
  /// others the URL; empty for OpenLDAP, whose entryCSN is comparable everywhere.
  std::string incarnation;
  AttributeTypes types;
  ObjectClasses classes;
  bool has_control(std::string_view oid) const;
  bool has_extension(std::string_view oid) const;
};
struct SearchRequest {
  std::string base;
  enum class Scope { base, one, subtree } scope = Scope::subtree;
  std::string filter = "(objectClass=*)";
  std::vector<std::string> attributes;  ///< entry id and version attributes are added by the connection
  std::size_t page_size = 1000;         ///< 0: unpaged
};

/// One modification of an attribute (RFC 4511 section 4.6).
struct Mod {
  enum class Op { add, remove, replace } op = Op::replace;
  std::string attribute;
  Values values;
};
struct ModifyOp {
  std::vector<Mod> mods;
};
struct AddOp {
  Values object_classes;
  Attributes attributes;
};
struct RenameOp {
  std::string new_rdn;
  std::optional<std::string> new_parent;
};  ///< the old RDN value is deleted
struct DeleteOp {};
/// The Password Modify extended operation (RFC 3062): the server stores the password as it stores passwords. No read-back.
struct PasswordOp {
  Secret password;
};

/// Result codes that callers tell apart (RFC 4511 appendix A.1).
namespace result_code {
inline constexpr int no_such_attribute = 16, inappropriate_matching = 18, constraint_violation = 19, invalid_syntax = 21,
                     insufficient_access = 50;
}

/// One write. `assertion` is an RFC 4528 filter, sent (critical) where the server has the control, else dropped.
struct WriteOp {
  std::string dn;
  std::variant<ModifyOp, AddOp, RenameOp, DeleteOp, PasswordOp> op;
  std::string assertion;
  std::vector<std::string> read_back;  ///< attributes to return as they are after the write (RFC 4527), where the server can
  /// The entry that is meant, where it is known: Active Directory is told its GUID instead of the DN, others assert it where there
  /// is no `assertion`. So a write never meets another entry that has taken the name.
  EntryId id{};
  bool permissive = false;  ///< Active Directory: what is already there or already gone is no error (1.2.840.113556.1.4.1413)
  /// The server checks it, says what it would, and does nothing (OpenLDAP's no-operation control, critical: elsewhere refused).
  bool pretend = false;
};
struct WriteOutcome {
  Status status = ok();
  int code = 0;                ///< LDAP result code; -1 where the connection broke and the outcome is unknown
  std::optional<Entry> after;  ///< the read-back; none where the server cannot
  bool sent = false;           ///< false: certainly never left this machine
};

/// Not thread-safe: one thread owns a connection. Movable.
class Connection {
 public:
  /// Connects to the first URL that answers, binds, reads root DSE and (unless `quick`) the subschema.
  /// Errc::unreachable names every URL and why; Errc::config for a bind that must not be tried (a password in clear to
  /// another host) or cannot succeed (wrong CA file); Errc::refused for rejected credentials.
  /// A server that accepts and stays silent costs connect_timeout, and no CPU.
  static Result<Connection> open(const Endpoint& endpoint, bool quick = false);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  const ServerInfo& server() const;

  /// Streams entries to `each` as they arrive; the next page is asked for before the last is handed over. Stops at the first error
  /// of `each`. Anything but a complete answer (size or time limit, referral, broken page cookie) is Errc::untrusted.
  Status search(const SearchRequest& request, const std::function<Status(Entry&&)>& each, std::stop_token stop = {});
  /// One entry by DN; none when it does not exist.
  Result<std::optional<Entry>> read(const std::string& dn, const std::vector<std::string>& attributes);
  /// One entry by its id, wherever below `base` it was moved to.
  Result<std::optional<Entry>> read_by_id(const EntryId& id, const std::string& base, const std::vector<std::string>& attributes);

  /// Sends the operations with at most `window` outstanding; operations on one DN keep their order, one at a time.
  /// Always one outcome per operation, in the order given. After a broken connection the rest is `sent == false`.
  std::vector<WriteOutcome> write(std::span<const WriteOp> ops, std::size_t window);

  /// Cheap question to the root DSE: is the server still there?
  Status ping();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Makes libldap's first use of TLS single-threaded (its initialisation is not thread-safe). For programs that connect from several
/// threads, before the first of them; it reads the system's CAs, which takes longer than a small company.
void initialise_ldap();

}  // namespace muster
