// GSS-SPNEGO by SSPI: the service's own account of the domain, whose key Windows keeps (MS-ADTS section 5.1.1.1.2, RFC 4178).
#include "ldap/windows/sspi.h"

// They need each other in this order.
// clang-format off
#define SECURITY_WIN32
#include <windows.h>
#include <wincrypt.h>
#include <security.h>
// clang-format on

#include <cstring>
#include <system_error>

#include "ldap/dial.h"
#include "ldap/kerberos.h"

namespace muster::wire {
namespace {

struct Handles {
  CredHandle credential{};
  CtxtHandle context{};
  bool has_credential = false, has_context = false;

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    if (has_context) DeleteSecurityContext(&context);
    if (has_credential) FreeCredentialsHandle(&credential);
  }
};

Error failed(SECURITY_STATUS status, const std::string& doing) {
  Error error{Errc::refused, doing + ": " + std::error_code(static_cast<int>(status), std::system_category()).message(), ""};
  if (status == SEC_E_NO_CREDENTIALS || status == SEC_E_UNKNOWN_CREDENTIALS) {
    error.code = Errc::config;
    error.what = doing + ": the service's account is none of the domain";
    error.hint = "run the service as an account of the domain (a gMSA), or on a machine that is in the domain";
  } else if (status == SEC_E_TARGET_UNKNOWN) {
    error.hint =
        "the name in the url must be one of the server's: use its full host name, which it has as ldap/HOST among its "
        "servicePrincipalName";
  } else if (status == SEC_E_TIME_SKEW) {
    error.hint = "set this machine's clock by the domain's: Kerberos bears five minutes";
  } else if (status == SEC_E_NO_AUTHENTICATING_AUTHORITY) {
    error.code = Errc::unreachable;
    error.hint = "check that port 88 of the domain controllers can be reached";
  }
  return error;
}

std::string certificate_of(LDAP* ld) {
  berval der{};
  if (ldap_get_option(ld, LDAP_OPT_X_TLS_PEERCERT, &der) != LDAP_OPT_SUCCESS || !der.bv_val) return {};
  std::string copy(der.bv_val, der.bv_len);
  ber_memfree(der.bv_val);
  return copy;
}

Result<std::wstring> name_of_service(LDAP* ld) {
  char* uri = nullptr;
  ldap_get_option(ld, LDAP_OPT_URI, &uri);
  const Text owned(uri);
  auto target = parse_target(uri ? std::string(uri).substr(0, std::string(uri).find(' ')) : "");
  if (!target) return std::move(target).error();
  return L"ldap/" + std::wstring(target->host.begin(), target->host.end());  // ASCII (RFC 1123)
}

/// One step; the token for the server, maybe empty.
class Negotiation {
 public:
  explicit Negotiation(std::string bindings) : bindings_(std::move(bindings)) {}

  Status open(const std::string& doing) {
    TimeStamp until;
    wchar_t package[] = L"Negotiate";
    const SECURITY_STATUS s = AcquireCredentialsHandleW(nullptr, package, SECPKG_CRED_OUTBOUND, nullptr, nullptr, nullptr, nullptr,
                                                        &handles_.credential, &until);
    if (s != SEC_E_OK) return failed(s, doing);
    handles_.has_credential = true;
    return ok();
  }

  Result<std::string> step(std::wstring spn, std::string from_server, const std::string& doing) {
    SecBuffer in[2] = {{static_cast<unsigned long>(bindings_.size()), SECBUFFER_CHANNEL_BINDINGS, bindings_.data()},
                       {static_cast<unsigned long>(from_server.size()), SECBUFFER_TOKEN, from_server.data()}};
    SecBufferDesc offered{SECBUFFER_VERSION, handles_.has_context ? 2UL : 1UL, in};
    SecBuffer out{0, SECBUFFER_TOKEN, nullptr};
    SecBufferDesc wanted{SECBUFFER_VERSION, 1, &out};
    unsigned long got = 0;
    TimeStamp until;
    // Inside TLS neither signing nor sealing is asked for (MS-ADTS section 5.1.1.1.2).
    SECURITY_STATUS s = InitializeSecurityContextW(&handles_.credential, handles_.has_context ? &handles_.context : nullptr,
                                                   spn.data(), ISC_REQ_MUTUAL_AUTH | ISC_REQ_ALLOCATE_MEMORY, 0,
                                                   SECURITY_NATIVE_DREP, &offered, 0, &handles_.context, &wanted, &got, &until);
    std::string token;
    if (out.pvBuffer) {
      token.assign(static_cast<const char*>(out.pvBuffer), out.cbBuffer);
      FreeContextBuffer(out.pvBuffer);
    }
    if (s != SEC_E_OK && s != SEC_I_CONTINUE_NEEDED) return failed(s, doing);
    handles_.has_context = true;
    done_ = s == SEC_E_OK;
    return token;
  }
  bool done() const { return done_; }

