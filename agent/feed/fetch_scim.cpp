// HR's people from a SCIM server.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/feed/fetched_feed.h"
#include "agent/upstream/scim/client.h"

namespace muster {

using nlohmann::json;

namespace {

namespace fs = std::filesystem;
constexpr int kTries = 3;

/// Users of a server, as one document in a file.
class Download {
 public:
  Download(scim::Client& client, std::string query, std::stop_token stop)
      : client_(client), query_(std::move(query)), stop_(std::move(stop)) {}

  Status into(const std::string& path) {
    auto provider = client_.discover(stop_);
    if (!provider) return std::move(provider).error();
    users_ = (*provider)->users;
    for (int i = 0; i < kTries; ++i) {
      std::set<std::string> told, there;
      MUSTER_TRY(write(path, told));
      MUSTER_TRY(client_.list(
          users_, query_ + "&attributes=id", [&](const json& user) { return note(user, there); }, stop_));
      if (told == there) return ok();
    }
    return Error{Errc::untrusted, "its list of users was another one each time it was read page by page",
                 "it is read again the next time; nobody was changed"};
  }

 private:
  static Status note(const json& user, std::set<std::string>& ids) {
    const auto id = user.find("id");
    if (id == user.end() || !id->is_string()) return Error{Errc::untrusted, "one of its users has no 'id'", "RFC 7643 section 3.1"};
    ids.insert(id->get<std::string>());
    return ok();
  }

  /// Nobody twice, where somebody new moved the others to the next page.
  Status write(const std::string& path, std::set<std::string>& told) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, ignored);
    file << R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"Resources":[)";
    const auto add = [&](const json& user) -> Status {
      const std::size_t before = told.size();
      MUSTER_TRY(note(user, told));
      if (told.size() > before) file << (before ? ",\n" : "\n") << user.dump();
      return ok();
    };
    MUSTER_TRY(client_.list(users_, query_, add, stop_));
    file << "],\"totalResults\":" << told.size() << "}\n";
    file.close();
    if (!file) return Error{Errc::io, path + ": it cannot be written", "is the disk full?"};
    return ok();
  }

  scim::Client& client_;
  std::string query_, users_;
  std::stop_token stop_;
};

}  // namespace

Result<Fetch> fetch_from_scim_server(const FeedSettings& settings, FeedPosition position) {
  auto client = std::make_shared<scim::Client>(HttpClient(settings.server->http, settings.server->folder));
  const bool delta = settings.mode == FeedSettings::Mode::delta;
  const std::string called = "users of " + settings.server->http.url;
  const auto into = [client, delta, called, position = std::move(position)](const std::string& path,
                                                                            std::stop_token stop) -> Status {
    const std::string since = delta && position ? position() : "";
    // The last one is asked for again: others may have the same time.
    const std::string query = since.empty() ? "" : "&filter=" + scim::url_encoded("meta.lastModified ge " + scim::quoted(since));
    try {
      Status done = Download(*client, query, std::move(stop)).into(path);
      return done ? ok() : Status(std::move(done).error().within(called));
    } catch (const json::exception& e) {
      return Error{Errc::unreachable, called + ": an answer is not as RFC 7644 says: " + e.what(), ""};
    }
  };
  return Fetch{called, settings.server->every, into};
}

}  // namespace muster
