// Pipelined writes: many outstanding, one at a time for each name.
#include <algorithm>
#include <map>
#include <set>

#include "ldap/connection.h"
#include "ldap/connection_impl.h"

namespace muster {

namespace {

constexpr int kUnknownOutcome = -1;

/// Mods as libldap wants them; borrows the values.
class Modifications {
 public:
  explicit Modifications(std::size_t count) {
    mods_.reserve(count);
    values_.reserve(count);
  }
  void add(int op, const std::string& attribute, const Values& values) {
    auto& list = values_.emplace_back();
    list.bytes.reserve(values.size());
    for (const std::string& v : values) list.bytes.push_back(wire::borrow(v));
    for (berval& b : list.bytes) list.pointers.push_back(&b);
    list.pointers.push_back(nullptr);
    LDAPMod mod{};
    mod.mod_op = op | LDAP_MOD_BVALUES;
    mod.mod_type = const_cast<char*>(attribute.c_str());
    mod.mod_vals.modv_bvals = values.empty() ? nullptr : list.pointers.data();
    mods_.push_back(mod);
  }
  LDAPMod** get() {
    pointers_.clear();
    for (LDAPMod& m : mods_) pointers_.push_back(&m);
    pointers_.push_back(nullptr);
    return pointers_.data();
  }

 private:
  struct List {
    std::vector<berval> bytes;
    std::vector<berval*> pointers;
  };
  std::vector<LDAPMod> mods_;
  std::vector<List> values_;
  std::vector<LDAPMod*> pointers_;
};

int code_of(Mod::Op op) {
  switch (op) {
    case Mod::Op::add: return LDAP_MOD_ADD;
    case Mod::Op::remove: return LDAP_MOD_DELETE;
    case Mod::Op::replace: break;
  }
  return LDAP_MOD_REPLACE;
}

const char* verb_of(const WriteOp& op) {
  constexpr const char* kVerbs[] = {"modify", "add", "rename", "delete"};
  return kVerbs[op.op.index()];
}

/// Sends one operation; libldap's code.
struct Send {
  LDAP* ld;
  const char* dn;
  LDAPControl** controls;
  int* msgid;

  int operator()(const ModifyOp& op) const {
    Modifications mods(op.mods.size());
    for (const Mod& m : op.mods) mods.add(code_of(m.op), m.attribute, m.values);
    return ldap_modify_ext(ld, dn, mods.get(), controls, nullptr, msgid);
  }
  int operator()(const AddOp& op) const {
    static const std::string kClass = "objectClass";
    Modifications mods(op.attributes.size() + 1);
    mods.add(LDAP_MOD_ADD, kClass, op.object_classes);
    for (const auto& [name, values] : op.attributes) {
      if (name != "objectclass") mods.add(LDAP_MOD_ADD, name, values);
    }
    return ldap_add_ext(ld, dn, mods.get(), controls, nullptr, msgid);
  }
  int operator()(const RenameOp& op) const {
    return ldap_rename(ld, dn, op.new_rdn.c_str(), op.new_parent ? op.new_parent->c_str() : nullptr, 1, controls, nullptr, msgid);
  }
  int operator()(const DeleteOp&) const { return ldap_delete_ext(ld, dn, controls, nullptr, msgid); }
};

/// One call of Connection::write.
class Pipeline {
 public:
  Pipeline(Connection::Impl& impl, std::span<const WriteOp> ops) : impl_(impl), ops_(ops), outcomes_(ops.size()), names_(ops.size()) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      const auto dn = Dn::parse(ops[i].dn);
      names_[i] = dn ? dn->normal() : ops[i].dn;
      waiting_.push_back(i);
    }
  }

  std::vector<WriteOutcome> run(std::size_t window) {
    window = std::max<std::size_t>(window, 1);
    while (!impl_.broken && (!waiting_.empty() || !outstanding_.empty())) {
      fill(window);
      if (!outstanding_.empty() && !impl_.broken) receive();
    }
    if (impl_.broken) give_up();
    return std::move(outcomes_);
  }

 private:
  /// Sends what may go: in order, but for operations whose name is busy.
  void fill(std::size_t window) {
    std::set<std::string_view> held;
    for (auto it = waiting_.begin(); it != waiting_.end() && outstanding_.size() < window && !impl_.broken;) {
      const std::string& name = names_[*it];
      if (busy_.count(name) || held.count(name)) {
        held.insert(name);
        ++it;
        continue;
      }
      send(*it);
      it = waiting_.erase(it);
    }
  }

