#include "agent/feed/key_lines.h"

#include <functional>

namespace muster {

namespace {

/// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), independent of the standard library's.
std::uint32_t fnv(std::string_view text) {
  std::uint32_t h = 2166136261U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
  return h;
}

}  // namespace

KeyLines::Slot& KeyLines::slot_for(std::uint64_t hash, std::uint32_t check) {
  std::size_t i = hash & (slots_.size() - 1);
  while (slots_[i].line != 0 && (slots_[i].hash != hash || slots_[i].check != check)) i = (i + 1) & (slots_.size() - 1);
  return slots_[i];
}

void KeyLines::grow() {
  const std::vector<Slot> old = std::move(slots_);
  slots_ = std::vector<Slot>(old.empty() ? 1024 : old.size() * 2);
  for (const Slot& s : old) {
    if (s.line != 0) slot_for(s.hash, s.check) = s;
  }
}

std::size_t KeyLines::put(std::string_view key, std::size_t line) {
  if (size_ * 3 >= slots_.size() * 2) grow();
  const std::uint64_t hash = std::hash<std::string_view>()(key);
  const std::uint32_t check = fnv(key);
  Slot& slot = slot_for(hash, check);
  if (slot.line != 0) return slot.line;
  slot = {hash, check, static_cast<std::uint32_t>(line)};
  ++size_;
  return 0;
}

}  // namespace muster
