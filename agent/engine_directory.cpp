// Engine: what the directory says, and whether to believe it.
#include <algorithm>

#include "agent/crash_point.h"
#include "agent/engine.h"
#include "agent/guarded.h"

namespace muster {

namespace {

constexpr const char* kSentinelHint = "nobody was changed; check the rights of the bind account and the declared bases";

Status check_visible(Connection& connection, const std::string& what, const std::string& dn) {
  auto entry = connection.read(dn, {"objectClass"});
  if (!entry) return std::move(entry).error();
  if (*entry) return ok();
  return Error{Errc::untrusted, "the " + what + " " + dn + " is not visible to " + connection.server().bound_as, kSentinelHint};
}

/// Where a group says who is watched, all of them seem to be gone when it is.
Status check_scoping_groups(Connection& connection, const Stream& stream) {
  for (const std::string& group : stream.scoping_groups)
    MUSTER_TRY(check_visible(connection, "group that <people filter> names,", group));
  return ok();
}

}  // namespace

/// The agent's own entry, the declared bases and scoping groups must be visible, or an empty answer would look like an empty
/// company.
Status Engine::check_sentinels() {
  Store& store = context_->store;
  for (const Stream& s : context_->streams) {
    MUSTER_TRY(check_visible(*connection_, "base", s.base.str()));
    MUSTER_TRY(check_scoping_groups(*connection_, s));
  }
  const auto own = Dn::parse(context_->directory().bind_dn);
  if (!own || own->empty()) return ok();
  auto entry = connection_->read(own->str(), {"objectClass"});
  if (!entry) return std::move(entry).error();
  if (*entry) {
    if (store.meta("sentinel") != own->normal()) store.set_meta("sentinel", own->normal());
  } else if (store.meta("sentinel") == own->normal()) {
    // A rootdn need not exist as an entry; one that was once seen must stay visible.
    return Error{Errc::untrusted, "the agent's own entry " + own->str() + " is no longer visible to it", kSentinelHint};
  }
  return ok();
}

Status Engine::read_stream(const Stream& stream) {
  Store& store = context_->store;
  const auto cursor = store.cursor(stream.name);
  const bool baseline = !cursor || cursor->params != stream.params();
  const Instant at = system_now().utc;
  const std::size_t total = stream.groups ? store.count_groups() : store.count_entries(stream.index);
  SearchRequest request;
  request.base = stream.base.str();
  request.filter = stream.filter;
  request.attributes = stream.attributes;
  request.page_size = context_->directory().page_size;
  Store::Transaction transaction(store);
  Mirror mirror(*context_);
  Mirror::Refresh refresh(mirror, stream, baseline, at);
  std::size_t done = 0;
  MUSTER_TRY(connection_->search(
      request,
      [&](Entry&& e) {
        refresh.upsert(std::move(e));
        if (context_->alive) context_->alive();
        if (++done % 500 == 0) progress("reading " + stream.name, done, total);
        return ok();
      },
      context_->stop));
  auto counts = refresh.finish(true);
  if (!counts) return std::move(counts).error();
  if (baseline) {
    store.set_cursor(stream.name, "", stream.params());
    store.mark_all_dirty();
  }
  crash_point("read, not committed");
  transaction.commit();
  return ok();
}

Status Engine::read_directory() {
  return guarded([&]() -> Status {
    MUSTER_TRY(check_sentinels());
    for (const Stream& s : context_->streams) MUSTER_TRY(read_stream(s));
    return check_sentinels();
  });
}

Status Engine::take_live(const Stream& stream, Batch batch) {
  return guarded([&]() -> Status {
    if (batch.notices.empty() && !batch.resume_at) return ok();
    const bool any_gone =
        std::any_of(batch.notices.begin(), batch.notices.end(), [](const Notice& n) { return std::holds_alternative<Gone>(n); });
    if (any_gone && connection_) MUSTER_TRY(check_scoping_groups(*connection_, stream));
    MUSTER_TRY(renew(stream, batch));
    Store::Transaction transaction(context_->store);
    Mirror mirror(*context_);
    const Instant at = system_now().utc;
    for (const Notice& n : batch.notices) {
      const auto* members = std::get_if<MembersChanged>(&n);
      if (members)
        mirror.members(*members, at);
      else
        mirror.live(stream, n, at);
    }
    crash_point("live change, not committed");
    // The cookie covers this batch, so both are durable together or not at all (guarantee 5).
    if (batch.resume_at) context_->store.set_cursor(stream.name, batch.resume_at->rep(), stream.params());
    transaction.commit();
    return ok();
  });
}

Status Engine::take_refresh(const Stream& stream, Batch batch, const std::function<Result<Batch>()>& next) {
  return guarded([&]() -> Status {
    Store& store = context_->store;
    MUSTER_TRY(check_sentinels());
    const auto cursor = store.cursor(stream.name);
    const bool baseline = !cursor || cursor->params != stream.params();
    const Instant at = system_now().utc;
    Store::Transaction transaction(store);
    Mirror mirror(*context_);
    Mirror::Refresh refresh(mirror, stream, baseline, at);
    std::optional<Cookie> resume_at;
    for (;;) {
      MUSTER_TRY(renew(stream, batch));
      for (Notice& n : batch.notices) {
        if (auto* u = std::get_if<Upsert>(&n)) refresh.upsert(std::move(u->entry));
        if (auto* u = std::get_if<Unchanged>(&n)) refresh.unchanged(u->id);
        if (auto* g = std::get_if<Gone>(&n)) refresh.gone(g->id);
        if (auto* m = std::get_if<MembersChanged>(&n)) refresh.members(*m);
      }
      if (batch.resume_at) resume_at = std::move(batch.resume_at);
      if (batch.stage != Batch::Stage::refreshing) break;
      auto more = next();
      if (!more) return std::move(more).error();
      batch = std::move(*more);
    }
    auto counts = refresh.finish(batch.absent_is_gone);
    if (!counts) return std::move(counts).error();
    if (baseline) store.mark_all_dirty();
    store.set_cursor(stream.name, resume_at ? resume_at->rep() : cursor ? cursor->cookie : "", stream.params());
    transaction.commit();
    return check_sentinels();
  });
}

std::optional<Cookie> Engine::cookie_of(const Stream& stream) {
  const auto cursor = context_->store.cursor(stream.name);
  if (!cursor || cursor->cookie.empty() || cursor->params != stream.params()) return std::nullopt;
  return Cookie(cursor->cookie);
}

std::shared_ptr<const std::map<EntryId, std::string>> Engine::known_of(const Stream& stream) {
  constexpr std::size_t kMost = 250'000;  // about 40 MB
  Store& store = context_->store;
  const auto cursor = store.cursor(stream.name);
  const std::size_t count = stream.groups ? store.count_groups() : store.count_entries(stream.index);
  if (!cursor || cursor->params != stream.params() || count > kMost) return nullptr;
  auto known = std::make_shared<std::map<EntryId, std::string>>();
  const auto take = [&](const EntryId& id, std::string_view version) { known->emplace_hint(known->end(), id, version); };
  if (stream.groups) {
    store.each_group_version(take);
  } else {
    store.each_entry_version(stream.index, take);
  }
  return known;
}

Status Engine::forget_cookie(const Stream& stream) {
  return guarded([&]() -> Status {
    if (const auto cursor = context_->store.cursor(stream.name)) context_->store.set_cursor(stream.name, "", cursor->params);
    return ok();
  });
}

}  // namespace muster
