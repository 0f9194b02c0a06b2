// <directory>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "mapping/directory_url.h"
#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Method = DisableSettings::Method;

constexpr std::array<std::pair<std::string_view, BindMethod>, 5> kBindMethods{{{"simple", BindMethod::simple},
                                                                               {"external", BindMethod::external},
                                                                               {"gssapi", BindMethod::gssapi},
                                                                               {"spnego", BindMethod::spnego},
                                                                               {"anonymous", BindMethod::anonymous}}};
constexpr std::array<std::pair<std::string_view, Method>, 8> kDisableMethods{{{"auto", Method::automatic},
                                                                              {"pwdEndTime", Method::password_end_time},
                                                                              {"pwdAccountLockedTime", Method::password_lock},
                                                                              {"shadowExpire", Method::shadow_expire},
                                                                              {"userAccountControl", Method::user_account_control},
                                                                              {"nsAccountLock", Method::account_lock},
                                                                              {"attribute", Method::attribute},
                                                                              {"move", Method::move}}};

/// Remembers where an attribute stands, for complaints after loading.
void remember(const Element& element, std::string_view attribute, const std::string& key, DirectorySettings& d) {
  if (element.has(attribute)) d.places[key] = element.in(attribute);
}

/// The URLs of the attribute, each with its offset.
std::vector<std::pair<std::size_t, std::string>> urls_of(const Element& element) {
  static constexpr std::string_view kBlank = " \t\r\n";
  const std::string all = element.text("url");
  std::vector<std::pair<std::size_t, std::string>> urls;
  for (std::size_t at = all.find_first_not_of(kBlank); at != std::string::npos; at = all.find_first_not_of(kBlank, at)) {
    const std::size_t end = std::min(all.find_first_of(kBlank, at), all.size());
    urls.emplace_back(at, all.substr(at, end - at));
    at = end;
  }
  return urls;
}

void load_urls(const Element& element, DirectorySettings& d) {
  const auto urls = urls_of(element);
  for (const auto& [at, url] : urls) {
    if (const auto fault = fault_of_url(url))
      element.wrong_in("url", fault->what, fault->hint, at + fault->offset);
    else
      d.urls.push_back(url);
  }
  if (urls.empty() && !element.text("url").empty())
    element.wrong_in("url", "'url' of <directory> names no server", "write url=\"ldaps://host\"");
}

/// A password or personal data in clear text leaves this machine only where nobody can be in between.
void check_clear_text(const Element& element, const DirectorySettings& d) {
  // Kerberos signs and seals what goes over ldap://.
  if (d.start_tls || d.bind == BindMethod::gssapi || d.bind == BindMethod::spnego) return;
  for (const auto& [at, url] : urls_of(element)) {
    if (fault_of_url(url) || !is_clear_text(url)) continue;
    const std::string what = d.bind == BindMethod::simple ? "the password and everybody's data" : "everybody's data";
    element.wrong_in("url", "'" + url + "' would send " + what + " in clear text over the network",
                     "use ldaps://, or add <tls start-tls=\"true\"/>", at);
  }
}

/// As the secret is looked up later. Not an error: commands that only ask the running service need no password, and the service's
/// credentials are visible to the service alone.
void look_for_secret(const Element& bind, const std::string& name) {
  const fs::path folder = fs::path(bind.file().folder) / "secrets";
  std::error_code ignored;
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  for (const std::string& credential : {name, "secrets_" + name}) {
    if (credentials && fs::exists(fs::path(credentials) / credential, ignored)) return;
  }
  if (fs::exists(folder / name, ignored) || ignored == std::errc::permission_denied) return;
  std::vector<std::string> names;
  for (fs::directory_iterator e(folder, ignored); !ignored && e != fs::directory_iterator(); e.increment(ignored)) {
    names.push_back(e->path().filename().string());
  }
  bind.warn(
      bind.in("secret"), "there is no secret '" + name + "'",
      did_you_mean(name, names,
                   "muster secret set " + name + ", or put it into " + (folder / name).string() + ", readable by its owner only"));
}

void not_used_by(const Element& element, std::initializer_list<std::string_view> attributes, const std::string& method) {
  for (const std::string_view attribute : attributes) {
    if (!element.has(attribute)) continue;
    element.wrong_at(attribute, "method=\"" + method + "\" of " + element.tag() + " does not use '" + std::string(attribute) + "'",
                     "remove it, or choose another method");
  }
}