  void send(std::size_t i) {
    const WriteOp& op = ops_[i];
    std::vector<wire::Control> controls;
    if (!op.assertion.empty() && impl_.info.has_control(wire::kAssertion)) {
      auto assertion = wire::assertion_request(op.assertion);
      if (!assertion) {
        outcomes_[i].status = std::move(assertion).error();
        return;
      }
      controls.push_back(std::move(*assertion));
    }
    const bool reads_back = !op.read_back.empty() && impl_.info.has_control(wire::kPostRead) && !std::holds_alternative<DeleteOp>(op.op);
    if (reads_back) controls.push_back(wire::read_request(wire::kPostRead, wire::EntryDecoder(impl_.info.family, op.read_back).request()));
    wire::ControlPointers pointers(controls);
    int msgid = 0;
    const int rc = std::visit(Send{impl_.ld.get(), op.dn.c_str(), pointers.get(), &msgid}, op.op);
    if (rc == LDAP_SUCCESS) {
      outcomes_[i].sent = true;
      outstanding_[msgid] = i;
      busy_.insert(names_[i]);
      return;
    }
    Error error = wire::error_from(rc, doing(i));
    if (rc == LDAP_SERVER_DOWN || rc == LDAP_TIMEOUT || rc == LDAP_CONNECT_ERROR) {
      // A part may have left: whether it arrived whole nobody knows.
      outcomes_[i].sent = true;
      outcomes_[i].code = kUnknownOutcome;
      error.code = Errc::unreachable;
      outcomes_[i].status = impl_.fail(std::move(error));
      return;
    }
    outcomes_[i].code = rc;
    outcomes_[i].status = std::move(error);
  }

  void receive() {
    auto message = wire::next_message(impl_.ld.get(), {LDAP_RES_ANY, impl_.timeout, {}});
    if (!message) {
      impl_.fail(std::move(message).error());
      return;
    }
    if (!*message) {
      impl_.fail({Errc::unreachable, "no answer to a write for " + std::to_string(impl_.timeout.count()) + " ms", ""});
      return;
    }
    const auto found = outstanding_.find(ldap_msgid(message->get()));
    if (found == outstanding_.end()) return;
    const std::size_t i = found->second;
    outstanding_.erase(found);
    busy_.erase(names_[i]);
    auto answer = wire::read_answer(impl_.ld.get(), message->get());
    if (answer) {
      take(i, *answer);
    } else {
      outcomes_[i].code = kUnknownOutcome;
      outcomes_[i].status = impl_.fail(std::move(answer).error());
    }
  }

  void take(std::size_t i, const wire::Answer& answer) {
    WriteOutcome& outcome = outcomes_[i];
    outcome.code = answer.code;
    if (answer.code != LDAP_SUCCESS) {
      outcome.status = wire::error_from(answer, doing(i));
      if (outcome.status.error().code == Errc::untrusted) outcome.status.error().code = Errc::refused;
      return;
    }
    const wire::Control* read = wire::find_control(answer.controls, wire::kPostRead);
    if (!read) return;
    // A read-back that cannot be read is as if the server had none: the caller reads the entry itself.
    auto entry = wire::EntryDecoder(impl_.info.family, ops_[i].read_back).decode_bytes(read->value);
    if (entry) outcome.after = std::move(*entry);
  }

  void give_up() {
    for (const auto& [msgid, i] : outstanding_) {
      outcomes_[i].code = kUnknownOutcome;
      outcomes_[i].status = *impl_.broken;
    }
    for (const std::size_t i : waiting_) outcomes_[i].status = *impl_.broken;
  }

  std::string doing(std::size_t i) const { return std::string(verb_of(ops_[i])) + " " + ops_[i].dn; }

  Connection::Impl& impl_;
  std::span<const WriteOp> ops_;
  std::vector<WriteOutcome> outcomes_;
  std::vector<std::string> names_;
  std::vector<std::size_t> waiting_;
  std::map<int, std::size_t> outstanding_;
  std::set<std::string, std::less<>> busy_;
};

}  // namespace

std::vector<WriteOutcome> Connection::write(std::span<const WriteOp> ops, std::size_t window) { return Pipeline(*impl_, ops).run(window); }

}  // namespace muster
