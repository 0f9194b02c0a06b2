#include "ldap/controls.h"

#include <algorithm>

#include "ldap/libldap.h"

namespace muster::wire {
namespace {

std::string bytes_of(BerElement* ber) {
  berval* raw = nullptr;
  if (ber_flatten(ber, &raw) != 0 || !raw) return {};
  return std::string(view(*Bytes(raw)));
}

Ber new_ber() { return Ber(ber_alloc_t(LBER_USE_DER)); }

/// Largest page that the protocol can ask for (RFC 2696: INTEGER (0..maxInt)).
constexpr std::size_t kLargestPage = 0x7fffffff;

}  // namespace

const Control* find_control(const std::vector<Control>& controls, std::string_view oid) {
  const auto at = std::find_if(controls.begin(), controls.end(), [oid](const Control& c) { return c.oid == oid; });
  return at == controls.end() ? nullptr : &*at;
}

Control paged_request(std::size_t size, std::string_view cookie) {
  const Ber ber = new_ber();
  ber_printf(ber.get(), "{io}", static_cast<ber_int_t>(std::min(size, kLargestPage)), cookie.empty() ? "" : cookie.data(),
             static_cast<ber_len_t>(cookie.size()));
  return {std::string(kPagedResults), bytes_of(ber.get()), true, true};
}

Result<PagedAnswer> parse_paged(const Control& control) {
  const berval value = borrow(control.value);
  const Ber ber(control.value.empty() ? nullptr : ber_init(const_cast<berval*>(&value)));  // ber_scanf reads what is not there
  ber_int_t estimate = 0;
  berval cookie{};
  if (!ber || ber_scanf(ber.get(), "{im}", &estimate, &cookie) == LBER_ERROR)
    return Error{Errc::untrusted, "the server's paged results control cannot be read", ""};
  return PagedAnswer{estimate, std::string(view(cookie))};
}

Result<Control> assertion_request(const std::string& filter) {
  LDAP* raw = nullptr;
  if (ldap_create(&raw) != LDAP_SUCCESS) return Error{Errc::io, "libldap cannot make a handle", ""};
  const Handle scratch(raw);
  berval value{};
  const int rc = ldap_create_assertion_control_value(raw, const_cast<char*>(filter.c_str()), &value);
  const Text owned(value.bv_val);
  if (rc != LDAP_SUCCESS) return error_from(rc, "assertion " + filter);
  return Control{std::string(kAssertion), std::string(view(value)), true, true};
}

Control post_read_request(const std::vector<std::string>& attributes) {
  const Ber ber = new_ber();
  ber_printf(ber.get(), "{");
  for (const std::string& name : attributes) ber_printf(ber.get(), "o", name.data(), static_cast<ber_len_t>(name.size()));
  ber_printf(ber.get(), "}");
  return {std::string(kPostRead), bytes_of(ber.get()), false, true};
}

}  // namespace muster::wire
