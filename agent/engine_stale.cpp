// Notices that were read from the directory before the agent wrote there itself. Taken as they are, they would look like somebody
// else's change back. Where the server gives a version that decides (OpenLDAP's entryCSN, Active Directory's uSNChanged), the
// mirror knows them; elsewhere, and for members, the directory is asked what is so now.
#include "agent/engine.h"

namespace muster {

namespace {

/// Asks about what was written since the notice was read.
class Stale {
 public:
  Stale(Context& context, Connection& connection, const Stream& stream, OwnWrites::Time read)
      : context_(context), connection_(connection), stream_(stream), read_(read) {}

  Status renew(Notice& notice) {
    if (auto* u = std::get_if<Upsert>(&notice)) {
      if (decided_by_version(u->entry) || !written(u->entry.id)) return ok();
      return read_again(u->entry.id, notice);
    }
    if (auto* g = std::get_if<Gone>(&notice)) return written(g->id) ? read_again(g->id, notice) : ok();
    if (auto* m = std::get_if<MembersChanged>(&notice)) return renew(*m);
    return ok();
  }

 private:
  bool decided_by_version(const Entry& entry) const {
    return context_.server.family == Family::openldap || (!stream_.groups && !entry.version.empty());
  }

  bool written(const EntryId& id) const {
    if (!stream_.groups) return context_.own_writes.since(id, read_);
    const auto group = context_.store.group(id);
    return group && context_.own_writes.since(group->id, read_);
  }

  Status read_again(EntryId id, Notice& notice) {
    auto now = connection_.read_by_id(id, stream_.base.str(), stream_.attributes);
    if (!now) return std::move(now).error();
    if (*now)
      notice = Upsert{std::move(**now)};
    else
      notice = Gone{id};
    return ok();
  }

  Status renew(MembersChanged& change) {
    const auto group = context_.store.group(change.id);
    if (!group || !context_.own_writes.since(group->id, read_)) return ok();
    MembersChanged now = change;
    now.added.clear();
    now.removed.clear();
    for (const Values* values : {&change.added, &change.removed}) {
      for (const std::string& value : *values) {
        auto is = values == &change.added;
        if (context_.own_writes.since(group->id, member_key(group->kind, value), read_)) {
          auto told = has_member(connection_, *group, value);
          if (!told && told.error().code == Errc::unreachable) return std::move(told).error();
          is = told ? *told : is;  // the group may be gone meanwhile
        }
        (is ? now.added : now.removed).push_back(value);
      }
    }
    change = std::move(now);
    return ok();
  }

  Context& context_;
  Connection& connection_;
  const Stream& stream_;
  OwnWrites::Time read_;
};

}  // namespace

Status Engine::renew(const Stream& stream, Batch& batch) {
  if (!connection_) return ok();
  Stale stale(*context_, *connection_, stream, batch.received);
  for (Notice& n : batch.notices) MUSTER_TRY(stale.renew(n));
  return ok();
}

}  // namespace muster
