// Applier: new entries, with what the server's family needs to let anybody log on.
#include <openssl/rand.h>

#include <array>

#include "agent/applier.h"
#include "ldap/active_directory.h"

namespace muster {

namespace {

using active_directory::account_name;

/// 40 characters, of each kind that password policies ask for. Nobody learns it.
Result<std::string> random_password() {
  constexpr std::string_view kCharacters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789.-_!+*";
  static_assert(kCharacters.size() <= 64);
  std::array<unsigned char, 36> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return Error{Errc::io, "the system has no random numbers for a password", ""};
  std::string password = "Aa2.";
  for (const unsigned char b : bytes) password += kCharacters[b % kCharacters.size()];
  return password;
}

Values default_classes(Family family) {
  if (family == Family::active_directory) return {"top", "person", "organizationalPerson", "user"};
  return {"inetOrgPerson"};
}

/// "ann.lee", or the entry's name where HR owns neither.
std::string wished_name(const Change& c) {
  const std::string_view first = c.initial.first("givenname"), last = c.initial.first("sn");
  if (!account_name(first).empty() && !account_name(last).empty()) return std::string(first) + "." + std::string(last);
  const auto avas = c.dn.rdn_avas();
  return avas.empty() ? std::string() : avas.front().value;
}

}  // namespace

Result<bool> Applier::is_name_taken(const std::string& name, const std::string& principal) {
  SearchRequest request;
  request.base = context_.server.domain.empty() ? context_.directory().base.str() : context_.server.domain;
  request.filter =
      "(|(sAMAccountName=" + escape_filter_value(name) + ")(userPrincipalName=" + escape_filter_value(principal) + "))";
  request.attributes = {"1.1"};
  bool taken = false;
  MUSTER_TRY(connection_.search(request, [&](Entry&&) {
    taken = true;
    return ok();
  }));
  return taken;
}

/// Logon names that nobody in the domain has, where no rule says which.
Status Applier::name_account(Change& c) {
  const auto domain = Dn::parse(context_.server.domain);
  const std::string suffix = domain ? "@" + active_directory::domain_of(*domain) : "";
  const bool named = c.initial.find("samaccountname");
  const std::string wish = named ? std::string(c.initial.first("samaccountname")) : wished_name(c);
  constexpr unsigned kMost = 10000;
  for (unsigned number = 1; number < kMost; ++number) {
    const std::string name = named ? wish : number == 1 ? account_name(wish) : account_name(wish, number);
    if (name.empty()) break;
    auto taken = named ? Result<bool>(false) : is_name_taken(name, name + suffix);
    if (!taken) return std::move(taken).error();
    if (*taken) continue;
    if (!named) c.initial.set("sAMAccountName", {name});
    if (!c.initial.find("userprincipalname") && suffix.size() > 1) c.initial.set("userPrincipalName", {name + suffix});
    return ok();
  }
  return Error{Errc::refused, c.dn.str() + ": no logon name can be made of '" + wish + "'",
               "let a rule own sAMAccountName: <attribute name=\"sAMAccountName\" owner=\"hr\" value=\"...\"/>"};
}

void Applier::fill_create(Task& task) {
  Change& c = task.rows.front().change;
  const bool is_ad = context_.server.family == Family::active_directory;
  if (is_ad) {
    if (Status named = name_account(c); !named) {
      task.verdict = std::move(named);
      return;
    }
  }
  AddOp add;
  if (context_.rules().joiner) add.object_classes = context_.rules().joiner->object_classes;
  if (add.object_classes.empty()) add.object_classes = default_classes(context_.server.family);
  add.attributes = c.initial;
  for (const Ava& ava : c.dn.rdn_avas()) {
    if (!add.attributes.find(ava.type)) add.attributes.set(ava.type, {ava.value});
  }
  // Active Directory takes a password over an encrypted connection only, and enables no account without one.
  const bool with_password = is_ad && context_.server.encrypted;
  for (const auto& [name, values] : context_.accounts->initially(c.create_disabled || (is_ad && !with_password)))
    add.attributes.set(name, values);
  if (with_password) {
    auto password = random_password();
    if (!password) {
      task.verdict = std::move(password).error();
      return;
    }
    add.attributes.set("unicodePwd", {active_directory::unicode_password(*password)});
  }
  task.op.dn = c.dn.str();
  task.op.op = std::move(add);
}

}  // namespace muster
