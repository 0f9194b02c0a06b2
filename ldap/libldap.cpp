#include "ldap/libldap.h"

#include <algorithm>
#include <array>

#include "ldap/ad_errors.h"

namespace muster::wire {
namespace {

using std::chrono::milliseconds;

struct Known {
  int code;
  Errc kind;
  std::string_view hint;
};

constexpr std::string_view kTruncated = "give the bind account an unlimited size and time limit";
constexpr std::string_view kSchema =
    "the entry would break the server's schema: compare the mapping with the object classes of the entry";

/// RFC 4511 appendix A, RFC 4528 section 4 (122), RFC 4533 section 2.6 (4096), and libldap's own codes (negative).
constexpr std::array kKnown{
    Known{LDAP_OPERATIONS_ERROR, Errc::refused, ""},
    Known{LDAP_PROTOCOL_ERROR, Errc::refused, ""},
    Known{LDAP_TIMELIMIT_EXCEEDED, Errc::untrusted, kTruncated},
    Known{LDAP_SIZELIMIT_EXCEEDED, Errc::untrusted, kTruncated},
    Known{LDAP_STRONG_AUTH_NOT_SUPPORTED, Errc::refused, "the server does not know this bind method"},
    Known{LDAP_STRONG_AUTH_REQUIRED, Errc::refused, "the server wants TLS or a stronger bind: use ldaps:// or start-tls"},
    Known{LDAP_REFERRAL, Errc::untrusted, "the entry is held by another server: name that server in the url"},
    Known{LDAP_ADMINLIMIT_EXCEEDED, Errc::untrusted, kTruncated},
    Known{LDAP_UNAVAILABLE_CRITICAL_EXTENSION, Errc::refused, "the server lacks a control that it announced"},
    Known{LDAP_CONFIDENTIALITY_REQUIRED, Errc::refused, "the server wants TLS: use ldaps:// or start-tls"},
    Known{LDAP_NO_SUCH_ATTRIBUTE, Errc::conflict, ""},
    Known{LDAP_UNDEFINED_TYPE, Errc::refused, "the server's schema has no such attribute"},
    Known{LDAP_INAPPROPRIATE_MATCHING, Errc::refused, ""},
    Known{LDAP_CONSTRAINT_VIOLATION, Errc::refused, "a value breaks a rule of the server (password policy, uniqueness, length)"},
    Known{LDAP_TYPE_OR_VALUE_EXISTS, Errc::conflict, ""},
    Known{LDAP_INVALID_SYNTAX, Errc::refused, "a value does not fit the syntax of its attribute"},
    Known{LDAP_NO_SUCH_OBJECT, Errc::not_found, ""},
    Known{LDAP_INVALID_DN_SYNTAX, Errc::refused, ""},
    Known{LDAP_INAPPROPRIATE_AUTH, Errc::refused, "the bind account has no password of this kind"},
    Known{LDAP_INVALID_CREDENTIALS, Errc::refused, "check the bind dn and its secret; the account may also be locked or expired"},
    Known{LDAP_INSUFFICIENT_ACCESS, Errc::refused, "grant the bind account this right; muster check lists the rights it needs"},
    Known{LDAP_BUSY, Errc::unreachable, ""},
    Known{LDAP_UNAVAILABLE, Errc::unreachable, ""},
    Known{LDAP_UNWILLING_TO_PERFORM, Errc::refused, "a policy of the server forbids it"},
    Known{LDAP_NAMING_VIOLATION, Errc::refused, kSchema},
    Known{LDAP_OBJECT_CLASS_VIOLATION, Errc::refused, kSchema},
    Known{LDAP_NOT_ALLOWED_ON_NONLEAF, Errc::refused, "the entry has entries below it"},
    Known{LDAP_NOT_ALLOWED_ON_RDN, Errc::refused, "the attribute is part of the entry's name: rename the entry instead"},
    Known{LDAP_ALREADY_EXISTS, Errc::conflict, "an entry of this name exists already"},
    Known{LDAP_NO_OBJECT_CLASS_MODS, Errc::refused, kSchema},
    Known{LDAP_ASSERTION_FAILED, Errc::conflict, ""},
    Known{LDAP_SYNC_REFRESH_REQUIRED, Errc::stale_cursor, ""},
    Known{LDAP_SERVER_DOWN, Errc::unreachable, ""},
    Known{LDAP_TIMEOUT, Errc::unreachable, ""},
    Known{LDAP_DECODING_ERROR, Errc::unreachable, ""},
    Known{LDAP_CONNECT_ERROR, Errc::unreachable, ""},
    Known{LDAP_ENCODING_ERROR, Errc::config, ""},
    Known{LDAP_FILTER_ERROR, Errc::config, "the filter is not one that RFC 4515 allows"},
    Known{LDAP_PARAM_ERROR, Errc::config, ""},
    Known{LDAP_USER_CANCELLED, Errc::cancelled, ""},
};

const Known* find(int code) {
  const auto at = std::find_if(kKnown.begin(), kKnown.end(), [code](const Known& k) { return k.code == code; });
  return at == kKnown.end() ? nullptr : &*at;
}

std::string diagnostic_of(LDAP* ld) {
  char* raw = nullptr;
  if (ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &raw) != LDAP_OPT_SUCCESS || !raw) return {};
  return Text(raw).get();
}

std::vector<std::string> copy_strings(char** raw) {
  const Strings strings(raw);
  std::vector<std::string> copies;
  for (char** s = raw; s && *s; ++s) copies.emplace_back(*s);
  return copies;
}

}  // namespace

