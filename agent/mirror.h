// Keeps the store's mirror of the directory true, and notices what others changed in it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/context.h"
#include "ldap/change_source.h"
#include "ldap/connection.h"

namespace muster {

/// What came of a refresh of one stream.
struct RefreshCounts {
  std::size_t seen = 0, appeared = 0, changed = 0, gone = 0;
};

/// Every function runs inside a transaction of the caller. Engine thread only.
class Mirror {
 public:
  explicit Mirror(Context& context) : context_(context) {}

  /// A live change, or one that was missed while the agent was away: reported upstream and planned for. One that is
  /// older than what is known is ignored (the echo of an own write that another one has overtaken).
  void live(const Stream& stream, const Notice& notice, Instant at);
  /// Members that a group lost and won. A group that is not known lies outside what is watched.
  void members(const MembersChanged& change, Instant at);
  /// The state after an own write. Attributes in `own` (lower case; "dn" for the name) are ours; others that differ were changed by
  /// somebody else meanwhile.
  void own(const Stream& stream, Entry entry, const std::set<std::string>& own, Instant at);
  /// A membership that the agent added or took away.
  void own_membership(Row group, Row entry, const std::string& key, bool added);

  /// A complete look at one stream. Baseline: the mirror had nothing to compare with, so nothing is reported.
  class Refresh {
   public:
    Refresh(Mirror& mirror, const Stream& stream, bool baseline, Instant at);
    ~Refresh();
    void upsert(Entry&& entry);
    void unchanged(const EntryId& id);
    void gone(const EntryId& id);
    void members(const MembersChanged& change);
    /// Believes the refresh, or not. `absent_is_gone`: what was not seen does not exist any more. Errc::untrusted: the caller must
    /// roll back, and the sentence says why (guarantee 6).
    Result<RefreshCounts> finish(bool absent_is_gone);

   private:
    void note_losses(const Attributes& before, const Attributes& after);
    Status check_losses() const;
    Status check_count(std::size_t known) const;
    void see(Row row);
    Mirror& mirror_;
    const Stream& stream_;
    bool baseline_;
    Instant at_;
    RefreshCounts counts_;
    std::size_t known_ = 0;
    std::vector<bool> seen_;
    std::map<std::string, std::size_t, std::less<>> lost_;
    std::vector<std::string> emptied_;  ///< groups that cannot be empty and are
    std::unique_ptr<Store::Scan> scan_;
    std::string image_;
  };

  /// Where the server lets no references follow, what muster put into groups stays there under the entry's old name, for whoever is
  /// called so next: it is noted, to be taken away. `after`: null: the entry was deleted.
  void leave_behind(const EntryRow& before, const Entry* after);

 private:
  struct Origin {
    bool baseline = false;
    bool older_is_echo = false;  ///< live: what is older than what is known is ignored
    const std::set<std::string>* own = nullptr;
    Instant at{};
    std::string by{};  ///< who wrote a group last, where the server says so
  };
  enum class Fate { same, appeared, changed };
  Fate upsert_entry(const Stream& stream, const Entry& entry, std::string_view image, const std::optional<EntryRow>& known,
                    const Origin& origin);
  Fate insert_entry(const Stream& stream, const Entry& entry, std::string_view image, const Origin& origin);
  Fate upsert_group(const Entry& entry, const Origin& origin);
  void diff_members(const GroupRow& group, const std::vector<std::string>& now, bool fresh, const Origin& origin);
  void member_changed(const GroupRow& group, const std::string& key, bool added, const Origin& origin);
  void report_differences(const EntryRow& before, const Entry& after, const Origin& origin);
  void report_account(const EntryRow& before, const Entry& after, const Origin& origin);
  /// Keeps count of what others write, and of what they change back.
  void note_other(Row entry, const std::string& name, bool is_ours, const std::string& by, const Origin& origin);
  void report(const std::string& kind, Row row, const Entry& entry, nlohmann::json details, Instant at);
  void entry_gone(const EntryRow& row, Instant at);
  void group_gone(const GroupRow& row);
  void note_mentions(const Entry& entry, const Origin& origin);
  void forget_mentions(const EntryId& source);
  void set_joins(Row row, const Entry& entry);

  Context& context_;
};

}  // namespace muster
