#include "mapping/complaints.h"

#include <algorithm>
#include <tuple>

namespace muster {
namespace {

auto key(const Complaint& c) { return std::tie(c.at.file, c.at.line, c.at.column, c.what, c.hint); }

std::vector<Complaint> sorted(std::vector<Complaint> all) {
  std::sort(all.begin(), all.end(), [](const Complaint& a, const Complaint& b) { return key(a) < key(b); });
  const auto same = [](const Complaint& a, const Complaint& b) { return key(a) == key(b); };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

}  // namespace

std::string Location::rule() const { return line > 0 ? file + ":" + std::to_string(line) : file; }
std::string Location::str() const { return line > 0 && column > 0 ? rule() + ":" + std::to_string(column) : rule(); }

std::string Complaint::str() const { return at.str() + ": " + what + (hint.empty() ? "" : "; " + hint); }

void Complaints::error(Location at, std::string what, std::string hint) {
  errors_.push_back({std::move(at), std::move(what), std::move(hint)});
}

void Complaints::warning(Location at, std::string what, std::string hint) {
  warnings_.push_back({std::move(at), std::move(what), std::move(hint)});
}

bool Complaints::has_error_at(const Location& at) const {
  return std::any_of(errors_.begin(), errors_.end(), [&](const Complaint& c) { return c.at == at; });
}

std::vector<Complaint> Complaints::sorted_errors() const { return sorted(errors_); }
std::vector<Complaint> Complaints::sorted_warnings() const { return sorted(warnings_); }

}  // namespace muster
