// Streaming searches.
#include <array>

#include "ldap/connection.h"
#include "ldap/connection_impl.h"

namespace muster {

namespace {

int scope_of(SearchRequest::Scope scope) {
  switch (scope) {
    case SearchRequest::Scope::base: return LDAP_SCOPE_BASE;
    case SearchRequest::Scope::one: return LDAP_SCOPE_ONELEVEL;
    case SearchRequest::Scope::subtree: break;
  }
  return LDAP_SCOPE_SUBTREE;
}

/// One search, page by page. While the caller works on a page the server already prepares the next.
class Pages {
 public:
  Pages(Connection::Impl& impl, const SearchRequest& request)
      : impl_(impl),
        request_(request),
        decoder_(impl.info.family, request.attributes),
        doing_("searching " + (request.base.empty() ? std::string("the root DSE") : request.base)),
        paged_(request.page_size > 0 && impl.info.has_control(wire::kPagedResults)) {
    names_ = decoder_.request();
    for (std::string& n : names_) attributes_.push_back(n.data());
    attributes_.push_back(nullptr);
  }

  Result<wire::Answer> run(const std::function<Status(Entry&&)>& each, std::stop_token stop) {
    MUSTER_TRY(impl_.usable());
    MUSTER_TRY(ask(""));
    for (;;) {
      std::vector<Entry> page;
      auto answer = receive(page, stop);
      if (!answer) return answer;
      const bool done = answer->code != LDAP_SUCCESS;
      auto cookie = done ? Result<std::string>(std::string()) : next_cookie(*answer);
      if (!cookie) return std::move(cookie).error();
      if (!cookie->empty()) MUSTER_TRY(ask(*cookie));
      for (Entry& e : page) {
        if (Status taken = each(std::move(e)); !taken) {
          if (!cookie->empty()) ldap_abandon_ext(impl_.ld.get(), msgid_, nullptr, nullptr);
          return std::move(taken).error();
        }
      }
      if (cookie->empty()) return answer;
    }
  }
  const std::string& doing() const { return doing_; }

 private:
  Status ask(std::string_view cookie) {
    std::vector<wire::Control> controls;
    if (paged_) controls.push_back(wire::paged_request(request_.page_size, cookie));
    wire::ControlPointers pointers(controls);
    const int rc = ldap_search_ext(impl_.ld.get(), request_.base.c_str(), scope_of(request_.scope), request_.filter.c_str(), attributes_.data(), 0, pointers.get(), nullptr,
                                   nullptr, LDAP_NO_LIMIT, &msgid_);
    if (rc != LDAP_SUCCESS) return impl_.fail(wire::error_from(rc, doing_));
    return ok();
  }

  Result<std::string> next_cookie(const wire::Answer& answer) const {
    if (!paged_) return std::string();
    const wire::Control* control = wire::find_control(answer.controls, wire::kPagedResults);
    if (!control) return std::string();
    auto paged = wire::parse_paged(*control);
    if (!paged) return std::move(paged).error().within(doing_);
    return std::move(paged->cookie);
  }

  Result<wire::Answer> receive(std::vector<Entry>& page, std::stop_token stop) {
    for (;;) {
      auto message = wire::next_message(impl_.ld.get(), {msgid_, impl_.timeout, stop});
      if (!message) {
        if (message.error().code == Errc::cancelled) ldap_abandon_ext(impl_.ld.get(), msgid_, nullptr, nullptr);
        return impl_.fail(std::move(message).error().within(doing_));
      }
      if (!*message) return impl_.fail({Errc::unreachable, doing_ + ": no answer for " + std::to_string(impl_.timeout.count()) + " ms", ""});
      switch (ldap_msgtype(message->get())) {
        case LDAP_RES_SEARCH_ENTRY: {
          auto entry = decoder_.decode(impl_.ld.get(), message->get());
          if (!entry) return std::move(entry).error();
          page.push_back(std::move(*entry));
          break;
        }
        case LDAP_RES_SEARCH_REFERENCE:
          ldap_abandon_ext(impl_.ld.get(), msgid_, nullptr, nullptr);
          return Error{Errc::untrusted, doing_ + ": a part of it is held by another server (a search reference came), so the answer is not complete",
                       "name a base that one server holds whole"};
        case LDAP_RES_SEARCH_RESULT: return wire::read_answer(impl_.ld.get(), message->get());
        default: break;
      }
    }
  }

  Connection::Impl& impl_;
  const SearchRequest& request_;
  wire::EntryDecoder decoder_;
  std::string doing_;
  bool paged_;
  std::vector<std::string> names_;
  std::vector<char*> attributes_;
  int msgid_ = 0;
};

/// What is not a complete answer proves nothing about who exists.
Error incomplete(Connection::Impl& impl, const wire::Answer& answer, const std::string& doing) {
  Error error = wire::error_from(answer, doing);
  if (error.code == Errc::unreachable) return impl.fail(std::move(error));
  error.code = Errc::untrusted;
  if (answer.code == LDAP_NO_SUCH_OBJECT) error.hint = "the base does not exist, or the bind account may not see it";
  if (answer.code == LDAP_INSUFFICIENT_ACCESS) error.hint = "give the bind account the right to read there";
  return error;
}

}  // namespace

Status Connection::search(const SearchRequest& request, const std::function<Status(Entry&&)>& each, std::stop_token stop) {
  Pages pages(*impl_, request);
  auto answer = pages.run(each, stop);
  if (!answer) return std::move(answer).error();
  if (answer->code != LDAP_SUCCESS) return incomplete(*impl_, *answer, pages.doing());
  return ok();
}

Result<std::optional<Entry>> Connection::read(const std::string& dn, const std::vector<std::string>& attributes) {
  SearchRequest request;
  request.base = dn;
  request.scope = SearchRequest::Scope::base;
  request.attributes = attributes;
  request.page_size = 0;
  std::optional<Entry> found;
  Pages pages(*impl_, request);
  auto answer = pages.run([&](Entry&& e) {
    found = std::move(e);
    return ok();
  }, {});
  if (!answer) return std::move(answer).error();
  if (answer->code == LDAP_NO_SUCH_OBJECT) return std::optional<Entry>();
  if (answer->code != LDAP_SUCCESS) return incomplete(*impl_, *answer, "reading " + dn);
  return found;
}

Result<std::optional<Entry>> Connection::read_by_id(const EntryId& id, const std::string& base, const std::vector<std::string>& attributes) {
  SearchRequest request;
  request.base = base;
  request.filter = "(entryUUID=" + to_string(id) + ")";
  request.attributes = attributes;
  request.page_size = 0;
  if (impl_->info.family == ServerInfo::Family::active_directory) {
    // GUIDs are searched as their bytes, the first three fields little-endian (MS-DTYP section 2.3.4.2).
    constexpr std::array<std::size_t, 16> kOrder{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    constexpr char kHex[] = "0123456789abcdef";
    request.filter = "(objectGUID=";
    for (const std::size_t i : kOrder) request.filter.append("\\").append(1, kHex[id.rep()[i] >> 4]).append(1, kHex[id.rep()[i] & 15]);
    request.filter += ")";
  }
  std::optional<Entry> found;
  MUSTER_TRY(search(request, [&](Entry&& e) {
    found = std::move(e);
    return ok();
  }));
  return found;
}

}  // namespace muster
