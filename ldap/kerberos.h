// Private to ldap/: credentials of Kerberos, and the bind that uses them (RFC 4752 GSSAPI, RFC 4178 SPNEGO).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ldap/connection.h"
#include "ldap/libldap.h"

namespace muster::wire {

/// A ticket of the keytab's key, in memory of this process only, fetched anew for each connection: so it is never one that is about
/// to end. Any number of threads may have their own.
class KerberosCredential {
 public:
  /// Asks the KDC. Errc::config: the keytab cannot be used; Errc::unreachable: no KDC answers; Errc::refused: it refuses.
  static Result<KerberosCredential> from_keytab(const std::string& keytab, const std::string& principal);
  KerberosCredential(KerberosCredential&&) noexcept;
  KerberosCredential& operator=(KerberosCredential&&) noexcept;
  ~KerberosCredential();

  const std::string& cache() const;      ///< the name of its ticket cache
  const std::string& principal() const;  ///< "svc-muster@CORP.EXAMPLE"

 private:
  struct Impl;
  explicit KerberosCredential(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Gives the next message for an id, or an error; within the caller's deadline.
using NextMessage = std::function<Result<Message>(int msgid)>;

/// Binds with a SASL mechanism that needs no answers from people. Signs and seals what follows, unless TLS does (`tls`).
Status bind_with_kerberos(LDAP* ld, const std::string& mechanism, const KerberosCredential* credential, bool tls,
                          const NextMessage& next);
/// How strong the SASL layer encrypts, in bits; 0: not at all.
unsigned sasl_strength(LDAP* ld);

}  // namespace muster::wire
