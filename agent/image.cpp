#include "agent/image.h"

#include <cstdint>

namespace muster {

namespace {

void put_size(std::string& out, std::size_t n) {
  while (n >= 0x80) {
    out.push_back(static_cast<char>((n & 0x7f) | 0x80));
    n >>= 7;
  }
  out.push_back(static_cast<char>(n));
}

void put(std::string& out, std::string_view text) {
  put_size(out, text.size());
  out.append(text);
}

/// Reads what put_size and put wrote. A damaged image reads as shorter, never out of bounds.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::size_t size() {
    std::size_t n = 0;
    for (unsigned shift = 0; !rest_.empty() && shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      n |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return n;
  }
  std::string_view text() {
    const std::size_t claimed = size();
    const std::size_t n = std::min(claimed, rest_.size());
    const std::string_view t = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return t;
  }
  Values values() {
    Values v;
    const std::size_t claimed = size();
    const std::size_t n = std::min(claimed, rest_.size());  // a value has at least its size
    v.reserve(n);
    for (std::size_t i = 0; i < n; ++i) v.emplace_back(text());
    return v;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

void put_item(std::string& out, std::string_view name, const Values& values) {
  put(out, name);
  put_size(out, values.size());
  for (const std::string& v : values) put(out, v);
}

}  // namespace

void encode_attributes(const Attributes& attributes, std::string& out) {
  out.clear();
  for (const auto& [name, values] : attributes) put_item(out, name, values);
}

Attributes decode_attributes(std::string_view image) {
  Attributes a;
  for (Reader r(image); !r.done();) {
    const std::string_view name = r.text();
    a.set(name, r.values());
  }
  return a;
}

std::string encode_texts(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& t : texts) put(out, t);
  return out;
}

std::vector<std::string> decode_texts(std::string_view bytes) {
  std::vector<std::string> v;
  for (Reader r(bytes); !r.done();) v.emplace_back(r.text());
  return v;
}

std::string encode_settled(const std::map<std::string, Values, std::less<>>& settled) {
  std::string out;
  for (const auto& [name, values] : settled) put_item(out, name, values);
  return out;
}

std::map<std::string, Values, std::less<>> decode_settled(std::string_view bytes) {
  std::map<std::string, Values, std::less<>> m;
  for (Reader r(bytes); !r.done();) {
    std::string name(r.text());
    m[std::move(name)] = r.values();
  }
  return m;
}

}  // namespace muster
