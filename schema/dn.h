// Distinguished names (RFC 4514) that know their own equality.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace muster {

/// One attribute type and value of an RDN, the value unescaped.
struct Ava {
  std::string type;
  std::string value;
};

/// A valid distinguished name. Keeps the spelling it was given and a normal form by which it compares: attribute types
/// lower-cased (with OIDs of RFC 4519 types mapped to names), values case-folded (ASCII and Latin, Greek, Cyrillic
/// letters of UTF-8) with white space squeezed, multi-valued RDNs sorted, minimal escaping. Every string attribute that
/// directories use for naming is case-insensitive; a case-exact naming attribute would compare too widely, never too narrowly.
/// The empty DN (the root) is valid. Immutable, so any number of threads may read one.
class Dn {
 public:
  Dn() = default;
  /// Errc::config with the position of the fault.
  static Result<Dn> parse(std::string_view rfc4514);
  /// A child: one RDN in front of `parent`.
  static Dn child(const Ava& rdn, const Dn& parent);

  /// As it was spelled.
  const std::string& str() const { return text_; }
  /// The normal form; equal DNs have equal normal forms. It is itself a valid RFC 4514 string for the same entry.
  const std::string& normal() const { return normal_; }
  bool empty() const { return text_.empty(); }

  /// True for `base` itself and everything below.
  bool is_under(const Dn& base) const;
  /// The DN without its first RDN; of a one-RDN name or the empty name: the empty name.
  Dn parent() const;
  /// The first RDN as spelled ("cn=Ann+uid=ann"); empty for the empty DN.
  std::string rdn() const;
  /// The parts of the first RDN, unescaped.
  std::vector<Ava> rdn_avas() const;

  friend bool operator==(const Dn& a, const Dn& b) { return a.normal_ == b.normal_; }
  friend bool operator<(const Dn& a, const Dn& b) { return a.normal_ < b.normal_; }

 private:
  Dn(std::string text, std::string normal) : text_(std::move(text)), normal_(std::move(normal)) {}
  std::string text_;
  std::string normal_;
};

/// Escapes a value for use in a DN (RFC 4514 section 2.4).
std::string escape_dn_value(std::string_view value);

/// ASCII lower case: for attribute names, option names and keywords (RFC 4512 section 1.4 names are ASCII).
std::string to_lower(std::string_view ascii);
/// Case folding as the directory string matching rules need it (RFC 4518 section 2): the letters named at Dn; others unchanged.
std::string fold_case(std::string_view utf8);
/// Runs of blanks as one, none at the ends (RFC 4518 section 2.6.1).
std::string squeeze(std::string_view value);

}  // namespace muster
