// The first password of a new account: handed over before anything else is done with the account.
#include "mapping/plan_parts.h"

namespace muster::planning {

void plan_password(Draft& d) {
  const Values* due = d.settled(kPasswordDue);
  if (!due) return;
  if (!d.rules.hands_over()) {
    d.plan.agreed.emplace_back(std::string(kPasswordDue), Values{});
    return;
  }
  d.password_is_due = true;
  const PasswordRule& rule = d.rules.joiner->password;
  if (!d.subject.account.disabled) {
    // Somebody did it, or the server: OpenLDAP's ppolicy takes a lock away with every new password.
    Change& off = d.add(Action::disable, Decision::joiner, d.reason(rule.at, "the first password is not handed over yet"));
    off.from = {"enabled"};
    off.to = {"disabled"};
  }
  const std::string to = rule.command.empty() ? "to the key in " + rule.encrypt_to : "to " + rule.command.front();
  Change& c = d.add(Action::set, Decision::joiner, d.reason(rule.at, "the first password, handed over " + to));
  c.attribute = d.rules.logon_suffix ? "unicodePwd" : "userPassword";
  c.to = {"(handed over)"};
}

}  // namespace muster::planning
