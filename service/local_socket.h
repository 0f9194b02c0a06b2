// A socket that only this machine's administrator and the service's own user can speak to.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "schema/result.h"

namespace muster {

/// Serves requests of one line with answers of one line. On Linux a unix socket of mode 0600; the peer's user is checked besides.
class LocalServer {
 public:
  using Answer = std::function<std::string(const std::string& request)>;
  /// Starts serving on threads of its own, at most eight clients at a time. `answer` may be called by several of them at once.
  /// Errc::io: the path cannot be listened on.
  static Result<std::unique_ptr<LocalServer>> open(const std::string& path, Answer answer);
  /// Waits for clients that are being answered.
  virtual ~LocalServer() = default;
};

/// One request, one answer. Errc::not_found: nobody listens there. Errc::refused: not allowed. `patience` bounds the silence.
Result<std::string> ask_local(const std::string& path, const std::string& request, std::chrono::milliseconds patience);

}  // namespace muster
