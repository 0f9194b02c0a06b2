// Reaching, securing and binding: Connection::open.
#include <algorithm>
#include <fstream>

#include "ldap/connection.h"
#include "ldap/connection_impl.h"
#include "ldap/dial.h"
#include "ldap/kerberos.h"
#include "ldap/server.h"
#include "ldap/srv.h"
#include "ldap/transport.h"
#include "schema/calendar.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Scheme = wire::Target::Scheme;

/// GnuTLS ignores libldap's option for the oldest version of TLS, and would take 1.0.
constexpr const char* kGnutlsVersions = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

bool is_gnutls() {
  char* raw = nullptr;
  if (ldap_get_option(nullptr, LDAP_OPT_X_TLS_PACKAGE, &raw) != LDAP_OPT_SUCCESS || !raw) return false;
  return wire::Text(raw).get() == std::string_view("GnuTLS");
}

/// One attempt at one URL. Its sentences do not name the URL: the caller does.
class Attempt {
 public:
  Attempt(const Endpoint& endpoint, wire::Target target)
      : endpoint_(endpoint), target_(std::move(target)), deadline_(steady_clock::now() + endpoint.connect_timeout) {}

  Result<std::unique_ptr<Connection::Impl>> run(bool quick) {
    MUSTER_TRY(refuse_clear_password());
    MUSTER_TRY(attach());
    MUSTER_TRY(configure());
    if (target_.scheme == Scheme::ldap && endpoint_.start_tls) MUSTER_TRY(ask_for_tls());
    if (uses_tls()) MUSTER_TRY(secure());
    MUSTER_TRY(stay_here());
    MUSTER_TRY(bind());
    impl_->timeout = left();
    MUSTER_TRY(described(wire::describe_server(*impl_, endpoint_)));
    if (impl_->info.bound_as.empty()) impl_->info.bound_as = who_;
    impl_->transport->established();
    impl_->timeout = endpoint_.timeout;
    if (!quick) MUSTER_TRY(wire::describe_schema(*impl_));
    return std::move(impl_);
  }

