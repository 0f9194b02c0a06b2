#include "ldap/connection.h"

#include "ldap/connection_impl.h"
#include "ldap/transport.h"
#include "schema/calendar.h"

namespace muster {

Connection::Impl::Impl() = default;
Connection::Impl::~Impl() {
  if (transport) transport->hurry();
  ld.reset();
}

Status Connection::Impl::usable() const { return broken ? Status(*broken) : ok(); }

Error Connection::Impl::fail(Error error) {
  error.what.insert(0, name + " (" + info.url + "): ");
  if (error.code == Errc::unreachable && !broken) broken = error;
  return error;
}

Result<wire::Message> Connection::Impl::next(int msgid, std::string_view doing, const std::stop_token& stop) {
  auto message = wire::next_message(ld.get(), {msgid, timeout, stop, waiting});
  if (!message) return fail(std::move(message).error().within(doing));
  if (!*message) return fail({Errc::unreachable, std::string(doing) + ": no answer for " + human_duration(timeout), ""});
  return message;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

const ServerInfo& Connection::server() const { return impl_->info; }

Status Connection::ping() {
  const std::string doing = "asking whether the server is there";
  std::string nothing(LDAP_NO_ATTRS);
  char* attributes[] = {nothing.data(), nullptr};
  MUSTER_TRY(impl_->usable());
  int msgid = 0;
  const int rc = ldap_search_ext(impl_->ld.get(), "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, nullptr, nullptr, nullptr,
                                 LDAP_NO_LIMIT, &msgid);
  if (rc != LDAP_SUCCESS) return impl_->fail(wire::error_from(rc, doing));
  for (;;) {
    auto message = impl_->next(msgid, doing);
    if (!message) return std::move(message).error();
    // Whatever it says: it answered.
    if (ldap_msgtype(message->get()) == LDAP_RES_SEARCH_RESULT) return ok();
  }
}

void initialise_ldap() {
  // libldap and the TLS library below it set themselves up on first use, without a lock.
  const int client = 0;
  ldap_set_option(nullptr, LDAP_OPT_X_TLS_NEWCTX, &client);
}

}  // namespace muster
