#include "ldap/modifications.h"

namespace muster::wire {
namespace {

int code_of(Mod::Op op) {
  switch (op) {
    case Mod::Op::add: return LDAP_MOD_ADD;
    case Mod::Op::remove: return LDAP_MOD_DELETE;
    case Mod::Op::replace: break;
  }
  return LDAP_MOD_REPLACE;
}

}  // namespace

Modifications::Modifications(const ModifyOp& op) {
  reserve(op.mods.size());
  for (const Mod& m : op.mods) put(code_of(m.op), m.attribute.c_str(), m.values);
  finish();
}

Modifications::Modifications(const AddOp& op) {
  reserve(op.attributes.size() + 1);
  put(LDAP_MOD_ADD, "objectClass", op.object_classes);
  for (const auto& [name, values] : op.attributes) {
    if (name != "objectclass") put(LDAP_MOD_ADD, name.c_str(), values);
  }
  finish();
}

/// Nothing may move later: each vector is pointed into.
void Modifications::reserve(std::size_t count) {
  mods_.reserve(count);
  values_.reserve(count);
}

void Modifications::put(int op, const char* attribute, const Values& values) {
  List& list = values_.emplace_back();
  list.bytes.reserve(values.size());
  for (const std::string& v : values) list.bytes.push_back(borrow(v));
  for (berval& b : list.bytes) list.pointers.push_back(&b);
  list.pointers.push_back(nullptr);
  LDAPMod mod{};
  mod.mod_op = op | LDAP_MOD_BVALUES;
  mod.mod_type = const_cast<char*>(attribute);
  mod.mod_vals.modv_bvals = values.empty() ? nullptr : list.pointers.data();
  mods_.push_back(mod);
}

void Modifications::finish() {
  for (LDAPMod& m : mods_) pointers_.push_back(&m);
  pointers_.push_back(nullptr);
}

}  // namespace muster::wire
