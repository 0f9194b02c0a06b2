#include "ldap/ad_source.h"

#include <algorithm>
#include <sstream>

#include "ldap/raw_search.h"
#include "ldap/server.h"

namespace muster::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// Where deletes are not shown: how often all ids are compared at most, and how much longer than it takes the pause is.
constexpr seconds kComparePause{10};
constexpr int kCompareShare = 20;

}  // namespace

AdSource::AdSource(Connection connection, const WatchRequest& request, std::string name)
    : PollingSource(std::move(connection), request, {milliseconds(250), seconds(2)}),
      doing_("reading the changes of " + connection_.server().default_context),
      name_(std::move(name)),
      scoped_by_groups_(!groups_named_in(request.filter).empty()) {}

/// What decides whether the history that a cookie speaks of is the one of this server (MS-ADTS section 3.1.1.1.9).
Status AdSource::prepare() {
  const ServerInfo& server = connection_.server();
  if (server.default_context.empty())
    return Error{Errc::config, server.url + " does not say which domain it holds (defaultNamingContext)", ""};
  listen();
  auto sees = sees_deleted();
  if (!sees) return std::move(sees).error();
  deletes_told_ = *sees;
  if (!request_.resume_at || request_.resume_at->rep().empty()) return ok();
  auto known = Position::parse(*request_.resume_at, name_);
  auto now = committed();
  if (!now) return std::move(now).error();
  if (!known) return Error{Errc::stale_cursor, server.url + ": the stored cookie is not one of " + name_, ""};
  const Position here = Position::of(name_, server, *now);
  // DirSync's cookie is good on every domain controller; a count is good on its own.
  const bool elsewhere = name_ == "dirsync" && here.host != known->host;
  if (!elsewhere && !here.continues(*known))
    return Error{
        Errc::stale_cursor,
        server.url + ": this is not the history that the stored cookie speaks of (another server, or one restored from a backup)",
        ""};
  at_ = std::move(*known);
  return ok();
}

/// Whether there is any tombstone that the account may see. In a domain without any, that shows with the first.
Result<bool> AdSource::sees_deleted() {
  RawRequest request{
      "CN=Deleted Objects," + connection_.server().default_context, LDAP_SCOPE_ONELEVEL, "(isDeleted=TRUE)", {"1.1"}, {}};
  request.controls = {{std::string(kShowDeleted), "", true, false}, paged_request(1, "")};
  bool any = false;
  auto answer = raw_search(impl(), request, doing_, [&](LDAPMessage*) {
    any = true;
    return ok();
  });
  if (!answer) return std::move(answer).error();
  return any;
}

Result<std::uint64_t> AdSource::committed() {
  auto root = read_root(impl(), {"highestCommittedUSN"});
  if (!root) return std::move(root).error();
  std::uint64_t count = 0;
  std::istringstream(std::string(root->first("highestcommittedusn"))) >> count;
  return count;
}

/// Registered before anything is read, so that nothing falls between.
void AdSource::listen() {
  if (!connection_.server().has_control(kNotification)) return;
  RawRequest request{connection_.server().default_context, LDAP_SCOPE_SUBTREE, "(objectClass=*)", {"objectGUID"}, {}};
  request.controls.push_back({std::string(kNotification), "", true, false});
  if (auto id = send_search(impl(), request, doing_)) notification_ = *id;
}

Result<bool> AdSource::rest(Time until, const std::stop_token& stop) {
  if (!notification_) return PollingSource::rest(until, stop);
  bool woken = false;
  for (;;) {
    const auto left = woken ? milliseconds(0) : std::chrono::ceil<milliseconds>(until - steady_clock::now());
    auto message = next_message(impl().ld.get(), {*notification_, std::max(left, milliseconds(0)), stop});
    if (!message) {
      Error error = std::move(message).error().within(doing_);
      return error.code == Errc::cancelled ? error : impl().fail(std::move(error));
    }
    if (!*message) return woken;
    // It may end (a limit of the server): the pace then does without.
    if (ldap_msgtype(message->get()) == LDAP_RES_SEARCH_RESULT) {
      notification_.reset();
      return true;
    }
    woken = true;
  }
}

void AdSource::begin_reading(std::uint64_t count, std::string rest) {
  advance(count, std::move(rest));
  reading_since_ = steady_clock::now();
}

/// Something happened, and it may have been a delete, or somebody who joined or left a group that decides who is watched: that is a
/// change of the group alone.
bool AdSource::must_compare(std::uint64_t count) {
  const Time now = steady_clock::now();
  if (reading_since_) compare_at_ = now + std::max<Time::duration>(kComparePause, kCompareShare * (now - *reading_since_));
  reading_since_.reset();
  unseen_ |= count != at_.count;
  if ((deletes_told_ && !scoped_by_groups_) || !unseen_ || now < compare_at_) return false;
  unseen_ = false;
  return true;
}

bool AdSource::is_container(const Attributes& attributes) {
  const Values* classes = attributes.find("objectclass");
  return classes && std::any_of(classes->begin(), classes->end(), [](const std::string& c) {
           const std::string name = to_lower(c);
           return name == "organizationalunit" || name == "container" || name == "builtindomain" || name == "domaindns";
         });
}

}  // namespace muster::wire
