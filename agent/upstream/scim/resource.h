// SCIM resources (RFC 7643): made of what a directory has, and compared with what a server holds. Pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/scim_path.h"

namespace muster::scim {

using nlohmann::json;

/// What a server's schema says of an attribute (RFC 7643 section 7).
struct AttributeKind {
  std::string type = "string";  ///< string, boolean, decimal, integer, dateTime, reference, binary, complex
  bool multi_valued = false;
  bool writable = true;
  bool case_exact = false;
};

/// The attributes of one resource type: from /Schemas, or what RFC 7643 says where a server has none.
class Schema {
 public:
  static Schema standard_user();
  /// Reads schemas (resources of /Schemas); `core` is the URN of the resource type's own.
  static Schema parse(const std::vector<json>& schemas, std::string_view core);
  /// Null: the server knows no such attribute.
  const AttributeKind* find(const ScimPath& path, bool of_sub) const;
  bool has_schema(std::string_view urn) const;
  bool empty() const { return kinds_.empty(); }

 private:
  void add(const std::string& urn, const std::string& prefix, const json& attributes);
  std::map<std::string, AttributeKind, std::less<>> kinds_;  ///< "urn|name.sub", lower case; the core has no URN
};

/// One value or several, and where they stand.
struct Mapped {
  ScimPath path;
  std::vector<std::string> values;  ///< none: there is none upstream either
};

/// What we say of a resource. Everything else in it belongs to others and stays.
struct Ours {
  std::string schema;  ///< URN of the resource type
  std::vector<Mapped> mapped;
  std::string external_id;
  std::optional<bool> active;  ///< of users
  friend bool operator==(const Ours& a, const Ours& b) { return a.text() == b.text(); }
  /// Equal texts mean equal wishes.
  std::string text() const;
};

/// `current` with our values in it: a new object for create, and what a resource must become otherwise. Of a multi-valued attribute
/// the elements that our filters do not mean are kept. A value that the schema's type cannot hold is left out and named in
/// `refused`.
json merged(const json& current, const Ours& ours, const Schema& schema, std::vector<std::string>* refused = nullptr);

/// The operations (RFC 7644 section 3.5.2) that make `wanted` of `current`, one for each attribute that differs; empty: it is so.
/// Metadata and what the server alone writes do not count.
json patch_between(const json& current, const json& wanted);

/// {"schemas": [PatchOp], "Operations": operations}
json patch_request(json operations);

/// A value inside a filter's quotes (RFC 7644 section 3.4.2.2: a JSON string).
std::string quoted(std::string_view value);

}  // namespace muster::scim
