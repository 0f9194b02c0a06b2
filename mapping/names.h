// Names that must be unlike everybody else's: what plan() asks about them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "schema/dn.h"

namespace muster {

/// A name that a subject could be given.
struct NameWish {
  std::string attribute;  ///< lower case; kRdn: the entry's own name
  std::string value;      ///< as it would be written
  std::string normal;     ///< by which it is compared: the attribute's matching rule; of an RDN its normal form
  Dn dn;                  ///< kRdn: the whole name
  std::optional<std::chrono::seconds> reuse_after;  ///< how long a former name stays taken; none: for ever

  static constexpr std::string_view kRdn = "rdn";
};

/// Who has which name. Asked while one plan is made, and answers the same for the same question meanwhile.
class Names {
 public:
  virtual ~Names() = default;
  /// True when somebody else than the subject has the name, had it within `reuse_after`, or was promised it in a plan.
  virtual bool is_taken(const NameWish& wish) const = 0;
  /// The normal form of what an earlier plan promised the subject; empty: nothing.
  virtual std::string promised(std::string_view attribute) const = 0;
};

/// What sAMAccountName and the front of userPrincipalName take without trouble (MS-SAMR section 3.1.1.6): at most 20 lower-case
/// letters, digits and .-_ without a dot at the end, in ASCII (schema/transliterate.h). Empty where nothing remains.
std::string account_name(std::string_view wish);
/// The same with a number behind it, still at most 20 bytes.
std::string account_name(std::string_view wish, unsigned number);

}  // namespace muster
