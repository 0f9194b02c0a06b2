// Reaching, securing and binding: Connection::open.
#include "ldap/connection.h"
#include "ldap/connection_impl.h"
#include "ldap/dial.h"
#include "ldap/server.h"
#include "ldap/transport.h"

namespace muster {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// One attempt at one URL.
class Attempt {
 public:
  Attempt(const Endpoint& endpoint, wire::Target target) : endpoint_(endpoint), target_(std::move(target)), deadline_(steady_clock::now() + endpoint.connect_timeout) {}

  Result<std::unique_ptr<Connection::Impl>> run(bool quick) {
    MUSTER_TRY(refuse_clear_password());
    auto socket = wire::dial(target_, deadline_, endpoint_.timeout);
    if (!socket) return std::move(socket).error();
    impl_->name = endpoint_.name;
    impl_->timeout = endpoint_.timeout;
    impl_->info.url = target_.url;
    impl_->transport = std::make_unique<wire::Transport>(std::move(*socket), deadline_, endpoint_.timeout);
    auto handle = impl_->transport->attach(target_.url);
    if (!handle) return std::move(handle).error();
    impl_->ld = std::move(*handle);
    MUSTER_TRY(configure());
    if (target_.scheme == wire::Target::Scheme::ldaps) MUSTER_TRY(secure());
    if (endpoint_.start_tls && target_.scheme == wire::Target::Scheme::ldap) MUSTER_TRY(start_tls());
    MUSTER_TRY(bind());
    impl_->transport->established();
    if (Status described = wire::describe_server(*impl_, endpoint_.bind_dn, quick); !described) return std::move(described).error();
    return std::move(impl_);
  }

 private:
  Status refuse_clear_password() const {
    const bool clear = target_.scheme == wire::Target::Scheme::ldap && !endpoint_.start_tls && !target_.loopback();
    if (endpoint_.bind != Endpoint::Bind::simple || !clear) return ok();
    return Error{Errc::config, "the password would travel in clear", "use ldaps://, or <tls start-tls=\"true\">"};
  }

  Error config(const std::string& what, const std::string& hint) const { return {Errc::config, what, hint}; }

  Status set(int option, const void* value, const std::string& what) {
    if (ldap_set_option(impl_->ld.get(), option, value) == LDAP_OPT_SUCCESS) return ok();
    return config(what + " cannot be used", "check that the file exists, is readable and in PEM form");
  }

  Status configure() {
    const int version = LDAP_VERSION3;
    MUSTER_TRY(set(LDAP_OPT_PROTOCOL_VERSION, &version, "LDAP version 3"));
    MUSTER_TRY(set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF, "the option for referrals"));
    MUSTER_TRY(set(LDAP_OPT_RESTART, LDAP_OPT_ON, "the option for restarts"));
    return ok();
  }

  Status configure_tls() {
    const int hard = LDAP_OPT_X_TLS_HARD, oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
    MUSTER_TRY(set(LDAP_OPT_X_TLS_REQUIRE_CERT, &hard, "the check of certificates"));
    MUSTER_TRY(set(LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest, "TLS 1.2"));
    if (!endpoint_.tls_ca.empty()) MUSTER_TRY(set(LDAP_OPT_X_TLS_CACERTFILE, endpoint_.tls_ca.c_str(), "the CA file " + endpoint_.tls_ca));
    if (!endpoint_.tls_cert.empty()) MUSTER_TRY(set(LDAP_OPT_X_TLS_CERTFILE, endpoint_.tls_cert.c_str(), "the certificate " + endpoint_.tls_cert));
    if (!endpoint_.tls_key.empty()) MUSTER_TRY(set(LDAP_OPT_X_TLS_KEYFILE, endpoint_.tls_key.c_str(), "the key " + endpoint_.tls_key));
    return set(LDAP_OPT_X_TLS_NEWCTX, &client, "the TLS files (" + endpoint_.tls_ca + " " + endpoint_.tls_cert + " " + endpoint_.tls_key + ")");
  }

