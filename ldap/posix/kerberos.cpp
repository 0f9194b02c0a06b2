#include "ldap/kerberos.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <sasl/sasl.h>

#include <atomic>
#include <filesystem>

namespace muster::wire {
namespace {

/// Both halves of what went wrong, as the library says it.
std::string words_of(OM_uint32 major, OM_uint32 minor) {
  std::string text;
  for (const auto& [code, kind] : {std::pair(major, GSS_C_GSS_CODE), std::pair(minor, GSS_C_MECH_CODE)}) {
    OM_uint32 more = 0, ignored = 0;
    do {
      gss_buffer_desc message = GSS_C_EMPTY_BUFFER;
      if (GSS_ERROR(gss_display_status(&ignored, code, kind, GSS_C_NO_OID, &more, &message))) break;
      text += (text.empty() ? "" : "; ") + std::string(static_cast<const char*>(message.value), message.length);
      gss_release_buffer(&ignored, &message);
    } while (more != 0);
  }
  return text;
}

/// What to do about the commonest troubles, by the library's words for them.
Error explained(Error error) {
  struct Known {
    const char* says;
    Errc code;
    const char* hint;
  };
  static constexpr Known kKnown[] = {
      {"Clock skew", Errc::refused, "set this machine's clock by the domain's: Kerberos bears five minutes"},
      {"Cannot contact any KDC", Errc::unreachable,
       "check /etc/krb5.conf, and that port 88 of the domain controllers can be reached"},
      {"Cannot find KDC", Errc::config, "name the realm's KDC in /etc/krb5.conf, or let DNS do so (dns_lookup_kdc)"},
      {"Preauthentication failed", Errc::refused,
       "the key in the keytab is not the account's any more (was its password changed?): export the keytab again"},
      {"not found in Kerberos database", Errc::refused,
       "the name in the url must be one of the server's: use its full host name, which it has as ldap/HOST among its "
       "servicePrincipalName"},
      {"Key table entry not found", Errc::config, "name the principal whose key is in the keytab (klist -k KEYTAB lists them)"},
      {"Cannot find key", Errc::config, "name the principal whose key is in the keytab (klist -k KEYTAB lists them)"},
      {"revoked", Errc::refused, "the account is disabled, expired or locked: look at it with an administrator's tool"},
      {"No credentials cache found", Errc::config, "name the principal whose key is in the keytab (klist -k KEYTAB lists them)"},
      {"No Kerberos credentials", Errc::config, "name a keytab: <bind method=\"gssapi\" keytab=\"...\"/>"},
  };
  for (const Known& known : kKnown) {
    if (error.what.find(known.says) == std::string::npos) continue;
    error.code = known.code;
    error.hint = known.hint;
    break;
  }
  return error;
}

struct FreeName {
  void operator()(gss_name_t name) const noexcept {
    OM_uint32 ignored = 0;
    gss_release_name(&ignored, &name);
  }
};
using Name = std::unique_ptr<std::remove_pointer_t<gss_name_t>, FreeName>;

Result<Name> name_of_principal(const std::string& principal) {
  gss_buffer_desc text{principal.size(), const_cast<char*>(principal.data())};
  OM_uint32 minor = 0;
  gss_name_t name = GSS_C_NO_NAME;
  const OM_uint32 major = gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, &name);
  if (GSS_ERROR(major)) return Error{Errc::config, "'" + principal + "' is no principal: " + words_of(major, minor), ""};
  return Name(name);
}

Status check_keytab(const std::string& keytab) {
  using std::filesystem::perms;
  std::error_code failed;
  const perms rights = std::filesystem::status(keytab, failed).permissions();
  if (failed || rights == perms::unknown)
    return Error{Errc::config, "the keytab " + keytab + " cannot be read", "check that it exists and who may read it"};
  if ((rights & (perms::group_all | perms::others_all)) != perms::none)
    return Error{Errc::config, "the keytab " + keytab + " can be read by others than its owner", "chmod 600 " + keytab};
  return ok();
}

/// GSSAPI asks nobody anything; the name to act as is the one of the ticket.
int no_answers(LDAP*, unsigned, void*, void* prompts) {
  for (auto* p = static_cast<sasl_interact_t*>(prompts); p && p->id != SASL_CB_LIST_END; ++p) {
    p->result = "";
    p->len = 0;
  }
  return LDAP_SUCCESS;
}

/// What the SASL library takes for the thread's tickets meanwhile. (libldap hands a credential of ours on too late to be used.)
class OwnCache {
 public:
  explicit OwnCache(const KerberosCredential* credential) : set_(credential) {
    OM_uint32 ignored = 0;
    if (set_) gss_krb5_ccache_name(&ignored, credential->cache().c_str(), nullptr);
  }
  ~OwnCache() {
    OM_uint32 ignored = 0;
    if (set_) gss_krb5_ccache_name(&ignored, nullptr, nullptr);
  }
  OwnCache(const OwnCache&) = delete;
  OwnCache& operator=(const OwnCache&) = delete;

