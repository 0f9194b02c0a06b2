// libxml2, for what it does best: is this text XML, and does it follow the XSD? Offline: no network, no entities, no DTD.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace muster {

/// Why a text is no XML that muster reads. Line and column are 1-based.
struct XmlFault {
  int line = 1;
  int column = 1;
  std::string what;
  std::string hint;
};

/// One breach of the XSD. `element` counts elements in document order, the root being 0.
struct XsdFault {
  enum class Kind {
    wrong_root,
    wrong_namespace,
    unknown_element,
    unknown_attribute,
    missing_attribute,
    bad_value,
    text,
    other
  } kind;
  std::size_t element = 0;
  std::string attribute;
  std::string original;  ///< libxml2's sentence
};

/// One compiled XSD. Owns all that libxml2 gave.
class XsdCheck {
 public:
  /// `target` is the namespace that the documents must be in. Errc::corrupt where the XSD itself is not understood.
  static Result<XsdCheck> compile(std::string_view xsd, std::string target);
  XsdCheck(XsdCheck&&) noexcept;
  XsdCheck& operator=(XsdCheck&&) noexcept;
  ~XsdCheck();

  /// Not well-formed: the first fault, for what follows it is guesswork. Otherwise every breach; an element that does not belong
  /// where it stands is reported once, without its content.
  struct Outcome {
    std::optional<XmlFault> not_xml;
    std::vector<XsdFault> faults;
  };
  Outcome check(std::string_view text) const;

 private:
  struct Impl;
  explicit XsdCheck(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
