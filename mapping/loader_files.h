// The files of a configuration: reading, includes, XML and XSD. Private to the loader.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/grammar.h"
#include "mapping/loader_element.h"
#include "mapping/xsd_check.h"

namespace muster {

/// Every file of one configuration. Complains about what cannot be read, is no XML, or does not follow the XSD.
class FileSet {
 public:
  FileSet(const ConfigFiles& files, Complaints& complaints) : files_(files), complaints_(complaints) {}

  /// muster.xml as the user named it. None: there is nothing to go on with.
  std::optional<Element> read_main(const std::string& name);
  /// The root elements of all mapping files that are included from `root`, directly or through others.
  std::vector<Element> read_mappings(const Element& root);

  /// False: a file that was named could not be read or is no XML, so that what seems to be missing may be in it.
  bool complete() const { return complete_; }
  /// By absolute path.
  std::map<std::string, std::string> texts() const;
  /// Of mapping files, absolute and sorted.
  std::vector<std::string> mapping_paths() const;

 private:
  using Chain = std::vector<const SourceFile*>;  ///< the files that led here, muster.xml first
  const SourceFile* read(const std::string& path, const std::string& shown, const Element* includer);
  void follow(const Element& root, Chain& chain, std::vector<Element>& mappings);
  void include(const Element& include, const std::string& path, Chain& chain, std::vector<Element>& mappings);
  void nothing_found(const Element& include, const std::string& pattern);
  bool leads_back(const Element& include, const std::string& path, const Chain& chain) const;
  std::string shown_as(const std::string& path) const;

  const ConfigFiles& files_;
  Complaints& complaints_;
  Grammar grammar_{config_xsd()};
  std::optional<XsdCheck> xsd_;
  std::vector<std::unique_ptr<SourceFile>> all_;  ///< muster.xml first; addresses are stable
  std::map<std::string, const SourceFile*> by_path_;
  bool complete_ = true;
};

/// Breaches of the XSD in plain sentences.
void complain_about(const Element& root, const std::vector<XsdFault>& faults, const Grammar& grammar);

}  // namespace muster