void load_simple_bind(const Element& bind, DirectorySettings& d) {
  not_used_by(bind, {"keytab", "principal"}, "simple");
  for (const std::string_view attribute : {"dn", "secret"}) {
    if (!bind.has(attribute)) {
      bind.lacks("<bind method=\"simple\"> lacks the attribute '" + std::string(attribute) + "'",
                 "add " + std::string(attribute) + "=\"...\"");
    }
  }
  d.bind_dn = bind.text("dn");
  d.secret = bind.text("secret");
  // AD takes user@domain and DOMAIN\user as well (MS-ADTS section 5.1.1.1.1).
  const bool other_form = d.bind_dn.find('=') == std::string::npos && d.bind_dn.find_first_of("@\\") != std::string::npos;
  if (!other_form) read_dn(bind, "dn");
  if (!d.secret.empty()) look_for_secret(bind, d.secret);
}

void load_external_bind(const Element& bind, const DirectorySettings& d) {
  not_used_by(bind, {"dn", "secret", "keytab", "principal"}, "external");
  const bool local = std::all_of(d.urls.begin(), d.urls.end(), [](const std::string& url) { return url.starts_with("ldapi:"); });
  if (local || !d.tls_cert.empty()) return;
  bind.wrong_in("method", "method=\"external\" needs a client certificate", "add <tls cert=\"...\" key=\"...\"/>, or use ldapi://");
}

void load_kerberos_bind(const Element& bind, DirectorySettings& d) {
  not_used_by(bind, {"dn", "secret"}, bind.text("method"));
  d.keytab = read_existing_path(bind, "keytab");
  d.principal = bind.text("principal");
}

void load_bind(const Element& directory, DirectorySettings& d) {
  const auto bind = required_child(directory, "bind", "add <bind method=\"simple\" dn=\"...\" secret=\"...\"/>");
  if (!bind) return;
  d.bind = bind->choice("method", BindMethod::simple, kBindMethods);
  remember(*bind, "method", "bind.method", d);
  remember(*bind, "dn", "bind.dn", d);
  remember(*bind, "secret", "bind.secret", d);
  remember(*bind, "keytab", "bind.keytab", d);
  const bool known = bind->text("method") == kBindMethods[static_cast<std::size_t>(d.bind)].first;
  if (!known) return;
  switch (d.bind) {
    case BindMethod::simple: return load_simple_bind(*bind, d);
    case BindMethod::external: return load_external_bind(*bind, d);
    case BindMethod::anonymous: return not_used_by(*bind, {"dn", "secret", "keytab", "principal"}, "anonymous");
    case BindMethod::gssapi:
    case BindMethod::spnego: return load_kerberos_bind(*bind, d);
  }
}

void load_tls(const Element& directory, DirectorySettings& d) {
  const auto tls = only_child(directory, "tls");
  if (!tls) return;
  d.tls_ca = read_existing_path(*tls, "ca");
  d.tls_cert = read_existing_path(*tls, "cert");
  d.tls_key = read_existing_path(*tls, "key");
  d.start_tls = tls->truth("start-tls", false);
  for (const char* attribute : {"ca", "cert", "key", "start-tls"}) remember(*tls, attribute, std::string("tls.") + attribute, d);
  if (tls->has("cert") != tls->has("key")) {
    const bool cert = tls->has("cert");
    tls->wrong_at(cert ? "cert" : "key", cert ? "a client certificate without its key" : "a key without its client certificate",
                  cert ? "add key=\"...\"" : "add cert=\"...\"");
  }
  const bool plain = std::any_of(d.urls.begin(), d.urls.end(), [](const std::string& url) { return url.starts_with("ldap:"); });
  if (d.start_tls && !plain && !d.urls.empty()) {
    tls->warn(tls->at("start-tls"), "start-tls has no effect: no url begins with ldap://", "remove it");
  }
}

void load_people(const Element& directory, DirectorySettings& d) {
  const auto people = required_child(directory, "people", "add <people base=\"...\"/>");
  if (!people) return;
  d.people_base = read_dn(*people, "base").value_or(Dn());
  if (!d.people_base.empty()) must_be_under(*people, "base", d.people_base, d.base, "the directory's base");
  if (const auto filter = read_filter(*people, "filter")) d.people_filter = filter->str();
  remember(*people, "base", "people.base", d);
  remember(*people, "filter", "people.filter", d);
}