 private:
  LDAP* ld() { return impl_->ld.get(); }
  bool uses_tls() const { return target_.scheme == Scheme::ldaps || (target_.scheme == Scheme::ldap && endpoint_.start_tls); }
  milliseconds left() const { return std::max(std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now()), milliseconds(0)); }

  Status refuse_clear_password() const {
    if (endpoint_.bind != Endpoint::Bind::simple || uses_tls() || target_.loopback()) return ok();
    return Error{Errc::config, "the password of " + endpoint_.bind_dn + " would travel in clear",
                 "use ldaps://, or start-tls=\"true\""};
  }

  Status attach() {
    auto socket = wire::dial(target_, deadline_, endpoint_.timeout);
    if (!socket) return std::move(socket).error();
    impl_->name = endpoint_.name;
    impl_->waiting = endpoint_.waiting;
    impl_->info.url = target_.url;
    impl_->info.tls = uses_tls();
    impl_->transport = std::make_unique<wire::Transport>(std::move(*socket), deadline_, endpoint_.timeout);
    auto handle = impl_->transport->attach(target_.url);
    if (!handle) return std::move(handle).error();
    impl_->ld = std::move(*handle);
    return ok();
  }

  Status set(int option, const void* value, const std::string& what) {
    if (ldap_set_option(ld(), option, value) == LDAP_OPT_SUCCESS) return ok();
    return Error{Errc::config, "libldap does not accept " + what, ""};
  }

  /// What this machine's ldap.conf says about limits, aliases and time-outs is meant for people's tools.
  Status configure() {
    const int version = LDAP_VERSION3, unlimited = LDAP_NO_LIMIT, aliases = LDAP_DEREF_NEVER;
    MUSTER_TRY(set(LDAP_OPT_PROTOCOL_VERSION, &version, "LDAP version 3"));
    MUSTER_TRY(set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF, "to chase no referrals"));
    MUSTER_TRY(set(LDAP_OPT_RESTART, LDAP_OPT_ON, "to go on after a signal"));
    MUSTER_TRY(set(LDAP_OPT_SIZELIMIT, &unlimited, "no size limit"));
    MUSTER_TRY(set(LDAP_OPT_TIMELIMIT, &unlimited, "no time limit"));
    MUSTER_TRY(set(LDAP_OPT_DEREF, &aliases, "to follow no aliases"));
    const timeval none{-1, 0};
    return set(LDAP_OPT_NETWORK_TIMEOUT, &none, "no network time-out");
  }

  /// libldap would reconnect by itself where the connection broke, in clear and without a bind. Let it find nobody.
  Status stay_here() { return set(LDAP_OPT_URI, "ldapi://%2Fdev%2Fnull", "another URL"); }

  Status use_file(int option, const std::string& path, const std::string& what) {
    if (path.empty()) return ok();
    if (!std::ifstream(path))
      return Error{Errc::config, what + " " + path + " cannot be read", "check that it exists and who may read it"};
    return set(option, path.c_str(), what + " " + path);
  }

  Status configure_tls() {
    const int demand = LDAP_OPT_X_TLS_HARD, oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
    MUSTER_TRY(set(LDAP_OPT_X_TLS_REQUIRE_CERT, &demand, "to check certificates"));
    MUSTER_TRY(set(LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest, "TLS 1.2 as the oldest version"));
    if (is_gnutls()) MUSTER_TRY(set(LDAP_OPT_X_TLS_CIPHER_SUITE, kGnutlsVersions, "TLS 1.2 as the oldest version"));
    MUSTER_TRY(use_file(LDAP_OPT_X_TLS_CACERTFILE, endpoint_.tls_ca, "the CA file"));
    MUSTER_TRY(use_file(LDAP_OPT_X_TLS_CERTFILE, endpoint_.tls_cert, "the certificate"));
    MUSTER_TRY(use_file(LDAP_OPT_X_TLS_KEYFILE, endpoint_.tls_key, "the key"));
    if (ldap_set_option(ld(), LDAP_OPT_X_TLS_NEWCTX, &client) == LDAP_OPT_SUCCESS) return ok();
    return Error{Errc::config, "the TLS files cannot be used: " + tls_files(),
                 "they must be in PEM form, and the key must fit the certificate"};
  }

  std::string tls_files() const {
    std::string all;
    for (const std::string& file : {endpoint_.tls_ca, endpoint_.tls_cert, endpoint_.tls_key}) {
      if (!file.empty()) all += (all.empty() ? "" : ", ") + file;
    }
    return all.empty() ? "the certificates of this system" : all;
  }

  Status ask_for_tls() {
    int msgid = 0;
    const int rc = ldap_start_tls(ld(), nullptr, nullptr, &msgid);
    if (rc != LDAP_SUCCESS) return broken(rc, "StartTLS");
    return answered(msgid, "StartTLS");
  }

  Status secure() {
    MUSTER_TRY(configure_tls());
    if (ldap_install_tls(ld()) == LDAP_SUCCESS) return ok();
    if (impl_->transport->timed_out()) return silent("TLS handshake");
    Error error = wire::last_error(ld(), "TLS handshake");
    error.code = Errc::unreachable;
    error.hint =
        "the server must speak TLS 1.2 or newer, and its certificate must be valid, come from the CA in <tls ca=...> and name " +
        target_.host;
    return error;
  }

  Status bind() {
    switch (endpoint_.bind) {
      case Endpoint::Bind::anonymous: return ok();
      case Endpoint::Bind::simple: return bind_simple();
      case Endpoint::Bind::gssapi: return bind_kerberos("GSSAPI");
      case Endpoint::Bind::spnego: return bind_kerberos("GSS-SPNEGO");
      case Endpoint::Bind::external: break;
    }
    return bind_with("", "EXTERNAL", "", "bind with EXTERNAL");
  }

  Status bind_simple() {
    if (!endpoint_.password.rep().empty())
      return bind_with(endpoint_.bind_dn, LDAP_SASL_SIMPLE, endpoint_.password.rep(), "bind as " + endpoint_.bind_dn);
    return Error{
        Errc::config,
        "the password of " + endpoint_.bind_dn + " is empty: the bind would succeed, but as nobody (RFC 4513 section 5.1.2)",
        "set the secret that <bind secret=...> names"};
  }

  Status bind_kerberos(const std::string& mechanism) {
    std::optional<wire::KerberosCredential> credential;
    if (!endpoint_.keytab.empty()) {
      auto own = wire::KerberosCredential::from_keytab(endpoint_.keytab, endpoint_.principal);
      if (!own) return std::move(own).error();
      credential = std::move(*own);
      who_ = credential->principal();
    }
    // libldap finds the server's name where it left it: stay_here() comes later.
    MUSTER_TRY(wire::bind_with_kerberos(ld(), mechanism, credential ? &*credential : nullptr, uses_tls(),
                                        [&](int msgid) -> Result<wire::Message> {
                                          auto message = wire::next_message(ld(), {msgid, left(), {}, endpoint_.waiting});
                                          if (impl_->transport->timed_out() || (message && !*message))
                                            return silent("bind with " + mechanism).error();
                                          return message;
                                        }));
    impl_->info.sealed = wire::sasl_strength(ld());
    return ok();
  }

  Status bind_with(const std::string& dn, const char* mechanism, std::string_view credentials, const std::string& what) {
    berval bytes = wire::borrow(credentials);
    int msgid = 0;
    const int rc = ldap_sasl_bind(ld(), dn.c_str(), mechanism, &bytes, nullptr, nullptr, &msgid);
    if (rc != LDAP_SUCCESS) return broken(rc, what);
    return answered(msgid, what);
  }

  Status answered(int msgid, const std::string& what) {
    auto message = wire::next_message(ld(), {msgid, left(), {}, endpoint_.waiting});
    if (impl_->transport->timed_out() || (message && !*message)) return silent(what);
    if (!message) return std::move(message).error().within(what);
    auto answer = wire::read_answer(ld(), message->get());
    if (!answer) return std::move(answer).error().within(what);
    return answer->code == LDAP_SUCCESS ? ok() : Status(wire::error_from(*answer, what));
  }

  Status described(Status status) { return !status && impl_->transport->timed_out() ? silent("reading the root DSE") : status; }
  Status broken(int code, const std::string& what) {
    return impl_->transport->timed_out() ? silent(what) : Status(wire::error_from(code, what));
  }
  Status silent(const std::string& what) const {
    return Error{Errc::unreachable,
                 what + ": the server took the connection, but was not done within " + human_duration(endpoint_.connect_timeout),
                 ""};
  }

  const Endpoint& endpoint_;
  wire::Target target_;
  wire::Deadline deadline_;
  std::string who_;  ///< the principal of the ticket
  std::unique_ptr<Connection::Impl> impl_ = std::make_unique<Connection::Impl>();
};

