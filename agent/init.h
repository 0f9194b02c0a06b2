// A first configuration for a directory that nobody has described yet.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ldap/connection.h"

namespace muster {

/// What a look at a directory found.
struct Survey {
  Family family = Family::other;
  std::string vendor, base, people_base, people_filter, groups_base, groups_filter;
  std::string join;                     ///< the attribute by which people are best known
  std::string department, placeholder;  ///< empty: the server has none, or needs none
  std::string policy;                   ///< OpenLDAP: the one password policy that there is
  std::string disable_attribute;        ///< where the server can switch nobody off by itself
  std::vector<Attributes> people;       ///< who is there: what a feed would say of them
  std::size_t groups = 0;
};

/// Reads people and groups, and changes nothing. Errc::not_found: the directory shows nothing below which people could be.
Result<Survey> survey(Connection& connection, const std::string& base);

/// The files of the configuration, by name: muster.xml, mapping.d/rules.xml and a feed that says of everybody what the directory
/// says already, so that a first plan changes nobody. Pure.
std::map<std::string, std::string> first_configuration(const Survey& survey, const Endpoint& endpoint);

}  // namespace muster
