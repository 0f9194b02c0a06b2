// <events>: security event tokens out, commands in.
#include <sstream>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {

using namespace std::chrono_literals;

namespace {

using Events = UpstreamSettings::Events;

void read_trust(const Element& events, Events& settings) {
  const auto element = only_child(events, "trust");
  if (!element) return;
  Events::Trust trust;
  trust.at = element->at();
  trust.issuer = element->text("issuer");
  trust.audience = element->text("audience", settings.issuer);
  trust.keys = element->text("keys");
  if (trust.keys.find("://") != std::string::npos)
    trust.keys = read_http_url(*element, "keys");
  else
    trust.keys = read_path(*element, "keys");
  if (const auto age = read_span(*element, "max-age")) trust.max_age = *age;
  if (trust.audience.empty())
    element->lacks("<trust> stands without 'audience'",
                   "add the 'aud' that commands for this muster have, or 'issuer' to <events>");
  if (settings.poll.empty()) element->wrong("<trust> has no meaning without 'poll' in <events>", "add 'poll', or remove it");
  settings.trust = std::move(trust);
}

/// What tokens say of themselves.
void read_token(const Element& element, Events& settings) {
  settings.issuer = element.text("issuer");
  settings.audience = element.text("audience");
  settings.sign_key = read_path(element, "sign-key");
  for (const Element& key : element.children("publish")) settings.published.push_back(read_path(key, "key"));
  settings.is_full = element.text("payload", "full") == "full";
  if (const auto every = read_span(element, "verify-every")) settings.verify_every = *every;
  if (settings.push.empty()) return;
  for (const char* name : {"sign-key", "issuer", "audience"}) {
    if (!element.has(name))
      element.lacks("'push' stands without '" + std::string(name) + "'", "tokens are signed and say who sends them to whom");
  }
}

void read_profiles(const Element& element, Events& settings) {
  if (!element.has("profiles")) return;
  settings.is_scim = settings.is_risc = settings.is_caep = false;
  std::istringstream words(element.text("profiles"));
  for (std::string word; words >> word;) {
    if (word == "scim")
      settings.is_scim = true;
    else if (word == "risc")
      settings.is_risc = true;
    else if (word == "caep")
      settings.is_caep = true;
    else
      element.wrong_in("profiles", "'" + word + "' is no profile of events", "write some of scim, risc, caep, separated by blanks");
  }
}

}  // namespace

void load_events(const Element& element, UpstreamSettings& settings) {
  Events events;
  events.at = element.at();
  events.http = read_http(element, "");
  events.push = read_http_url(element, "push");
  events.poll = read_http_url(element, "poll");
  if (events.push.empty() && events.poll.empty())
    element.lacks("<events> says neither 'push' nor 'poll'", "add where tokens go, where commands come from, or both");
  read_token(element, events);
  read_profiles(element, events);
  read_trust(element, events);
  if (!events.poll.empty() && !events.trust) {
    element.warn(element.at("poll"), "nobody is trusted to give commands, so none are fetched",
                 "add <trust issuer=\"...\" keys=\"...\"/> to <events>");
  }
  for (const Events& other : settings.events) {
    if (!events.push.empty() && other.push == events.push)
      element.wrong_in("push", "'" + events.push + "' is served already by the <events> at " + other.at.str(),
                       "keep one of the two");
    if (!events.poll.empty() && other.poll == events.poll)
      element.wrong_in("poll", "'" + events.poll + "' is polled already by the <events> at " + other.at.str(),
                       "keep one of the two");
  }
  settings.events.push_back(std::move(events));
}

}  // namespace muster