ControlPointers::ControlPointers(const std::vector<Control>& controls) {
  controls_.reserve(controls.size());
  for (const Control& c : controls) {
    const berval value = c.has_value ? borrow(c.value) : berval{0, nullptr};
    controls_.push_back({const_cast<char*>(c.oid.c_str()), value, static_cast<char>(c.critical)});
  }
  for (LDAPControl& c : controls_) pointers_.push_back(&c);
  pointers_.push_back(nullptr);
}

std::vector<Control> copy_controls(LDAPControl* const* controls) {
  std::vector<Control> copies;
  for (; controls && *controls; ++controls) {
    const LDAPControl& c = **controls;
    copies.push_back({c.ldctl_oid, std::string(view(c.ldctl_value)), c.ldctl_iscritical != 0, c.ldctl_value.bv_val != nullptr});
  }
  return copies;
}

Result<Answer> read_answer(LDAP* ld, LDAPMessage* message) {
  Answer answer;
  char *matched = nullptr, *diagnostic = nullptr, **referrals = nullptr;
  LDAPControl** controls = nullptr;
  const int rc = ldap_parse_result(ld, message, &answer.code, &matched, &diagnostic, &referrals, &controls, 0);
  const Text owned_matched(matched), owned_diagnostic(diagnostic);
  const ControlArray owned_controls(controls);
  answer.referrals = copy_strings(referrals);
  if (rc != LDAP_SUCCESS) return last_error(ld, "the server's answer cannot be read");
  if (matched) answer.matched = matched;
  if (diagnostic) answer.diagnostic = diagnostic;
  answer.controls = copy_controls(controls);
  return answer;
}

Errc errc_of(int code) {
  const Known* known = find(code);
  if (known) return known->kind;
  return code < 0 ? Errc::io : Errc::refused;
}

std::string_view hint_of(int code) {
  const Known* known = find(code);
  return known ? known->hint : std::string_view{};
}

std::string code_text(int code) { return std::string(ldap_err2string(code)) + " (" + std::to_string(code) + ")"; }

Error error_from(int code, std::string_view doing, std::string_view diagnostic) {
  // Samba ends its messages with a line break.
  while (diagnostic.ends_with('\n') || diagnostic.ends_with('\0')) diagnostic.remove_suffix(1);
  const auto explained = explain_active_directory(diagnostic);
  std::string what = std::string(doing) + ": ";
  if (explained) what.append(explained->what).append(": ");
  what += code_text(code);
  if (!diagnostic.empty()) what.append(": ").append(diagnostic);
  return {errc_of(code), std::move(what), std::string(explained && !explained->hint.empty() ? explained->hint : hint_of(code))};
}

Error error_from(const Answer& answer, std::string_view doing) {
  std::string text = answer.diagnostic;
  for (const std::string& url : answer.referrals) text += (text.empty() ? "referred to " : ", referred to ") + url;
  if (!answer.matched.empty() && answer.code == LDAP_NO_SUCH_OBJECT)
    text += (text.empty() ? "the nearest entry that exists is " : "; the nearest entry that exists is ") + answer.matched;
  return error_from(answer.code, doing, text);
}

int last_code(LDAP* ld) {
  int code = LDAP_OTHER;
  ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
  return code;
}

Error last_error(LDAP* ld, std::string_view doing) { return error_from(last_code(ld), doing, diagnostic_of(ld)); }

Result<Message> next_message(LDAP* ld, const Wait& wait) {
  constexpr milliseconds kLatency{100};
  const auto end = std::chrono::steady_clock::now() + wait.patience;
  for (;;) {
    if (wait.stop.stop_requested()) return Error{Errc::cancelled, "stopped", ""};
    if (wait.waiting && !wait.waiting()) return Error{Errc::unreachable, "given up while the server was silent", ""};
    const auto left = std::max(std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()), milliseconds(0));
    const auto slice = wait.waiting || wait.stop.stop_possible() ? std::min(left, kLatency) : left;
    timeval limit{};
    limit.tv_sec = static_cast<decltype(limit.tv_sec)>(slice.count() / 1000);
    limit.tv_usec = static_cast<decltype(limit.tv_usec)>(slice.count() % 1000 * 1000);
    LDAPMessage* raw = nullptr;
    const int rc = ldap_result(ld, wait.msgid, LDAP_MSG_ONE, &limit, &raw);
    if (rc > 0) return Message(raw);
    if (rc < 0) return Error{Errc::unreachable, "the connection broke: " + code_text(last_code(ld)), ""};
    if (slice >= left) return Message();
  }
}

}  // namespace muster::wire
