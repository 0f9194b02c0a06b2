#include "ldap/full_read.h"

#include <algorithm>
#include <set>

#include "ldap/raw_search.h"
#include "schema/filter.h"

namespace muster::wire {
namespace {

constexpr std::size_t kPage = 1000;  // a batch's largest size, and what Active Directory gives at most
constexpr std::size_t kIdsAtOnce = 100;

WatchRequest ids_only(const WatchRequest& request) {
  WatchRequest ids = request;
  ids.attributes = {"1.1"};
  return ids;
}

}  // namespace

FullRead::FullRead(Connection& connection, const WatchRequest& request)
    : connection_(connection),
      request_(request),
      decoder_(connection.server(), request.known ? ids_only(request).attributes : request.attributes) {}

Result<std::vector<Notice>> FullRead::next(const std::stop_token& stop) {
  Connection::Impl& impl = connection_.impl();
  const std::string doing = "reading " + request_.base;
  RawRequest raw{request_.base, LDAP_SCOPE_SUBTREE, request_.filter, decoder_.request(), {}};
  const bool paged = impl.info.has_control(kPagedResults);
  if (paged) raw.controls.push_back(paged_request(kPage, cookie_));
  if (impl.info.has_control(kDomainScope)) raw.controls.push_back({std::string(kDomainScope), "", false, false});
  std::vector<Entry> entries;
  auto answer = raw_search(
      impl, raw, doing,
      [&](LDAPMessage* message) -> Status {
        std::vector<PartialAttribute> missing;
        auto entry = decoder_.decode(impl.ld.get(), message, nullptr, &missing);
        if (!entry) return std::move(entry).error().within(doing);
        MUSTER_TRY(complete(impl, *entry, missing, stop));
        entries.push_back(std::move(*entry));
        return ok();
      },
      stop);
  if (!answer) return std::move(answer).error();
  if (answer->code == LDAP_NO_SUCH_OBJECT) MUSTER_TRY(check_scope(connection_, request_));
  if (answer->code != LDAP_SUCCESS) {
    Error error = error_from(*answer, doing);
    if (error.code != Errc::unreachable) error.code = Errc::untrusted;
    return impl.fail(std::move(error));
  }
  cookie_.clear();
  if (const Control* control = find_control(answer->controls, kPagedResults)) {
    auto more = parse_paged(*control);
    if (!more) return std::move(more).error().within(doing);
    cookie_ = std::move(more->cookie);
  } else if (paged) {
    return impl.fail({Errc::untrusted, doing + ": the server did not say whether more pages follow", ""});
  }
  over_ = cookie_.empty();
  std::vector<Notice> notices;
  std::vector<EntryId> differing;
  for (Entry& e : entries) {
    if (!request_.known) {
      notices.emplace_back(Upsert{std::move(e)});
      continue;
    }
    const auto known = request_.known->find(e.id);
    if (known != request_.known->end() && !e.version.empty() && known->second == e.version) {
      notices.emplace_back(Unchanged{e.id});
    } else {
      differing.push_back(e.id);
    }
  }
  auto found = fetch(connection_, request_, differing, stop);
  if (!found) return std::move(found).error();
  for (Entry& e : *found) notices.emplace_back(Upsert{std::move(e)});
  return notices;
}

Result<std::vector<Entry>> fetch(Connection& connection, const WatchRequest& request, const std::vector<EntryId>& ids,
                                 const std::stop_token& stop) {
  std::vector<Entry> found;
  for (std::size_t from = 0; from < ids.size(); from += kIdsAtOnce) {
    SearchRequest search;
    search.base = request.base;
    search.attributes = request.attributes;
    search.filter = "(&" + request.filter + "(|";
    for (std::size_t i = from; i < std::min(ids.size(), from + kIdsAtOnce); ++i)
      search.filter += EntryDecoder::filter_for(connection.server().family, ids[i]);
    search.filter += "))";
    MUSTER_TRY(connection.search(
        search,
        [&](Entry&& e) {
          found.push_back(std::move(e));
          return ok();
        },
        stop));
  }
  return found;
}

Result<std::vector<Notice>> look_at(Connection& connection, const WatchRequest& request, const std::vector<EntryId>& ids,
                                    const std::stop_token& stop) {
  auto found = fetch(connection, request, ids, stop);
  if (!found) return std::move(found).error();
  std::vector<Notice> notices;
  std::set<EntryId> here;
  for (Entry& e : *found) {
    here.insert(e.id);
    notices.emplace_back(Upsert{std::move(e)});
  }
  for (const EntryId& id : ids) {
    if (!here.contains(id)) notices.emplace_back(Gone{id});
  }
  return notices;
}

std::vector<std::string> groups_named_in(const std::string& filter) {
  const auto parsed = Filter::parse(filter);
  return parsed ? parsed->values_of("memberOf") : std::vector<std::string>();
}

Status check_scope(Connection& connection, const WatchRequest& request) {
  std::vector<std::pair<std::string, std::string>> needed{{"base", request.base}};
  for (std::string& group : groups_named_in(request.filter)) needed.emplace_back("group", std::move(group));
  for (const auto& [what, dn] : needed) {
    auto entry = connection.read(dn, {"1.1"});
    if (!entry) return std::move(entry).error();
    if (*entry) continue;
    return Error{Errc::untrusted,
                 connection.server().url + ": the " + what + " " + dn + " is not there any more, or " +
                     connection.server().bound_as + " may not see it; nobody " + (what == "base" ? "below it" : "who was in it") +
                     " is taken for gone",
                 "it, or a unit above it, was renamed, moved or deleted: put it back, or correct the configuration"};
  }
  return ok();
}

}  // namespace muster::wire
