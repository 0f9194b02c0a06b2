// What somebody decided about one person: begun, ended, and what plan() is told of it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/context.h"
#include "mapping/grants.h"

namespace muster {

/// What plan() needs of grants: those that run, and those because of which a membership is still there.
void tell_grants(Store& store, Row person, const std::vector<MembershipRow>& memberships, Subject& subject);
/// The order that stands about a person or an entry, or the one whose end gives the account back.
void tell_order(Store& store, Row person, Row entry, Subject& subject);

/// A grant as the audit trail and reports show it.
nlohmann::json grant_details(const AccessGrantRow& grant);

/// The person by HR's key, or by the DN of the account. Errc::not_found.
Result<PersonRow> find_person(Store& store, const std::string& text);

/// How a grant came to its end.
struct GrantEnd {
  std::string state;  ///< ended, revoked, rejected
  std::string over;   ///< why, for sentences
  std::string actor;  ///< empty: nobody did it
};
/// The grant is over: recorded as "revoked" or "grant-ended", its person is planned for. Its hold, where it waited, is closed.
void close_grant(Context& context, AccessGrantRow grant, const GrantEnd& end, Instant at);
/// Those whose time is over. The next end as an instant of the machine's clock; none: nothing runs. In the caller's transaction.
std::optional<Instant> end_grants_due(Context& context, Instant now);

}  // namespace muster
