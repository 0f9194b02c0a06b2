// Attribute types, matching rules, and equality of values by rule rather than by bytes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace muster {

/// The equality rules that muster knows (RFC 4517 section 4.2). Unknown rules compare as octets.
enum class Matching {
  case_ignore,
  case_exact,
  numeric_string,
  telephone_number,
  dn,
  name_and_uid,  ///< uniqueMember: a DN with an optional #'0101'B
  integer,
  boolean,
  generalized_time,
  octets,
};

/// One attribute type as a server's subschema, or the built-in table, describes it (RFC 4512 section 4.1.2).
struct AttributeType {
  std::string name;                ///< first NAME, as spelled
  std::vector<std::string> names;  ///< all names, lower case
  std::string oid;
  std::string syntax;  ///< OID of the syntax, inherited from SUP where need be
  Matching equality = Matching::octets;
  bool single_valued = false;
  bool read_only = false;  ///< NO-USER-MODIFICATION, or computed by the server (memberOf)
  bool operational = false;
};

/// The set of attribute types of one server.
class AttributeTypes {
 public:
  /// RFC 4519/4524/2798/2307 types that every directory has, for use before a server was asked.
  static AttributeTypes standard();
  /// What Active Directory has, whose subschema names few equality rules (MS-ADTS 3.1.1.2.2).
  static AttributeTypes active_directory();
  /// Reads the values of `attributeTypes` of a subschema subentry (RFC 4512 section 4.2.2). A description that cannot be
  /// read is skipped and counted in skipped(); SUP chains are followed.
  static AttributeTypes parse(const std::vector<std::string>& descriptions);

  /// By any of its names or its OID, any case, options (";binary") ignored. Null: no such type.
  const AttributeType* find(std::string_view name) const;
  /// The equality rule of `name`; case_ignore for an unknown type.
  Matching equality_of(std::string_view name) const;
  /// The nearest name, for "did you mean"; empty when none is near.
  std::string nearest(std::string_view name) const;
  std::size_t size() const { return types_.size(); }
  std::size_t skipped() const { return skipped_; }

 private:
  void add(AttributeType type);
  std::vector<AttributeType> types_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::size_t skipped_ = 0;
};

/// The normal form of a value under a rule: two values are equal exactly when their normal forms are.
/// A value that the rule's syntax cannot read normalises to itself.
std::string normalise(Matching rule, std::string_view value);
bool equal(Matching rule, std::string_view a, std::string_view b);
/// Equality of value sets: order and repetition do not count (RFC 4512 section 2.3).
bool equal_sets(Matching rule, const std::vector<std::string>& a, const std::vector<std::string>& b);

/// The object classes of a server: which attributes an entry of given classes must and may have.
struct ObjectClass {
  std::string name;
  std::vector<std::string> names;  ///< lower case
  std::string oid;
  std::vector<std::string> sup, must, may;
  enum class Kind { structural, auxiliary, abstract } kind = Kind::structural;
};
class ObjectClasses {
 public:
  static ObjectClasses parse(const std::vector<std::string>& descriptions);
  const ObjectClass* find(std::string_view name) const;
  /// All MUST attributes of the classes and their superiors, lower case, sorted.
  std::vector<std::string> must_of(const std::vector<std::string>& classes) const;
  /// All MUST and MAY attributes, lower case, sorted.
  std::vector<std::string> allowed_of(const std::vector<std::string>& classes) const;

 private:
  std::vector<ObjectClass> classes_;
};

/// Edit-distance helper for every "did you mean": the nearest of `candidates`, or empty when none is near (distance at most a
/// third of the length, at least 1; case does not count).
std::string nearest_of(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace muster
