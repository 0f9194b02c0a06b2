// muster.xml and mapping.d/*.xml: from text to Settings and Rules, or to every complaint at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/location.h"
#include "mapping/rules.h"
#include "mapping/settings.h"
#include "schema/attribute.h"
#include "schema/result.h"

namespace muster {

/// One complaint about a configuration file.
struct Complaint {
  Location at;
  std::string what;         ///< a sentence
  std::string hint;         ///< what to do, or empty
  std::string str() const;  ///< "muster.xml:3:7: unknown element <fedd>; did you mean <feed>?"
};

struct Config {
  Settings settings;
  Rules rules;
  /// The text of every file that was read, by absolute path: what the store keeps of accepted rules.
  std::map<std::string, std::string> sources;
  std::vector<Complaint> warnings;
};

struct LoadResult {
  std::unique_ptr<Config> config;  ///< null when there are errors
  std::vector<Complaint> errors;   ///< sorted by file, line, column; all of them
};

/// Where texts come from. The default reads files.
struct ConfigFiles {
  std::function<Result<std::string>(const std::string& path)> read;
  std::function<std::vector<std::string>(const std::string& pattern)> glob;  ///< sorted absolute paths
  static ConfigFiles on_disk();
  /// Mapping files come from `mappings` (absolute path to text) instead of the disk; muster.xml still from the disk.
  static ConfigFiles with_mappings(std::map<std::string, std::string> mappings);
};

/// Loads and validates without any server (XSD, then semantics).
LoadResult load_config(const std::string& muster_xml, const ConfigFiles& files = ConfigFiles::on_disk());

/// What only a server's schema can tell: attributes that do not exist there, are read-only, or are named twice under two
/// names of one type. Binds the rules to the schema.
std::vector<Complaint> check_against_schema(Config& config, const AttributeTypes& types);

/// Lower-case names of the attributes that the agent must read of each person's entry: mapped, joined on, protected by, RDN...
std::vector<std::string> attributes_needed(const Config& config);
/// The same without that of <probe>, which no rule may need.
std::vector<std::string> attributes_of_rules(const Config& config);

}  // namespace muster
