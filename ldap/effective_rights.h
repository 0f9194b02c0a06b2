// What the bound account may do, as the server itself says it. Nothing is changed by asking.
#pragma once

#include <optional>
#include <string>

#include "ldap/connection.h"

namespace muster {

/// unknown: this server shows it only when it is done.
enum class Allowed { yes, no, unknown };

/// Active Directory computes allowedAttributesEffective and allowedChildClassesEffective (MS-ADTS section 3.1.1.4.5.22, .21), 389
/// Directory Server has the Get Effective Rights control (draft-ietf-ldapext-acl-model), OpenLDAP the no-operation control: it
/// checks a write as ever and leaves it at that. Any other server is asked to remove a value that nobody has. One thread, and not
/// longer than the connection. Errors are those of a connection that broke.
class EffectiveRights {
 public:
  explicit EffectiveRights(Connection& connection) : connection_(connection) {}

  Result<Allowed> write(const std::string& dn, const std::string& attribute);
  /// An account in `parent`; `example`: an entry there (389 tells it of entries), or empty.
  Result<Allowed> create(const std::string& parent, const std::string& example);
  Result<Allowed> remove(const std::string& dn);
  Result<Allowed> move(const std::string& dn, const std::string& to);
  /// Active Directory: every change of the domain (Replicating Directory Changes).
  Result<Allowed> replicate();
  /// Active Directory: the tombstones below CN=Deleted Objects.
  Result<Allowed> see_deleted();

 private:
  Result<Allowed> try_out(WriteOp op);
  Result<Allowed> remove_nobody(const std::string& dn, const std::string& attribute);
  Result<std::string> get_effective(const std::string& dn, const std::string& attribute, const std::string& answer);
  Result<Values> computed(const std::string& dn, const std::string& attribute);

  Connection& connection_;
  struct Computed {
    std::string dn, attribute;
    Values values;
  };
  std::optional<Computed> last_;
};

}  // namespace muster
