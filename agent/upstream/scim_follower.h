// <scim>: a SCIM 2.0 server that is to hold the same people and groups as the directory.
#pragma once

#include "agent/upstream/follower.h"
#include "agent/upstream/scim/client.h"

namespace muster {

/// People are the entries of the watched bases: externalId is HR's key or, of an account that HR does not know, its entryUUID;
/// groups have theirs. What was told is remembered by the other side's id, and found again by externalId, then by userName or
/// displayName. The first time, and after every comparison of everything, all that the other side holds is read and compared; in
/// between only what was touched is sent.
class ScimFollower final : public Follower {
 public:
  /// Secrets are looked for in `folder`.
  ScimFollower(UpstreamSettings::Scim settings, const std::string& folder);
  const std::string& name() const override { return name_; }
  Status follow(Store& store, const Hands& hands, std::stop_token stop) override;
  Result<Probed> probe(const std::vector<std::string>& paths, std::stop_token stop) override;
  nlohmann::json figures() const override { return figures_; }

 private:
  Status follow_by(Store& store, const Hands& hands, const Bearings& bearings, std::stop_token stop);
  void count(Store& store);

  UpstreamSettings::Scim settings_;
  std::string name_;
  scim::Client client_;
  nlohmann::json figures_ = nlohmann::json::object();
};

}  // namespace muster