 private:
  bool set_;
};

}  // namespace

struct KerberosCredential::Impl {
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    OM_uint32 ignored = 0;
    if (credential != GSS_C_NO_CREDENTIAL) gss_release_cred(&ignored, &credential);
    forget_cache();
  }
  /// The process keeps it otherwise.
  void forget_cache() const {
    krb5_context context = nullptr;
    if (krb5_init_context(&context) != 0) return;
    krb5_ccache found = nullptr;
    if (krb5_cc_resolve(context, cache.c_str(), &found) == 0) krb5_cc_destroy(context, found);
    krb5_free_context(context);
  }
  gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
  std::string principal, cache;
};

KerberosCredential::KerberosCredential(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KerberosCredential::KerberosCredential(KerberosCredential&&) noexcept = default;
KerberosCredential& KerberosCredential::operator=(KerberosCredential&&) noexcept = default;
KerberosCredential::~KerberosCredential() = default;
const std::string& KerberosCredential::cache() const { return impl_->cache; }
const std::string& KerberosCredential::principal() const { return impl_->principal; }

Result<KerberosCredential> KerberosCredential::from_keytab(const std::string& keytab, const std::string& principal) {
  static std::atomic<unsigned> number{0};
  MUSTER_TRY(check_keytab(keytab));
  Name wanted;
  if (!principal.empty()) {
    auto name = name_of_principal(principal);
    if (!name) return std::move(name).error();
    wanted = std::move(*name);
  }
  auto impl = std::make_unique<Impl>();
  impl->cache = "MEMORY:muster-" + std::to_string(++number);
  const std::string file = "FILE:" + keytab;
  gss_key_value_element_desc elements[] = {{"client_keytab", file.c_str()}, {"ccache", impl->cache.c_str()}};
  const gss_key_value_set_desc store{2, elements};
  gss_OID_set_desc krb5{1, const_cast<gss_OID>(gss_mech_krb5)};
  OM_uint32 minor = 0;
  OM_uint32 major = gss_acquire_cred_from(&minor, wanted.get(), GSS_C_INDEFINITE, &krb5, GSS_C_INITIATE, &store, &impl->credential,
                                          nullptr, nullptr);
  // The ticket is fetched when the credential is first looked at.
  gss_name_t own = GSS_C_NO_NAME;
  if (!GSS_ERROR(major)) major = gss_inquire_cred(&minor, impl->credential, &own, nullptr, nullptr, nullptr);
  if (GSS_ERROR(major))
    return explained({Errc::refused, "no Kerberos ticket by the keytab " + keytab + ": " + words_of(major, minor), ""});
  const Name owned(own);
  gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
  if (!GSS_ERROR(gss_display_name(&minor, own, &text, nullptr))) {
    impl->principal.assign(static_cast<const char*>(text.value), text.length);
    gss_release_buffer(&minor, &text);
  }
  return KerberosCredential(std::move(impl));
}

Status bind_with_kerberos(LDAP* ld, const std::string& mechanism, const KerberosCredential* credential, bool tls,
                          const NextMessage& next) {
  const std::string doing = "bind with " + mechanism;
  // Inside TLS a second encryption is refused (MS-ADTS section 5.1.1.1.2); without TLS it is what protects everything.
  ldap_set_option(ld, LDAP_OPT_X_SASL_SECPROPS, tls ? "maxssf=0" : "minssf=56");
  ldap_set_option(ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
  if (tls) {
    const int binding = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;
    ldap_set_option(ld, LDAP_OPT_X_SASL_CBINDING, &binding);
  }
  const OwnCache own(credential);
  Message message;
  const char* chosen = nullptr;
  for (;;) {
    int msgid = 0;
    const int rc = ldap_sasl_interactive_bind(ld, nullptr, mechanism.c_str(), nullptr, nullptr, LDAP_SASL_QUIET, no_answers,
                                              nullptr, message.get(), &chosen, &msgid);
    message.reset();
    if (rc == LDAP_SUCCESS) return ok();
    if (rc != LDAP_SASL_BIND_IN_PROGRESS) {
      Error error = explained(last_error(ld, doing));
      if (error.code == Errc::io) error.code = Errc::refused;
      return error;
    }
    auto answer = next(msgid);
    if (!answer) return std::move(answer).error();
    message = std::move(*answer);
  }
}

unsigned sasl_strength(LDAP* ld) {
  ber_len_t strength = 0;
  return ldap_get_option(ld, LDAP_OPT_X_SASL_SSF, &strength) == LDAP_OPT_SUCCESS ? static_cast<unsigned>(strength) : 0;
}

}  // namespace muster::wire
