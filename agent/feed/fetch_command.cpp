#include "agent/feed/fetched_feed.h"
#include "service/command.h"

namespace muster {

Result<Fetch> fetch_from_command(const FeedSettings& settings) {
  if (settings.command.words.empty())
    return Error{Errc::config, settings.at.str() + ": the feed '" + settings.name + "' names no command",
                 "add command=\"/path/of/a/program\""};
  const auto into = [settings](const std::string& path, std::stop_token stop) {
    Command command;
    command.words = settings.command.words;
    command.timeout = settings.command.timeout;
    return run_command_into(command, {path, settings.command.most_bytes, std::move(stop)});
  };
  return Fetch{"output of " + settings.command.words.front(), settings.command.every, into};
}

}  // namespace muster
