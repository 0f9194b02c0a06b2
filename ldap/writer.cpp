// Pipelined writes: many under way, one at a time for each name.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>

#include "ldap/connection.h"
#include "ldap/connection_impl.h"
#include "ldap/modifications.h"
#include "ldap/write_order.h"

namespace muster {
namespace {

constexpr int kUnknownOutcome = -1;

std::string doing(const WriteOp& op) {
  constexpr std::array kVerbs{"modify ", "add ", "rename ", "delete ", "set the password of "};
  return kVerbs[op.op.index()] + op.dn;
}

/// True where some of the bytes may have left before libldap gave up.
bool may_have_left(int code) { return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR; }

/// Active Directory says 53 where others say 16: the value that is to go is not there (ERROR_MEMBER_NOT_IN_ALIAS,
/// MS-SAMR 3.1.1.8.9).
bool is_membership_conflict(const wire::Answer& answer) {
  return answer.code == LDAP_UNWILLING_TO_PERFORM &&
         (answer.diagnostic.starts_with("00000561") || answer.diagnostic.starts_with("00000562"));
}

struct FreeBer {
  void operator()(BerElement* ber) const noexcept { ber_free(ber, 1); }
};
/// Tags of RFC 3062 section 2.
constexpr ber_tag_t kUserIdentity = 0x80U, kNewPassword = 0x82U;

/// Sends one operation; libldap's code.
struct Send {
  LDAP* ld;
  const char* dn;
  const char* parent;  ///< for a rename that names none
  LDAPControl** controls;
  int* msgid;

  int operator()(const ModifyOp& op) const {
    return ldap_modify_ext(ld, dn, wire::Modifications(op).get(), controls, nullptr, msgid);
  }
  int operator()(const AddOp& op) const { return ldap_add_ext(ld, dn, wire::Modifications(op).get(), controls, nullptr, msgid); }
  int operator()(const RenameOp& op) const {
    const char* below = op.new_parent ? op.new_parent->c_str() : parent;
    return ldap_rename(ld, dn, op.new_rdn.c_str(), below, 1, controls, nullptr, msgid);
  }
  int operator()(const PasswordOp& op) const {
    const berval identity = wire::borrow(dn), fresh = wire::borrow(op.password.rep());
    const std::unique_ptr<BerElement, FreeBer> ber(ber_alloc_t(LBER_USE_DER));
    berval request{};
    const bool made = ber && ber_printf(ber.get(), "{tOtO}", kUserIdentity, &identity, kNewPassword, &fresh) >= 0 &&
                      ber_flatten2(ber.get(), &request, 0) >= 0;
    if (!made) return LDAP_ENCODING_ERROR;
    return ldap_extended_operation(ld, LDAP_EXOP_MODIFY_PASSWD, &request, controls, nullptr, msgid);
  }
  int operator()(const DeleteOp&) const { return ldap_delete_ext(ld, dn, controls, nullptr, msgid); }
};

/// One call of Connection::write.
class Pipeline {
 public:
  Pipeline(Connection::Impl& impl, std::span<const WriteOp> ops)
      : impl_(impl), ops_(ops), order_(ops), outcomes_(ops.size()), settled_(ops.size(), false) {}

  std::vector<WriteOutcome> run(std::size_t window) {
    while (!impl_.broken) {
      fill(std::max<std::size_t>(window, 1));
      if (outstanding_.empty()) break;
      receive();
    }
    if (impl_.broken) give_up();
    return std::move(outcomes_);
  }

 private:
  void fill(std::size_t window) {
    while (outstanding_.size() < window && !impl_.broken) {
      const auto op = order_.next();
      if (!op) return;
      send(*op);
    }
  }

  Result<std::vector<wire::Control>> controls_for(const WriteOp& op) const {
    std::vector<wire::Control> controls;
    if (std::holds_alternative<PasswordOp>(op.op)) return controls;
    const std::string asserted = assertion_for(op);
    if (!asserted.empty() && impl_.info.has_control(wire::kAssertion)) {
      auto assertion = wire::assertion_request(asserted);
      if (!assertion) return std::move(assertion).error();
      controls.push_back(std::move(*assertion));
    }
    const bool remains = !std::holds_alternative<DeleteOp>(op.op);
    if (!op.read_back.empty() && remains && impl_.info.has_control(wire::kPostRead))
      controls.push_back(wire::post_read_request(wire::EntryDecoder(impl_.info, op.read_back).request()));
    if (op.permissive && names_by_guid() && impl_.info.has_control(wire::kPermissiveModify))
      controls.push_back({std::string(wire::kPermissiveModify), "", true, false});
    if (op.pretend) controls.push_back({std::string(wire::kNoOp), "", true, false});
    return controls;
  }

