#include "service/loopback_http.h"

#ifdef _WIN32
#include <winsock2.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#endif
#include <microhttpd.h>

#include <string_view>

namespace muster {

namespace {

constexpr unsigned kConnections = 32, kSilence = 10;
constexpr std::size_t kRequestBytes = 16384;

struct StopDaemon {
  void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
};
struct FreeResponse {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};

class MicroHttp final : public LoopbackHttp {
 public:
  explicit MicroHttp(Answer answer) : answer_(std::move(answer)) {}

  Status listen(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    daemon_.reset(MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, port, nullptr, nullptr, &MicroHttp::handle, this,
                                   MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&address), MHD_OPTION_CONNECTION_LIMIT,
                                   kConnections, MHD_OPTION_CONNECTION_TIMEOUT, kSilence, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                   kRequestBytes, MHD_OPTION_END));
    if (daemon_) return ok();
    return Error{Errc::io, "port " + std::to_string(port) + " on 127.0.0.1 cannot be listened on",
                 "another program may have it: choose another one, or stop that program"};
  }

  std::uint16_t port() const override {
    const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : std::uint16_t{0};
  }

 private:
  Page page_for(std::string_view method, const char* path) const {
    if (method == MHD_HTTP_METHOD_GET || method == MHD_HTTP_METHOD_HEAD) return answer_(path);
    return {MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "only GET is answered here\n"};
  }

  static MHD_Result handle(void* self, MHD_Connection* connection, const char* path, const char* method, const char*, const char*,
                           std::size_t* upload, void** seen) {
    // The library asks once after the headers, and then for each part of a body until nothing of it is left.
    if (!*seen) {
      *seen = self;
      return MHD_YES;
    }
    if (*upload > 0) {
      *upload = 0;
      return MHD_YES;
    }
    Page page = static_cast<const MicroHttp*>(self)->page_for(method, path);
    const std::unique_ptr<MHD_Response, FreeResponse> response(
        MHD_create_response_from_buffer(page.body.size(), page.body.data(), MHD_RESPMEM_MUST_COPY));
    if (!response) return MHD_NO;
    MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONTENT_TYPE, page.type.c_str());
    if (page.status == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(response.get(), MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    return MHD_queue_response(connection, page.status, response.get());
  }

  Answer answer_;
  std::unique_ptr<MHD_Daemon, StopDaemon> daemon_;
};

}  // namespace

Result<std::unique_ptr<LoopbackHttp>> LoopbackHttp::open(std::uint16_t port, Answer answer) {
  auto server = std::make_unique<MicroHttp>(std::move(answer));
  if (Status listening = server->listen(port); !listening) return std::move(listening).error();
  return std::unique_ptr<LoopbackHttp>(std::move(server));
}

}  // namespace muster
