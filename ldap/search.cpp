// Streaming searches.
#include "ldap/connection.h"
#include "ldap/connection_impl.h"
#include "ldap/raw_search.h"

namespace muster {
namespace {

using Each = std::function<Status(Entry&&)>;

int scope_of(SearchRequest::Scope scope) {
  switch (scope) {
    case SearchRequest::Scope::base: return LDAP_SCOPE_BASE;
    case SearchRequest::Scope::one: return LDAP_SCOPE_ONELEVEL;
    case SearchRequest::Scope::subtree: break;
  }
  return LDAP_SCOPE_SUBTREE;
}

/// One search, page by page. While the caller works on a page the server already prepares the next.
class Search {
 public:
  Search(Connection::Impl& impl, const SearchRequest& request)
      : impl_(impl),
        request_(request),
        decoder_(impl.info, request.attributes),
        names_(decoder_.request()),
        doing_((request.scope == SearchRequest::Scope::base ? "reading " : "searching ") + request.base),
        paged_(request.page_size > 0 && impl.info.has_control(wire::kPagedResults)) {
    for (std::string& n : names_) attributes_.push_back(n.data());
    attributes_.push_back(nullptr);
  }
  /// A search that was left in the middle goes on to send entries that nobody reads.
  ~Search() {
    if (msgid_ && !impl_.broken) ldap_abandon_ext(impl_.ld.get(), *msgid_, nullptr, nullptr);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  /// The answer that ended it. Whether that is success is for the caller to see.
  Result<wire::Answer> run(const Each& each, const std::stop_token& stop) {
    MUSTER_TRY(impl_.usable());
    MUSTER_TRY(ask(""));
    return paged_ ? pages(each, stop) : receive(each, stop);
  }

  /// What is not a complete answer proves nothing about who exists.
  Error incomplete(const wire::Answer& answer) {
    Error error = wire::error_from(answer, doing_);
    if (error.code == Errc::unreachable) return impl_.fail(std::move(error));
    error.code = Errc::untrusted;
    if (answer.code == LDAP_NO_SUCH_OBJECT) {
      error.what =
          "the base " + request_.base + " does not exist, or " + account() + " may not see it: " + wire::code_text(answer.code);
      error.hint = "check the base, and give the bind account the right to read it";
    }
    if (answer.code == LDAP_INSUFFICIENT_ACCESS) error.hint = "give the bind account the right to read there";
    return impl_.fail(std::move(error));
  }

 private:
  std::string account() const { return impl_.info.bound_as.empty() ? "an anonymous client" : impl_.info.bound_as; }

  Status ask(std::string_view cookie) {
    std::vector<wire::Control> controls;
    if (paged_) controls.push_back(wire::paged_request(request_.page_size, cookie));
    // Else a search of the whole domain names the partitions below it, which are none of ours (MS-ADTS 3.1.1.3.4.1.2).
    if (impl_.info.family == Family::active_directory && impl_.info.has_control(wire::kDomainScope))
      controls.push_back({std::string(wire::kDomainScope), "", false, false});
    wire::ControlPointers pointers(controls);
    int msgid = 0;
    const int rc = ldap_search_ext(impl_.ld.get(), request_.base.c_str(), scope_of(request_.scope), request_.filter.c_str(),
                                   attributes_.data(), 0, pointers.get(), nullptr, nullptr, LDAP_NO_LIMIT, &msgid);
    if (rc != LDAP_SUCCESS) return impl_.fail(wire::error_from(rc, doing_));
    msgid_ = msgid;
    return ok();
  }

  Result<wire::Answer> pages(const Each& each, const std::stop_token& stop) {
    for (;;) {
      std::vector<Entry> page;
      auto answer = receive(
          [&page](Entry&& e) {
            page.push_back(std::move(e));
            return ok();
          },
          stop);
      if (!answer || answer->code != LDAP_SUCCESS) return answer;
      auto cookie = next_cookie(*answer);
      if (!cookie) return std::move(cookie).error();
      if (!cookie->empty()) MUSTER_TRY(ask(*cookie));
      for (Entry& e : page) MUSTER_TRY(each(std::move(e)));
      if (cookie->empty()) return answer;
    }
  }

  /// RFC 2696 section 3: a server that took the request control, which was critical, answers with one. Without it nobody knows
  /// whether this was the last page.
  Result<std::string> next_cookie(const wire::Answer& answer) {
    const wire::Control* control = wire::find_control(answer.controls, wire::kPagedResults);
    if (!control)
      return impl_.fail(
          {Errc::untrusted, doing_ + ": the server did not say whether more pages follow, so the answer is not complete", ""});
    auto paged = wire::parse_paged(*control);
    if (!paged) return impl_.fail(std::move(paged).error().within(doing_));
    return std::move(paged->cookie);
  }

  Result<wire::Answer> receive(const Each& each, const std::stop_token& stop) {
    for (;;) {
      auto message = impl_.next(*msgid_, doing_, stop);
      if (!message) return std::move(message).error();
      switch (ldap_msgtype(message->get())) {
        case LDAP_RES_SEARCH_ENTRY: MUSTER_TRY(take(message->get(), each)); break;
        case LDAP_RES_SEARCH_REFERENCE: return impl_.fail(elsewhere());
        case LDAP_RES_SEARCH_RESULT: return finish(message->get());
        default: break;
      }
    }
  }

  Status take(LDAPMessage* message, const Each& each) {
    std::vector<wire::PartialAttribute> missing;
    auto entry = decoder_.decode(impl_.ld.get(), message, nullptr, &missing);
    if (!entry) return impl_.fail(std::move(entry).error().within(doing_));
    if (!missing.empty()) MUSTER_TRY(wire::complete(impl_, *entry, missing, {}));
    return each(std::move(*entry));
  }

  Result<wire::Answer> finish(LDAPMessage* message) {
    msgid_.reset();
    auto answer = wire::read_answer(impl_.ld.get(), message);
    if (!answer) return impl_.fail(std::move(answer).error().within(doing_));
    return answer;
  }

  Error elsewhere() const {
    return {Errc::untrusted,
            doing_ + ": a part of it is held by another server (a search reference came), so the answer is not complete",
            "name a base that one server holds whole"};
  }

  Connection::Impl& impl_;
  const SearchRequest& request_;
  wire::EntryDecoder decoder_;
  std::vector<std::string> names_;
  std::vector<char*> attributes_;
  std::string doing_;
  bool paged_;
  std::optional<int> msgid_;  ///< what is being answered
};

}  // namespace

Status Connection::search(const SearchRequest& request, const std::function<Status(Entry&&)>& each, std::stop_token stop) {
  Search search(*impl_, request);
  auto answer = search.run(each, stop);
  if (!answer) return std::move(answer).error();
  return answer->code == LDAP_SUCCESS ? ok() : Status(search.incomplete(*answer));
}

Result<std::optional<Entry>> Connection::read(const std::string& dn, const std::vector<std::string>& attributes) {
  SearchRequest request;
  request.base = dn;
  request.scope = SearchRequest::Scope::base;
  request.attributes = attributes;
  request.page_size = 0;
  std::optional<Entry> found;
  Search search(*impl_, request);
  auto answer = search.run(
      [&found](Entry&& e) {
        found = std::move(e);
        return ok();
      },
      {});
  if (!answer) return std::move(answer).error();
  if (answer->code != LDAP_SUCCESS && answer->code != LDAP_NO_SUCH_OBJECT) return search.incomplete(*answer);
  return found;
}

Result<std::optional<Entry>> Connection::read_by_id(const EntryId& id, const std::string& base,
                                                    const std::vector<std::string>& attributes) {
  if (impl_->info.family == Family::active_directory) {
    auto entry = read("<GUID=" + to_string(id) + ">", attributes);
    const auto below = Dn::parse(base);
    if (entry && *entry && below && !(*entry)->dn.is_under(*below)) return std::optional<Entry>();
    return entry;
  }
  SearchRequest request;
  request.base = base;
  request.filter = wire::EntryDecoder::filter_for(impl_->info.family, id);
  request.attributes = attributes;
  request.page_size = 0;
  std::optional<Entry> found;
  MUSTER_TRY(search(request, [&found](Entry&& e) {
    found = std::move(e);
    return ok();
  }));
  return found;
}

}  // namespace muster
