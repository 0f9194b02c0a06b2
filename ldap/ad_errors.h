// Private to ldap/: what Active Directory means by its diagnostic messages. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace muster::wire {

struct Explanation {
  std::string_view what;  ///< a clause: "the password policy refuses the password"
  std::string_view hint;  ///< what to do; empty: nothing general helps
};

/// A diagnostic message begins with a Win32 code in eight hexadecimal digits (MS-ADTS section 3.1.1.3.1.9); of a failed bind the
/// reason stands behind "data". None: not of that form, or a code that says no more than the LDAP result does.
std::optional<Explanation> explain_active_directory(std::string_view diagnostic);

}  // namespace muster::wire
