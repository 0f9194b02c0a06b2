#include "ldap/connection.h"

#include "ldap/connection_impl.h"
#include "ldap/transport.h"

namespace muster {

Connection::Impl::Impl() = default;
Connection::Impl::~Impl() {
  if (transport) transport->hurry();
  ld.reset();
}

Status Connection::Impl::usable() const { return broken ? Status(*broken) : ok(); }

Error Connection::Impl::fail(Error error) {
  if (error.code == Errc::unreachable && !broken) {
    error.what = name + " (" + info.url + "): " + error.what;
    broken = error;
  }
  return error;
}

Result<wire::Answer> Connection::Impl::finish(int msgid, std::string_view doing, std::stop_token stop) {
  MUSTER_TRY(usable());
  for (;;) {
    auto message = wire::next_message(ld.get(), {msgid, timeout, stop});
    if (!message) return fail(std::move(message).error().within(doing));
    if (!*message) return fail({Errc::unreachable, std::string(doing) + ": no answer for " + std::to_string(timeout.count()) + " ms", ""});
    const int type = ldap_msgtype(message->get());
    if (type == LDAP_RES_SEARCH_ENTRY || type == LDAP_RES_SEARCH_REFERENCE || type == LDAP_RES_INTERMEDIATE) continue;
    auto answer = wire::read_answer(ld.get(), message->get());
    if (!answer) return fail(std::move(answer).error().within(doing));
    return answer;
  }
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

const ServerInfo& Connection::server() const { return impl_->info; }

Status Connection::ping() {
  const char* none = LDAP_NO_ATTRS;
  char* attributes[] = {const_cast<char*>(none), nullptr};
  MUSTER_TRY(impl_->usable());
  int msgid = 0;
  if (ldap_search_ext(impl_->ld.get(), "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, nullptr, nullptr, nullptr, 0, &msgid) != LDAP_SUCCESS) {
    return impl_->fail(wire::last_error(impl_->ld.get(), "asking whether the server is there"));
  }
  auto answer = impl_->finish(msgid, "asking whether the server is there");
  if (!answer) return std::move(answer).error();
  return ok();
}

void initialise_ldap() {
  int client = 0;
  // GnuTLS and OpenSSL below libldap set themselves up on first use, without a lock.
  ldap_set_option(nullptr, LDAP_OPT_X_TLS_NEWCTX, &client);
}

}  // namespace muster