 private:
  Handles handles_;
  std::string bindings_;
  bool done_ = false;
};

/// The server's half of a step. None: it is content.
Result<std::optional<std::string>> ask(LDAP* ld, const std::string& token, const std::string& doing, const NextMessage& next) {
  berval bytes = borrow(token);
  int msgid = 0;
  const int rc = ldap_sasl_bind(ld, "", "GSS-SPNEGO", &bytes, nullptr, nullptr, &msgid);
  if (rc != LDAP_SUCCESS) return error_from(rc, doing);
  auto message = next(msgid);
  if (!message) return std::move(message).error();
  berval* raw = nullptr;
  const int parsed = ldap_parse_sasl_bind_result(ld, message->get(), &raw, 0);
  const Bytes answer(raw);
  if (parsed != LDAP_SUCCESS && parsed != LDAP_SASL_BIND_IN_PROGRESS) return error_from(parsed, doing);
  auto result = read_answer(ld, message->get());
  if (!result) return std::move(result).error();
  if (result->code != LDAP_SUCCESS && result->code != LDAP_SASL_BIND_IN_PROGRESS) return error_from(*result, doing);
  if (result->code == LDAP_SUCCESS && (!raw || raw->bv_len == 0)) return std::optional<std::string>();
  return std::optional(raw ? std::string(view(*raw)) : std::string());
}

}  // namespace

std::string end_point_binding(const std::string& certificate) {
  const CERT_CONTEXT* parsed = CertCreateCertificateContext(X509_ASN_ENCODING, reinterpret_cast<const BYTE*>(certificate.data()),
                                                            static_cast<DWORD>(certificate.size()));
  if (!parsed) return {};
  // The hash of the certificate's signature, but SHA-256 for MD5 and SHA-1 (RFC 5929 section 4.1).
  const std::string_view oid = parsed->pCertInfo->SignatureAlgorithm.pszObjId;
  const wchar_t* hash = oid == "1.2.840.113549.1.1.12" || oid == "1.2.840.10045.4.3.3"   ? L"SHA384"
                        : oid == "1.2.840.113549.1.1.13" || oid == "1.2.840.10045.4.3.4" ? L"SHA512"
                                                                                         : L"SHA256";
  CertFreeCertificateContext(parsed);
  BYTE digest[64];
  DWORD size = sizeof digest;
  if (!CryptHashCertificate2(hash, 0, nullptr, reinterpret_cast<const BYTE*>(certificate.data()),
                             static_cast<DWORD>(certificate.size()), digest, &size))
    return {};
  return "tls-server-end-point:" + std::string(reinterpret_cast<const char*>(digest), size);
}

std::string channel_bindings(const std::string& application_data) {
  SEC_CHANNEL_BINDINGS head{};
  head.cbApplicationDataLength = static_cast<unsigned long>(application_data.size());
  head.dwApplicationDataOffset = sizeof head;
  std::string all(sizeof head, '\0');
  std::memcpy(all.data(), &head, sizeof head);
  return all + application_data;
}

struct KerberosCredential::Impl {
  std::string nothing;
};
KerberosCredential::KerberosCredential(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KerberosCredential::KerberosCredential(KerberosCredential&&) noexcept = default;
KerberosCredential& KerberosCredential::operator=(KerberosCredential&&) noexcept = default;
KerberosCredential::~KerberosCredential() = default;
const std::string& KerberosCredential::cache() const { return impl_->nothing; }
const std::string& KerberosCredential::principal() const { return impl_->nothing; }

Result<KerberosCredential> KerberosCredential::from_keytab(const std::string& keytab, const std::string&) {
  return Error{Errc::config, "the keytab " + keytab + " is of no use on Windows, which keeps the keys of accounts itself",
               "run the service as that account of the domain (a gMSA) and leave keytab=\"...\" away"};
}

Status bind_with_kerberos(LDAP* ld, const std::string& mechanism, const KerberosCredential*, bool tls, const NextMessage& next) {
  const std::string doing = "bind with " + mechanism;
  if (mechanism != "GSS-SPNEGO") return Error{Errc::config, mechanism + " is not offered on Windows", "write method=\"spnego\""};
  if (!tls) {
    return Error{Errc::config, "on Windows, " + mechanism + " without TLS would leave what follows in clear",
                 "use ldaps://, or start-tls=\"true\""};
  }
  const std::string end_point = end_point_binding(certificate_of(ld));
  if (end_point.empty()) return Error{Errc::refused, doing + ": the server's certificate cannot be hashed", ""};
  auto spn = name_of_service(ld);
  if (!spn) return std::move(spn).error();
  Negotiation negotiation(channel_bindings(end_point));
  MUSTER_TRY(negotiation.open(doing));
  std::optional<std::string> from_server = std::string();
  for (;;) {
    auto token = negotiation.step(*spn, *from_server, doing);
    if (!token) return std::move(token).error();
    if (negotiation.done() && token->empty()) return ok();
    auto answer = ask(ld, *token, doing, next);
    if (!answer) return std::move(answer).error();
    if (!*answer) {
      // A server that did not prove who it is has not been authenticated.
      return negotiation.done() ? ok() : Status(Error{Errc::untrusted, doing + ": the server did not prove who it is", ""});
    }
    from_server = std::move(*answer);
    if (negotiation.done()) return ok();
  }
}

unsigned sasl_strength(LDAP*) { return 0; }

}  // namespace muster::wire
