// Applier: first passwords. They are in a task's memory and nowhere else.
#include <nlohmann/json.hpp>

#include "agent/applier.h"
#include "agent/crash_point.h"
#include "agent/hand_over.h"
#include "ldap/active_directory.h"

namespace muster {

namespace {

using FirstPassword = PasswordRule::Kind;
constexpr std::size_t kUnknownToAnybody = 40;

FirstPassword kind_for(const Rules& rules, Family family) {
  const FirstPassword kind = rules.joiner ? rules.joiner->password.kind : FirstPassword::by_family;
  if (kind != FirstPassword::by_family) return kind;
  return family == Family::active_directory ? FirstPassword::random : FirstPassword::none;
}

}  // namespace

Status Applier::fill_first_password(AddOp& add) const {
  const Family family = context_.server.family;
  const bool is_ad = family == Family::active_directory;
  const FirstPassword kind = kind_for(context_.rules(), family);
  // One that is handed over is set once the account is there; until then it has one that nobody knows where it needs one.
  const bool needed = kind == FirstPassword::random || (kind == FirstPassword::hand_over && is_ad);
  if (!needed || (is_ad && !context_.server.encrypted)) return ok();
  auto password = random_password(kUnknownToAnybody);
  if (!password) return std::move(password).error();
  if (is_ad) {
    add.attributes.set("unicodePwd", {active_directory::unicode_password(password->rep())});
    return ok();
  }
  // OpenLDAP stores what it is given; others hash it.
  auto stored = family == Family::openldap ? salted_hash(*password) : Result<std::string>(password->rep());
  if (!stored) return std::move(stored).error();
  add.attributes.set("userPassword", {*stored});
  return ok();
}

void Applier::fill_password(Task& task, const EntryRow& row) {
  const bool is_ad = context_.server.family == Family::active_directory;
  if (!context_.rules().hands_over()) {
    task.verdict = Error{Errc::conflict, "the rules hand over no passwords any more", ""};
    return;
  }
  if (is_ad && !context_.server.encrypted) {
    task.verdict = Error{Errc::refused, row.entry.dn.str() + ": Active Directory takes passwords over encrypted connections only",
                         "use ldaps, start-tls or Kerberos"};
    return;
  }
  auto password = random_password(context_.rules().joiner->password.length);
  if (!password) {
    task.verdict = std::move(password).error();
    return;
  }
  task.password = *password;
  task.op.read_back.clear();
  if (is_ad) {
    task.op.op = ModifyOp{{{Mod::Op::replace, "unicodePwd", {active_directory::unicode_password(password->rep())}}}};
  } else if (context_.server.modifies_passwords && context_.server.family != Family::ds389) {
    task.op.op = PasswordOp{*password};
  } else {
    // 389 Directory Server has the operation over TLS only, and hashes what it is given anyway.
    task.op.op = ModifyOp{{{Mod::Op::replace, "userPassword", {password->rep()}}}};
  }
}

void Applier::hand_over_passwords(std::vector<Task>& tasks, std::vector<WriteOutcome>& outcomes) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Task& task = tasks[i];
    if (task.password.rep().empty() || !outcomes[i].status) continue;
    crash_point("password set, not handed over");
    Change account = task.rows.front().change;
    if (auto dn = Dn::parse(task.op.dn)) account.dn = std::move(*dn);
    auto told = hand_over(task.password, account, context_.rules().joiner->password);
    task.password = Secret();
    if (told) {
      task.told = std::move(*told);
    } else {
      outcomes[i].status = std::move(told).error();
      outcomes[i].status.error().code = Errc::refused;
    }
    crash_point("handed over, not recorded");
  }
}

void Applier::tell_password(const Task& task, Instant at) {
  if (task.told.empty()) return;
  const Change& c = task.rows.front().change;
  context_.recorder.event("credential",
                          {{"person", c.person.rep()},
                           {"entry", to_string(c.entry)},
                           {"dn", task.op.dn},
                           {"rule", c.because.rule},
                           {"reason", c.because.text},
                           {"jwe", task.told}},
                          at);
}

}  // namespace muster
