// Private to ldap/: what the two ways of following Active Directory have in common.
#pragma once

#include <optional>
#include <string>

#include "ldap/polling.h"
#include "ldap/position.h"

namespace muster::wire {

/// Knows the history that a cookie speaks of, is woken by change notification (MS-ADTS section 3.1.1.3.4.1.9), and finds who is
/// gone where the account may not see tombstones: by reading everybody now and then.
class AdSource : public PollingSource {
 public:
  /// Errc::stale_cursor: the cookie is not of this method, or the directory was restored since.
  Status prepare();

 protected:
  AdSource(Connection connection, const WatchRequest& request, std::string name);
  Result<bool> rest(Time until, const std::stop_token& stop) override;

  /// How many changes the server has counted (highestCommittedUSN).
  Result<std::uint64_t> committed();
  void begin_reading(std::uint64_t count, std::string rest);
  void advance(std::uint64_t count, std::string rest) { at_ = Position::of(name_, connection_.server(), count, std::move(rest)); }
  /// True now and then, when something was counted that may have been a delete.
  bool must_compare(std::uint64_t count);
  /// A rename of such an object changes the names of others.
  static bool is_container(const Attributes& attributes);
  Connection::Impl& impl() { return connection_.impl(); }

  std::string doing_;
  Position at_;
  bool deletes_told_ = false;  ///< tombstones may be read

 private:
  Result<bool> sees_deleted();
  void listen();

  std::string name_;
  bool scoped_by_groups_;
  std::optional<int> notification_;
  bool unseen_ = false;  ///< the server counted changes since everybody was read
  std::optional<Time> reading_since_;
  Time compare_at_{};
};

}  // namespace muster::wire
