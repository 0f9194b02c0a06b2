// Private to ldap/: modifications as libldap wants them.
#pragma once

#include <vector>

#include "ldap/connection.h"
#include "ldap/libldap.h"

namespace muster::wire {

/// A null-terminated LDAPMod array. Borrows names and values, which must outlive it.
class Modifications {
 public:
  explicit Modifications(const ModifyOp& op);
  explicit Modifications(const AddOp& op);
  LDAPMod** get() { return pointers_.data(); }

 private:
  struct List {
    std::vector<berval> bytes;
    std::vector<berval*> pointers;
  };
  void reserve(std::size_t count);
  void put(int op, const char* attribute, const Values& values);
  void finish();

  std::vector<LDAPMod> mods_;
  std::vector<List> values_;
  std::vector<LDAPMod*> pointers_;
};

}  // namespace muster::wire
