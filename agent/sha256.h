#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace muster {

/// SHA-256 as 64 hex digits.
std::string sha256_hex(std::string_view bytes);

/// SHA-256 over many pieces; each piece is length-prefixed, so ("ab","c") and ("a","bc") differ.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256& add(std::string_view piece);
  std::string hex();  ///< ends the sum

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace muster
