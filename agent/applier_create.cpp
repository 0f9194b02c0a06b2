// Applier: new entries, with what the server's family needs to let anybody log on.
#include "agent/applier.h"

namespace muster {

namespace {

Values default_classes(Family family) {
  if (family == Family::active_directory) return {"top", "person", "organizationalPerson", "user"};
  return {"inetOrgPerson"};
}

}  // namespace

void Applier::fill_create(Task& task) {
  const Change& c = task.rows.front().change;
  const bool is_ad = context_.server.family == Family::active_directory;
  AddOp add;
  if (context_.rules().joiner) add.object_classes = context_.rules().joiner->object_classes;
  if (add.object_classes.empty()) add.object_classes = default_classes(context_.server.family);
  add.attributes = c.initial;
  for (const Ava& ava : c.dn.rdn_avas()) {
    if (!add.attributes.find(ava.type)) add.attributes.set(ava.type, {ava.value});
  }
  // Active Directory takes a password over an encrypted connection only, and enables no account without one.
  if (task.verdict = fill_first_password(add); !task.verdict) return;
  const bool without = is_ad && !add.attributes.find("unicodepwd");
  for (const auto& [name, values] : context_.accounts->initially(c.create_disabled || without)) add.attributes.set(name, values);
  task.op.dn = c.dn.str();
  task.op.op = std::move(add);
}

}  // namespace muster
