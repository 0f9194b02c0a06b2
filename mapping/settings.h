// muster.xml: where things are. Immutable once loaded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mapping/location.h"
#include "schema/dn.h"
#include "schema/filter.h"
#include "schema/ids.h"

namespace muster {

enum class BindMethod { simple, external, gssapi, spnego, anonymous };

/// <directory><disable .../>: how an account is switched off. `automatic` takes the best the server has.
struct DisableSettings {
  enum class Method {
    automatic,
    password_end_time,
    password_lock,
    shadow_expire,
    user_account_control,
    account_lock,
    attribute,
    move
  };
  Method method = Method::automatic;
  std::string attribute, value, enabled;  ///< attribute: `value` means disabled, `enabled` (empty: absent) means enabled
  Dn move_to;                             ///< move: disabled accounts live here
  std::optional<Dn> policy;               ///< the default password policy, for accounts that cannot read cn=config
  Location at;
};

/// <directory>
struct DirectorySettings {
  std::string name;
  std::vector<std::string> urls;  ///< ldap://, ldaps://, ldapi://, srv:DOMAIN, tried in order
  std::string site;               ///< of srv: the Active Directory site whose servers come first
  std::string family = "auto";    ///< auto, openldap, ad, 389ds, other
  Dn base;
  BindMethod bind = BindMethod::anonymous;
  std::string bind_dn;
  std::string keytab, principal;          ///< of gssapi and spnego; the keytab an absolute path, or empty
  std::string secret;                     ///< name of the secret, never its value
  std::string tls_ca, tls_cert, tls_key;  ///< absolute paths, or empty
  bool start_tls = false;
  Dn people_base;
  std::string people_filter = "(objectClass=*)";
  std::optional<Dn> groups_base;
  std::string groups_filter = "(objectClass=*)";
  std::optional<Dn> placeholder;  ///< <groups placeholder=>: the member that keeps a groupOfNames from being empty
  std::string watch = "auto";     ///< auto, syncrepl, dirsync, psearch, usn, poll
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds timeout{30000};
  std::size_t page_size = 1000;
  std::size_t window = 64;  ///< writes outstanding at once
  std::size_t batch = 500;  ///< member values in one modify
  DisableSettings disable;
  Location at;
  std::map<std::string, Location> places;  ///< of "people.base", "groups.base", "bind.dn"...: for later complaints
};

/// How a server is spoken to. Secrets are names, never values.
struct HttpSettings {
  std::string url;     ///< https://, or http:// to this machine; without a slash at its end
  std::string secret;  ///< the bearer token (RFC 6750) or, with `token_url`, what the client proves itself by; empty: none
  std::string token_url, client_id, scope;  ///< OAuth 2.0 client credentials (RFC 6749 section 4.4); empty: not used
  std::string tls_ca, tls_cert, tls_key;    ///< absolute paths, or empty
  std::string proxy;                        ///< http:// or https://; empty: none, whatever the environment says
  std::string proxy_user, proxy_secret;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds timeout{30000};  ///< of one request as a whole
  friend bool operator==(const HttpSettings&, const HttpSettings&) = default;
};

/// <field> of a feed.
struct FieldSettings {
  std::string name;
  std::string
      column;  ///< where a record has it: a column's header (csv), JSON Pointer (json, jsonl), SCIM path (scim), XPath (xml)
  enum class Type { text, date } type = Type::text;
  std::string format = "%Y-%m-%d";
  bool required = false;
  bool key = false;
  bool optional = false;  ///< a snapshot in which no record has it at all is in order (not csv: a header says what there is)
  std::map<std::string, std::string> values;  ///< <value from= to=>; when not empty, an unlisted value is an error of that record
  Location at;
};

/// <feed>. The position of a field in `fields` is its position in Person::fields.
struct FeedSettings {
  std::string name;
  /// csv, json, jsonl, scim, xml: a file of that format; exec: what a command prints; events: what <events poll> brings
  std::string type = "csv";
  std::string output = "csv";  ///< exec: the format of what the command prints
  std::string path;            ///< absolute: a file, or a folder whose newest file counts; where what was fetched is kept
  std::string records;  ///< json: JSON Pointer to the array of records; xml: the names of the elements from the root to a record
  /// Of type exec.
  struct Command {
    std::vector<std::string> words;
    std::chrono::milliseconds timeout{300000};
    std::chrono::seconds every{3600};  ///< how often the service runs it
    std::size_t most_bytes = 1U << 30;
    friend bool operator==(const Command&, const Command&) = default;
  } command;
  /// <server>: people are fetched from a SCIM server.
  struct Server {
    HttpSettings http;
    std::string folder;  ///< of muster.xml: secrets are looked for there
    std::chrono::seconds every{900};
    friend bool operator==(const Server&, const Server&) = default;
  };
  std::optional<Server> server;
  enum class Mode { snapshot, delta } mode = Mode::snapshot;
  enum class Missing { leaver, keep } missing = Missing::leaver;  ///< what a person absent from a snapshot is
  char delimiter = ',';
  std::string encoding = "utf-8";
  double min_ratio = 0.9;
  std::string effective;  ///< the date field with the day from which a record counts; empty: all count at once
  std::vector<FieldSettings> fields;
  Location at;
  /// Index of a field, or -1.
  int index_of(std::string_view name) const;
  /// What the text is: csv, json, jsonl, scim or xml.
  const std::string& format() const {
    static const std::string kScim = "scim";
    return type == "exec" ? output : type == "events" ? kScim : type;
  }
  /// The text is in no file of HR's.
  bool is_fetched() const { return type == "exec" || server; }
};

/// <safety>. Counts are per run. Percent is of the people in scope and never less than one person.
struct SafetySettings {
  std::size_t max_disables = 25;
  double max_disables_percent = 5;
  std::size_t max_membership_removals = 500;
  std::size_t max_clears = 100;
  std::size_t max_creates = 500;
  std::size_t max_moves = 100;
  std::size_t max_deletes = 10;
  double min_entries_ratio = 0.9;
  struct ProtectFilter {
    Filter filter;
    Location at;
  };
  struct ProtectGroup {
    Dn group;
    Location at;
  };
  struct ProtectPerson {
    PersonKey person;
    Location at;
  };
  std::vector<ProtectFilter> protect_filters;
  std::vector<ProtectGroup> protect_groups;
  std::vector<ProtectPerson> protect_persons;
  Location at;
};

/// <resync>: when the service compares everything. At an hour of every day, or every so often; neither: never by itself.
struct ResyncSettings {
  std::optional<std::chrono::minutes> at;  ///< since midnight, local time
  std::optional<std::chrono::seconds> every;
  Location where;
  bool declared() const { return at || every; }
};

/// <health><probe>: an entry into which muster writes, to see whether that arrives.
struct ProbeSettings {
  Dn entry;
  std::string attribute;
  std::chrono::seconds every{300};
  Location at;
};

/// <health>: how long each may last before the service says that it is not healthy.
struct HealthSettings {
  std::optional<std::chrono::seconds> feed_silent;  ///< without a good look at the feed; none: by the feed's own interval
  std::chrono::seconds directory_silent{60};        ///< without a word from the directory
  std::chrono::seconds upstream_stuck{900};         ///< that the oldest of what waits for a system upstream waits
  std::chrono::seconds hold_waiting{86400};         ///< that a hold waits for somebody's decision
  std::optional<ProbeSettings> probe;
};

/// <upstream>
struct UpstreamSettings {
  struct File {
    std::string path;
    Location at;
    friend bool operator==(const File&, const File&) = default;
  };
  std::vector<File> files;
  std::size_t most_bytes = 1U << 30;  ///< of events that wait for a system upstream
  /// <scim>
  struct Scim {
    HttpSettings http;
    std::string user_name;     ///< the attribute that is upstream's userName; empty: by family
    bool deactivates = false;  ///< who is deleted in the directory is switched off upstream, and stays
    Location at;
    friend bool operator==(const Scim&, const Scim&) = default;
  };
  std::vector<Scim> scims;
  /// <events>
  struct Events {
    HttpSettings http;     ///< its `url` is empty: `push` and `poll` are absolute
    std::string push;      ///< where security event tokens go (RFC 8935); empty: none are sent
    std::string poll;      ///< where commands come from (RFC 8936); empty: none are fetched
    std::string sign_key;  ///< absolute path of a PEM file
    std::string issuer, audience;
    std::vector<std::string> published;  ///< absolute paths of further keys that `muster keys` shows: the next, the last
    bool is_scim = true, is_risc = true, is_caep = true;  ///< which profiles of events are sent
    bool is_full = true;                                  ///< SCIM events carry the data, not just the names of what changed
    std::optional<std::chrono::seconds> verify_every;     ///< how often a verification event is sent
    /// <trust>: whose commands are obeyed.
    struct Trust {
      std::string issuer, audience;
      std::string keys;                      ///< absolute path of a JWKS, or its https:// address
      std::chrono::seconds max_age{604800};  ///< an older token (iat) is refused
      Location at;
      friend bool operator==(const Trust&, const Trust&) = default;
    };
    std::optional<Trust> trust;
    Location at;
    friend bool operator==(const Events&, const Events&) = default;
  };
  std::vector<Events> events;
  friend bool operator==(const UpstreamSettings&, const UpstreamSettings&) = default;
};

struct Settings {
  std::string file;               ///< muster.xml as named
  std::string directory_of_file;  ///< the folder that relative paths start from
  DirectorySettings directory;
  FeedSettings feed;
  std::string state_path;  ///< absolute
  SafetySettings safety;
  ResyncSettings resync;
  HealthSettings health;
  std::optional<std::uint16_t> metrics_port;  ///< <metrics port>; none: nobody is served
  UpstreamSettings upstream;
  std::vector<std::string> mapping_files;  ///< absolute, sorted, as the includes found them
};

}  // namespace muster
