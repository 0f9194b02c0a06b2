// When the agent itself last wrote what: a notice that was read from the directory before that is old.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "agent/store/store.h"
#include "schema/ids.h"

namespace muster {

/// Of the last minutes, for no notice waits longer. The engine's thread only.
class OwnWrites {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void wrote(const EntryId& entry) { note(entries_, entry); }
  void wrote(Row group, const std::string& member) {
    note(groups_, group);
    note(members_, std::pair(group, member));
  }
  bool since(const EntryId& entry, Time time) const { return later(entries_, entry, time); }
  bool since(Row group, Time time) const { return later(groups_, group, time); }
  bool since(Row group, const std::string& member, Time time) const { return later(members_, std::pair(group, member), time); }

 private:
  template <class Key>
  static void note(std::map<Key, Time>& times, const Key& key) {
    constexpr std::size_t kMany = 50'000;
    constexpr std::chrono::minutes kLongest{5};
    const Time now = std::chrono::steady_clock::now();
    times[key] = now;
    if (times.size() % kMany == 0) std::erase_if(times, [&](const auto& item) { return item.second < now - kLongest; });
  }
  template <class Key>
  static bool later(const std::map<Key, Time>& times, const Key& key, Time time) {
    const auto at = times.find(key);
    return at != times.end() && at->second >= time;
  }

  std::map<EntryId, Time> entries_;
  std::map<Row, Time> groups_;
  std::map<std::pair<Row, std::string>, Time> members_;
};

}  // namespace muster
