#include "ldap/usn.h"

#include "ldap/ad_source.h"
#include "ldap/raw_search.h"
#include "ldap/server.h"

namespace muster::wire {
namespace {

/// uSNChanged (MS-ADTS section 3.1.1.1.9): asked of the whole domain, for who leaves the base is told there.
class Usn final : public AdSource {
 public:
  Usn(Connection connection, const WatchRequest& request) : AdSource(std::move(connection), request, "usn") {}
  std::string_view method() const override { return "usn"; }

 protected:
  Result<std::optional<Cookie>> position(const std::stop_token&) override {
    auto count = committed();
    if (!count) return std::move(count).error();
    begin_reading(*count, "");
    return std::optional(at_.cookie());
  }
  Result<Round> round(const std::stop_token& stop) override;

 private:
  Status take(LDAPMessage* message, Round& found);
};

Status Usn::take(LDAPMessage* message, Round& found) {
  const Attributes attributes = raw_attributes(impl().ld.get(), message);
  const auto id = EntryDecoder::id_of_guid(attributes.first("objectguid"));
  if (!id) return ok();
  const bool deleted = to_lower(attributes.first("isdeleted")) == "true";
  deletes_told_ |= deleted;
  if (deleted) {
    found.notices.emplace_back(Gone{*id});
  } else if (is_container(attributes)) {
    found.start_over = true;  // perhaps renamed: nothing says what of it changed
  } else {
    found.to_look_at.push_back(*id);
  }
  return ok();
}

Result<PollingSource::Round> Usn::round(const std::stop_token& stop) {
  // Read first: what comes during the search is found by it or by the next.
  auto count = committed();
  if (!count) return std::move(count).error();
  Round found;
  if (*count == at_.count) {
    found.start_over = must_compare(*count);
    return found;
  }
  RawRequest request{connection_.server().default_context,
                     LDAP_SCOPE_SUBTREE,
                     "(uSNChanged>=" + std::to_string(at_.count + 1) + ")",
                     {"objectGUID", "isDeleted", "objectClass"},
                     {}};
  for (std::string cookie;;) {
    request.controls = {
        {std::string(kShowDeleted), "", true, false}, paged_request(1000, cookie), {std::string(kDomainScope), "", false, false}};
    auto answer = raw_search(
        impl(), request, doing_, [&](LDAPMessage* message) { return take(message, found); }, stop);
    if (!answer) return std::move(answer).error();
    if (answer->code != LDAP_SUCCESS) return impl().fail(error_from(*answer, doing_));
    const Control* control = find_control(answer->controls, kPagedResults);
    auto page = control ? parse_paged(*control) : Result<PagedAnswer>(PagedAnswer{});
    if (!page) return std::move(page).error().within(doing_);
    cookie = std::move(page->cookie);
    if (cookie.empty()) break;
  }
  MUSTER_TRY(check_scope(connection_, request_));
  found.start_over |= must_compare(*count);
  advance(*count, "");
  found.resume_at = at_.cookie();
  return found;
}

}  // namespace

Result<std::unique_ptr<ChangeSource>> open_usn(const Endpoint& endpoint, const WatchRequest& request) {
  auto connection = Connection::open(endpoint, true);
  if (!connection) return std::move(connection).error();
  auto source = std::make_unique<Usn>(std::move(*connection), request);
  MUSTER_TRY(source->prepare());
  return std::unique_ptr<ChangeSource>(std::move(source));
}

}  // namespace muster::wire
