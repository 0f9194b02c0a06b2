// Mirror::Refresh: a complete read, and the reasons for which it is not believed.
#include <algorithm>
#include <cmath>

#include "agent/image.h"
#include "agent/mirror.h"

namespace muster {

namespace {

std::string percent(double ratio) {
  const double p = ratio * 100;
  std::string text = std::to_string(p);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "%";
}

constexpr const char* kIfMeant =
    "nobody was changed; check the rights and limits of the bind account and the declared bases. If it is meant, lower "
    "min-entries-ratio for one run";

/// What may be missing: the ratio's share, and always one, for small companies lose people too.
std::size_t tolerated(std::size_t known, double ratio) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::floor(static_cast<double>(known) * (1 - ratio) + 1e-9)));
}

}  // namespace

Mirror::Refresh::Refresh(Mirror& mirror, const Stream& stream, bool baseline, Instant at)
    : mirror_(mirror), stream_(stream), baseline_(baseline), at_(at) {
  Store& store = mirror_.context_.store;
  known_ = stream.groups ? store.count_groups() : store.count_entries(stream.index);
  if (!stream.groups) {
    seen_.resize(static_cast<std::size_t>(store.highest_entry_row()) + 1);
    scan_ = std::make_unique<Store::Scan>(store);
  }
}

Mirror::Refresh::~Refresh() = default;

void Mirror::Refresh::see(Row row) {
  const auto i = static_cast<std::size_t>(row);
  if (i >= seen_.size()) seen_.resize(i + 1);
  seen_[i] = true;
}

void Mirror::Refresh::note_losses(const Attributes& before, const Attributes& after) {
  for (const auto& [name, values] : before) {
    if (!after.find(name)) ++lost_[name];
  }
}

void Mirror::Refresh::upsert(Entry&& entry) {
  ++counts_.seen;
  const Origin origin{baseline_, false, nullptr, at_};
  Store& store = mirror_.context_.store;
  if (stream_.groups) {
    const auto known = store.group(entry.id);
    const Fate fate = mirror_.upsert_group(entry, origin);
    const auto now = store.group(entry.id);
    see(now->id);
    if (fate == Fate::changed && known && needs_member(known->kind, mirror_.context_) && !now->placeholder &&
        store.count_members(now->id) == 0) {
      emptied_.push_back(entry.dn.str());
    }
    counts_.appeared += fate == Fate::appeared;
    counts_.changed += fate == Fate::changed;
    return;
  }
  encode_attributes(entry.attributes, image_);
  if (const auto* item = scan_->match(entry.id)) {
    if (!item->gone && item->image == image_ && item->dn == entry.dn.str()) {
      see(item->id);
      if (item->stream != stream_.index || item->version != entry.version)
        store.touch_entry(item->id, stream_.index, entry.version);
      return;
    }
  }
  const auto known = store.entry(entry.id);
  if (known) {
    scan_->skip_past(known->id);
    see(known->id);
    if (!known->gone) note_losses(known->entry.attributes, entry.attributes);
  }
  const Fate fate = mirror_.upsert_entry(stream_, entry, image_, known, origin);
  if (!known) see(store.entry(entry.id)->id);
  counts_.appeared += fate == Fate::appeared;
  counts_.changed += fate == Fate::changed;
}

void Mirror::Refresh::unchanged(const EntryId& id) {
  Store& store = mirror_.context_.store;
  if (stream_.groups) {
    if (const auto g = store.group(id); g && !g->gone) see(g->id);
  } else if (const auto* item = scan_->match(id)) {
    see(item->id);
  } else if (const auto row = store.entry(id)) {
    scan_->skip_past(row->id);
    see(row->id);
  }
  ++counts_.seen;
}

void Mirror::Refresh::gone(const EntryId& id) {
  mirror_.live(stream_, Gone{id}, at_);
  ++counts_.gone;
}

void Mirror::Refresh::members(const MembersChanged& change) {
  unchanged(change.id);
  mirror_.members(change, at_);
}

Status Mirror::Refresh::check_count(std::size_t known) const {
  const double ratio = mirror_.context_.safety().min_entries_ratio;
  const std::size_t missing = known > counts_.seen ? known - counts_.seen : 0;
  const bool main = stream_.groups || stream_.index == 0;
  if (missing <= tolerated(known, ratio) && !(main && known > 0 && counts_.seen == 0)) return ok();
  return Error{Errc::untrusted,
               "reading " + stream_.base.str() + " found " + std::to_string(counts_.seen) + " entries where " +
                   std::to_string(known) + " are known: fewer than min-entries-ratio (" + percent(ratio) + ") allows",
               kIfMeant};
}

Status Mirror::Refresh::check_losses() const {
  if (!emptied_.empty()) {
    return Error{Errc::untrusted,
                 emptied_.front() + " came back without any member, which its object class does not allow" +
                     (emptied_.size() > 1 ? ", as did " + std::to_string(emptied_.size() - 1) + " other groups" : std::string()),
                 "nobody was changed; check that the bind account may read the members of groups"};
  }
  const double ratio = mirror_.context_.safety().min_entries_ratio;
  const std::size_t people = std::max(known_, counts_.seen);
  for (const auto& [name, lost] : lost_) {
    // An attribute that hardly anybody has may well be cleared everywhere; one that most have does not vanish at once.
    if (lost * 2 < people || lost <= tolerated(people, ratio)) continue;
    return Error{Errc::untrusted,
                 "reading " + stream_.base.str() + ": " + std::to_string(lost) + " of " + std::to_string(people) +
                     " entries have lost '" + name + "' at once",
                 kIfMeant};
  }
  return ok();
}

Result<RefreshCounts> Mirror::Refresh::finish(bool absent_is_gone) {
  scan_.reset();
  // A baseline asks for other attributes than before, so a lost one proves nothing; a lost entry always does.
  if (!baseline_) MUSTER_TRY(check_losses());
  if (absent_is_gone) MUSTER_TRY(check_count(known_));
  if (!absent_is_gone) return counts_;
  Store& store = mirror_.context_.store;
  std::vector<Row> absent;
  const auto note = [&](Row row, const EntryId&) {
    if (static_cast<std::size_t>(row) >= seen_.size() || !seen_[static_cast<std::size_t>(row)]) absent.push_back(row);
  };
  if (stream_.groups) {
    store.each_group_id(note);
    for (const Row row : absent) mirror_.group_gone(*store.group_by_row(row));
  } else {
    store.each_entry_id(stream_.index, note);
    for (const Row row : absent) mirror_.entry_gone(*store.entry_by_row(row), at_);
  }
  counts_.gone += absent.size();
  return counts_;
}

}  // namespace muster