void load_groups(const Element& directory, DirectorySettings& d) {
  const auto groups = only_child(directory, "groups");
  if (!groups) return;
  d.groups_base = read_dn(*groups, "base");
  if (d.groups_base) must_be_under(*groups, "base", *d.groups_base, d.base, "the directory's base");
  if (const auto filter = read_filter(*groups, "filter")) d.groups_filter = filter->str();
  d.placeholder = read_dn(*groups, "placeholder");
  for (const char* attribute : {"base", "filter", "placeholder"})
    remember(*groups, attribute, std::string("groups.") + attribute, d);
}

void load_watch(const Element& directory, DirectorySettings& d) {
  const auto watch = only_child(directory, "watch");
  if (!watch) return;
  d.watch = watch->text("method", "auto");
  remember(*watch, "method", "watch.method", d);
}

/// The method that the attributes mean where it is not named.
Method implied(const Element& disable) {
  if (disable.has("attribute")) return Method::attribute;
  return disable.has("move-to") ? Method::move : Method::automatic;
}

void check_disable(const Element& disable, const DisableSettings& s) {
  const std::string method(kDisableMethods[static_cast<std::size_t>(s.method)].first);
  const auto needs = [&](std::string_view attribute) {
    if (disable.has(attribute)) return;
    disable.lacks("<disable> by " + method + " lacks the attribute '" + std::string(attribute) + "'",
                  "add " + std::string(attribute) + "=\"...\"");
  };
  if (s.method == Method::attribute) {
    needs("attribute");
    needs("value");
    not_used_by(disable, {"move-to", "policy"}, method);
    if (!s.value.empty() && s.value == s.enabled) disable.wrong_in("enabled", "'" + s.value + "' means both disabled and enabled");
    return;
  }
  not_used_by(disable, {"attribute", "value", "enabled"}, method);
  if (s.method == Method::move) {
    needs("move-to");
    return not_used_by(disable, {"policy"}, method);
  }
  not_used_by(disable, {"move-to"}, method);
  const bool by_policy =
      s.method == Method::automatic || s.method == Method::password_end_time || s.method == Method::password_lock;
  if (!by_policy) not_used_by(disable, {"policy"}, method);
}

void load_disable(const Element& directory, DirectorySettings& d) {
  const auto disable = only_child(directory, "disable");
  if (!disable) return;
  DisableSettings& s = d.disable;
  s.at = disable->at();
  s.method = disable->choice("method", implied(*disable), kDisableMethods);
  s.attribute = disable->text("attribute");
  s.value = disable->text("value");
  s.enabled = disable->text("enabled");
  s.policy = read_dn(*disable, "policy");
  for (const char* attribute : {"attribute", "move-to", "policy"})
    remember(*disable, attribute, std::string("disable.") + attribute, d);
  check_disable(*disable, s);
  const auto home = read_dn(*disable, "move-to");
  if (!home) return;
  s.move_to = *home;
  must_be_under(*disable, "move-to", *home, d.base, "the directory's base");
}

void load_limits(const Element& directory, DirectorySettings& d) {
  const auto limits = only_child(directory, "limits");
  if (!limits) return;
  d.connect_timeout = read_wait(*limits, "connect-timeout", {d.connect_timeout, 100ms, 10min});
  d.timeout = read_wait(*limits, "timeout", {d.timeout, 100ms, 1h});
  d.page_size = limits->count("page-size", d.page_size);
  d.window = limits->count("window", d.window);
  d.batch = limits->count("batch", d.batch);
}

}  // namespace

void load_directory(const Element& muster, DirectorySettings& d) {
  const auto directory = required_child(muster, "directory", "add <directory name=\"...\" url=\"ldaps://...\" base=\"...\">");
  if (!directory) return;
  d.at = directory->at();
  d.name = directory->text("name");
  d.family = directory->text("family", "auto");
  d.site = directory->text("site");
  d.base = read_dn(*directory, "base").value_or(Dn());
  for (const char* attribute : {"url", "base", "family"}) remember(*directory, attribute, std::string("directory.") + attribute, d);
  load_urls(*directory, d);
  load_tls(*directory, d);
  load_bind(*directory, d);
  check_clear_text(*directory, d);
  load_people(*directory, d);
  load_groups(*directory, d);
  load_watch(*directory, d);
  load_disable(*directory, d);
  load_limits(*directory, d);
}

}  // namespace muster