  Status secure() {
    MUSTER_TRY(configure_tls());
    if (ldap_install_tls(impl_->ld.get()) == LDAP_SUCCESS) {
      impl_->info.tls = true;
      return ok();
    }
    if (impl_->transport->timed_out()) return silent("TLS handshake");
    Error e = wire::last_error(impl_->ld.get(), "TLS handshake");
    e.code = Errc::unreachable;
    if (e.hint.empty()) e.hint = "the certificate must come from the CA in <tls ca=...> and name this host";
    return e;
  }

  Status silent(const std::string& what) const {
    return Error{Errc::unreachable, what + ": the server accepted the connection and stayed silent for " + std::to_string(endpoint_.connect_timeout.count()) + " ms", ""};
  }

  Result<wire::Answer> wait_for(int msgid, const std::string& what) {
    const auto left = std::max(std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now()), milliseconds(0));
    auto message = wire::next_message(impl_->ld.get(), {msgid, left, {}});
    if (impl_->transport->timed_out() || (message && !*message)) return silent(what).error();
    if (!message) return std::move(message).error().within(what);
    return wire::read_answer(impl_->ld.get(), message->get());
  }

  Status start_tls() {
    int msgid = 0;
    if (ldap_start_tls(impl_->ld.get(), nullptr, nullptr, &msgid) != LDAP_SUCCESS) return wire::last_error(impl_->ld.get(), "StartTLS");
    auto answer = wait_for(msgid, "StartTLS");
    if (!answer) return std::move(answer).error();
    if (answer->code != LDAP_SUCCESS) return wire::error_from(*answer, "StartTLS");
    return secure();
  }

  Status bind() {
    if (endpoint_.bind == Endpoint::Bind::anonymous) return ok();
    const bool simple = endpoint_.bind == Endpoint::Bind::simple;
    if (simple && endpoint_.password.rep().empty()) return config("the password of " + endpoint_.bind_dn + " is empty, which would bind anonymously (RFC 4513 section 5.1.2)", "set the secret");
    const berval credentials = simple ? wire::borrow(endpoint_.password.rep()) : berval{0, const_cast<char*>("")};
    const std::string what = simple ? "bind as " + endpoint_.bind_dn : "bind with EXTERNAL";
    int msgid = 0;
    const int rc = ldap_sasl_bind(impl_->ld.get(), simple ? endpoint_.bind_dn.c_str() : "", simple ? LDAP_SASL_SIMPLE : "EXTERNAL", const_cast<berval*>(&credentials), nullptr, nullptr, &msgid);
    if (rc != LDAP_SUCCESS) return impl_->transport->timed_out() ? silent(what) : Status(wire::error_from(rc, what));
    auto answer = wait_for(msgid, what);
    if (!answer) return std::move(answer).error();
    if (answer->code == LDAP_SUCCESS) return ok();
    return wire::error_from(*answer, what);
  }

  const Endpoint& endpoint_;
  wire::Target target_;
  wire::Deadline deadline_;
  std::unique_ptr<Connection::Impl> impl_ = std::make_unique<Connection::Impl>();
};

}  // namespace

Result<Connection> Connection::open(const Endpoint& endpoint, bool quick) {
  Error worst{Errc::config, endpoint.name + ": no URL is configured", ""};
  std::string all;
  for (const std::string& url : endpoint.urls) {
    auto target = wire::parse_target(url);
    if (!target) return std::move(target).error().within(endpoint.name);
    auto impl = Attempt(endpoint, std::move(*target)).run(quick);
    if (impl) return Connection(std::move(*impl));
    Error error = std::move(impl).error();
    all += (all.empty() ? "" : "; ") + url + ": " + error.what;
    worst.code = error.code;
    worst.hint = error.hint;
    // Another server will not mend a wrong password or configuration, but may lock the account for trying again.
    if (error.code != Errc::unreachable && error.code != Errc::io) break;
  }
  if (!all.empty()) worst.what = endpoint.name + ": " + all;
  return worst;
}

}  // namespace muster