/// The URLs, with the servers that DNS names in place of "srv:". Where DNS does not answer, the others are still there.
Result<std::vector<std::string>> servers_of(const Endpoint& endpoint) {
  constexpr std::string_view kSrv = "srv:";
  // Without anything else that encrypts, a server that is found in DNS is reached by ldaps.
  const bool kerberos = endpoint.bind == Endpoint::Bind::gssapi || endpoint.bind == Endpoint::Bind::spnego;
  std::vector<std::string> urls;
  std::optional<Error> trouble;
  for (const std::string& url : endpoint.urls) {
    if (!url.starts_with(kSrv)) {
      urls.push_back(url);
      continue;
    }
    auto found = wire::discover(url.substr(kSrv.size()), endpoint.site, !endpoint.start_tls && !kerberos);
    if (found) {
      urls.insert(urls.end(), found->begin(), found->end());
    } else {
      trouble = std::move(found).error();
    }
  }
  if (urls.empty() && trouble) return *trouble;
  return urls;
}

/// Another server will not mend a wrong password or configuration, but may lock the account for trying again.
bool worth_another_try(const Error& error) { return error.code == Errc::unreachable || error.code == Errc::io; }

}  // namespace

Result<Connection> Connection::open(const Endpoint& endpoint, bool quick) {
  Error error{Errc::config, endpoint.name + ": no URL is configured", ""};
  std::string reasons;
  auto urls = servers_of(endpoint);
  if (!urls) return std::move(urls).error().within(endpoint.name);
  for (const std::string& url : *urls) {
    if (endpoint.waiting && !endpoint.waiting())
      return Error{Errc::unreachable, endpoint.name + ": given up" + (reasons.empty() ? "" : ": " + reasons), ""};
    auto target = wire::parse_target(url);
    if (!target) return std::move(target).error().within(endpoint.name);
    auto impl = Attempt(endpoint, std::move(*target)).run(quick);
    if (impl) return Connection(std::move(*impl));
    error = std::move(impl).error();
    reasons += (reasons.empty() ? "" : "; ") + url + ": " + error.what;
    if (!worth_another_try(error)) break;
  }
  if (!reasons.empty()) error.what = endpoint.name + ": " + reasons;
  return error;
}

}  // namespace muster
