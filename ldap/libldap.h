// Private to ldap/: the only include of <ldap.h>. Owners for libldap's resources, and its codes as our errors.
#pragma once

#define LDAP_DEPRECATED 0
#include <lber.h>
#include <ldap.h>
#include <openldap.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/controls.h"
#include "schema/result.h"

namespace muster::wire {

struct Unbind {
  void operator()(LDAP* p) const noexcept { ldap_unbind_ext_s(p, nullptr, nullptr); }
};
struct FreeMessage {
  void operator()(LDAPMessage* p) const noexcept { ldap_msgfree(p); }
};
struct FreeControls {
  void operator()(LDAPControl** p) const noexcept { ldap_controls_free(p); }
};
struct FreeBer {
  void operator()(BerElement* p) const noexcept { ber_free(p, 1); }
};
/// For elements that borrow their bytes, as ldap_get_dn_ber() and ber_init2() make them.
struct FreeBorrowedBer {
  void operator()(BerElement* p) const noexcept { ber_free(p, 0); }
};
struct FreeBytes {
  void operator()(berval* p) const noexcept { ber_bvfree(p); }
};
struct FreeMemory {
  void operator()(void* p) const noexcept { ldap_memfree(p); }
};
struct FreeStrings {
  void operator()(char** p) const noexcept { ldap_memvfree(reinterpret_cast<void**>(p)); }
};
struct FreeUrl {
  void operator()(LDAPURLDesc* p) const noexcept { ldap_free_urldesc(p); }
};
using Handle = std::unique_ptr<LDAP, Unbind>;
using Message = std::unique_ptr<LDAPMessage, FreeMessage>;
using ControlArray = std::unique_ptr<LDAPControl*, FreeControls>;
using Ber = std::unique_ptr<BerElement, FreeBer>;
using BorrowedBer = std::unique_ptr<BerElement, FreeBorrowedBer>;
using Bytes = std::unique_ptr<berval, FreeBytes>;
using Text = std::unique_ptr<char, FreeMemory>;
using Strings = std::unique_ptr<char*, FreeStrings>;
using Url = std::unique_ptr<LDAPURLDesc, FreeUrl>;

inline std::string_view view(const berval& bytes) { return {bytes.bv_val ? bytes.bv_val : "", bytes.bv_len}; }
/// A berval that borrows `bytes`; libldap does not write through it where its API takes requests.
inline berval borrow(std::string_view bytes) { return {static_cast<ber_len_t>(bytes.size()), const_cast<char*>(bytes.data())}; }

/// Our controls as libldap wants them. Borrows from `controls`, which must outlive it.
class ControlPointers {
 public:
  explicit ControlPointers(const std::vector<Control>& controls);
  LDAPControl** get() { return pointers_.size() > 1 ? pointers_.data() : nullptr; }

 private:
  std::vector<LDAPControl> controls_;
  std::vector<LDAPControl*> pointers_;
};
/// libldap's controls as ours; null gives none.
std::vector<Control> copy_controls(LDAPControl* const* controls);

/// What ends an operation (RFC 4511 section 4.1.9).
struct Answer {
  int code = 0;
  std::string matched;
  std::string diagnostic;
  std::vector<std::string> referrals;
  std::vector<Control> controls;
};
/// Errc::unreachable: `message` cannot be read as a result.
Result<Answer> read_answer(LDAP* ld, LDAPMessage* message);

/// The kind of trouble an LDAP result code (RFC 4511 appendix A) or a libldap code (negative) is. The one table of this program.
Errc errc_of(int code);
/// What to do about a code; empty when nothing general helps.
std::string_view hint_of(int code);
/// "Insufficient access (50)".
std::string code_text(int code);
/// "DOING: Insufficient access (50): DIAGNOSTIC", with kind and hint of the code.
Error error_from(int code, std::string_view doing, std::string_view diagnostic = {});
Error error_from(const Answer& answer, std::string_view doing);
/// The error that libldap itself last reported on `ld`, with its diagnostic text.
Error last_error(LDAP* ld, std::string_view doing);
/// libldap's own code for its last failure on `ld` (LDAP_SERVER_DOWN, ...).
int last_code(LDAP* ld);

struct Wait {
  int msgid = LDAP_RES_ANY;
  std::chrono::milliseconds patience{};
  std::stop_token stop;
  std::function<bool()> waiting{};  ///< Endpoint::waiting
};
/// The next single message for `wait.msgid` as soon as it is there. Null: nothing came for `patience`. Errc::cancelled within 100
/// ms of a stop request; Errc::unreachable: `waiting` gave it up, or the connection broke, and `ld` must not be used again (libldap
/// would reconnect without a bind).
Result<Message> next_message(LDAP* ld, const Wait& wait);

}  // namespace muster::wire
