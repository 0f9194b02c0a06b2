// The embedded upstream: a file of JSON lines, and what the engine does with the upstreams.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/upstream/pump.h"
#include "mapping/settings.h"
#include "service/durable_file.h"

namespace muster {

class Engine;

/// One event per line, synchronised before it counts as delivered. Remembers by its last line what has arrived.
class FileSink final : public Sink {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)), name_("file " + path_) {}
  const std::string& name() const override { return name_; }
  Result<Delivered> last_delivered() override;
  Status told_after(Row seq, const std::function<void(const OutboxRow&)>& each) override;
  Result<std::vector<Verdict>> deliver(std::span<const OutboxRow> events, std::stop_token stop) override;

 private:
  Status open();
  std::string path_, name_;
  std::unique_ptr<DurableFile> file_;
};

/// Where upstream was told more than the state file knows, that file is from a backup: Engine::learn(). Before anything is
/// delivered.
Status learn_from_upstream(Engine& engine);

/// Delivers what is in the outbox before a command ends that works without a service.
Status deliver_now(Engine& engine);

}  // namespace muster
