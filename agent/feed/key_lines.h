// On which line each key of a snapshot stands, in 16 bytes a key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace muster {

/// Keeps a hash of 96 bits instead of the key: with a million people, two of them are mixed up once in 10^17 snapshots.
class KeyLines {
 public:
  /// The line on which `key` was seen before; 0: never, and now it is on `line`.
  std::size_t put(std::string_view key, std::size_t line);
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t check = 0;
    std::uint32_t line = 0;  ///< 0: free
  };
  Slot& slot_for(std::uint64_t hash, std::uint32_t check);
  void grow();
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace muster
