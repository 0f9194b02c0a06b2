// Pages for programs on this machine: whoever watches the service.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "schema/result.h"

namespace muster {

/// HTTP/1.1 (RFC 9110) on 127.0.0.1 only, GET and HEAD only. One thread serves all connections: at most 32 at a time, a request of
/// 16 KiB, ten seconds of silence.
class LoopbackHttp {
 public:
  struct Page {
    unsigned status = 200;
    std::string type, body;
  };
  using Answer = std::function<Page(const std::string& path)>;
  /// `answer` is called on the server's thread, one request at a time, and must not throw. Port 0: any that is free.
  /// Errc::io: the port cannot be listened on.
  static Result<std::unique_ptr<LoopbackHttp>> open(std::uint16_t port, Answer answer);
  virtual ~LoopbackHttp() = default;
  virtual std::uint16_t port() const = 0;
};

}  // namespace muster
