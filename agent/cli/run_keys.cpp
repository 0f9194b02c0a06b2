// muster keys.
#include <iostream>

#include "agent/cli/session.h"
#include "agent/jose/signing_key.h"

namespace muster {

using nlohmann::json;

namespace {

/// Every key of <events>, the one that signs first.
Result<json> published(const UpstreamSettings& upstream) {
  json keys = json::array();
  const auto add = [&](const std::string& path, const Location& at) -> Status {
    auto key = SigningKey::read(path);
    if (!key) return std::move(key).error().within(at.str());
    json jwk = key->public_jwk();
    if (std::find(keys.begin(), keys.end(), jwk) == keys.end()) keys.push_back(std::move(jwk));
    return ok();
  };
  for (const UpstreamSettings::Events& events : upstream.events) {
    if (!events.sign_key.empty()) MUSTER_TRY(add(events.sign_key, events.at));
    for (const std::string& path : events.published) MUSTER_TRY(add(path, events.at));
  }
  return keys;
}

}  // namespace

int run_keys(Session& session) {
  if (const auto code = load(session)) return *code;
  auto keys = published(session.config->settings.upstream);
  if (!keys) return fail(session, keys.error());
  if (keys->empty())
    return fail(session,
                {Errc::config, "no <events> of " + session.call.config + " has a key", "add sign-key=\"FILE\" to <events>"});
  print_json({{"keys", std::move(*keys)}});
  return kDone;
}

int run_keys_new(Session& session) {
  const std::string path = session.call.argument(0), algorithm = session.call.has("alg") ? session.call.value("alg") : "ES256";
  if (const Status made = make_signing_key(path, algorithm); !made) return fail(session, made.error());
  auto key = SigningKey::read(path);
  if (!key) return fail(session, key.error());
  if (session.json())
    print_json(key->public_jwk());
  else
    std::cout << path << ": " << algorithm << ", kid " << key->kid() << "\n";
  return kDone;
}

}  // namespace muster