  bool names_by_guid() const { return impl_.info.family == Family::active_directory; }

  std::string assertion_for(const WriteOp& op) const {
    if (!op.assertion.empty() || op.id == EntryId{} || names_by_guid()) return op.assertion;
    return wire::EntryDecoder::filter_for(impl_.info.family, op.id);
  }

  /// MS-ADTS section 3.1.1.3.1.2.4: a name that survives renames.
  std::string name_of(const WriteOp& op) const {
    return names_by_guid() && op.id != EntryId{} ? "<GUID=" + to_string(op.id) + ">" : op.dn;
  }

  /// What an entry without a DN is below: Samba does not find out by itself, and says that there is no such object.
  std::string parent_of(const WriteOp& op) const {
    if (!names_by_guid() || op.id == EntryId{}) return {};
    const auto dn = Dn::parse(op.dn);
    return dn ? dn->parent().str() : std::string();
  }

  void send(std::size_t i) {
    const WriteOp& op = ops_[i];
    auto controls = controls_for(op);
    if (!controls) return settle(i, std::move(controls).error().within(doing(op)), LDAP_FILTER_ERROR);
    wire::ControlPointers pointers(*controls);
    int msgid = 0;
    const std::string name = name_of(op), parent = parent_of(op);
    const int rc =
        std::visit(Send{impl_.ld.get(), name.c_str(), parent.empty() ? nullptr : parent.c_str(), pointers.get(), &msgid}, op.op);
    if (rc == LDAP_SUCCESS) {
      outcomes_[i].sent = true;
      outstanding_.emplace(msgid, i);
    } else if (may_have_left(rc)) {
      outcomes_[i].sent = true;
      outstanding_.emplace(LDAP_RES_ANY, i);  // no answer has this number: give_up() settles it
      impl_.fail({Errc::unreachable, doing(op) + ": " + wire::code_text(rc), ""});
    } else {
      settle(i, wire::error_from(rc, doing(op)), rc);
    }
  }

  void receive() {
    auto message = impl_.next(LDAP_RES_ANY, "waiting for the answers to " + std::to_string(outstanding_.size()) + " writes");
    if (!message) return;
    const auto found = outstanding_.find(ldap_msgid(message->get()));
    if (found == outstanding_.end()) return;  // a late answer to an abandoned search
    const std::size_t i = found->second;
    auto answer = wire::read_answer(impl_.ld.get(), message->get());
    if (!answer) {
      impl_.fail(std::move(answer).error().within(doing(ops_[i])));
      return;
    }
    outstanding_.erase(found);
    take(i, *answer);
  }

  void take(std::size_t i, const wire::Answer& answer) {
    if (answer.code != LDAP_SUCCESS) {
      Error error = wire::error_from(answer, doing(ops_[i]));
      if (error.code == Errc::untrusted) error.code = Errc::refused;
      if (names_by_guid() && is_membership_conflict(answer)) error.code = Errc::conflict;
      return settle(i, std::move(error), answer.code);
    }
    settled_[i] = true;
    order_.done(i);
    const wire::Control* read = wire::find_control(answer.controls, wire::kPostRead);
    if (!read) return;
    // A read-back that cannot be read is as if the server had none: the caller reads the entry itself.
    auto entry = wire::EntryDecoder(impl_.info, ops_[i].read_back).decode_bytes(read->value);
    if (entry) outcomes_[i].after = std::move(*entry);
  }

  void settle(std::size_t i, Error error, int code) {
    error.what.insert(0, impl_.name + " (" + impl_.info.url + "): ");
    outcomes_[i].status = std::move(error);
    outcomes_[i].code = code;
    settled_[i] = true;
    order_.done(i);
  }

  void give_up() {
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      if (settled_[i]) continue;
      WriteOutcome& outcome = outcomes_[i];
      Error error = *impl_.broken;
      error.what = doing(ops_[i]) + (outcome.sent ? ": the outcome is unknown: " : ": not sent: ") + error.what;
      outcome.status = std::move(error);
      if (outcome.sent) outcome.code = kUnknownOutcome;
    }
  }

  Connection::Impl& impl_;
  std::span<const WriteOp> ops_;
  wire::WriteOrder order_;
  std::vector<WriteOutcome> outcomes_;
  std::vector<bool> settled_;               ///< answered, or never to be sent
  std::map<int, std::size_t> outstanding_;  ///< by message id
};

}  // namespace

std::vector<WriteOutcome> Connection::write(std::span<const WriteOp> ops, std::size_t window) {
  return Pipeline(*impl_, ops).run(window);
}

}  // namespace muster
