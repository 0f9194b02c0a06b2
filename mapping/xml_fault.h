// libxml2's complaints about XML itself, in plain sentences. Private to xsd_check.cpp and xml_fault.cpp.
#pragma once

#include <libxml/xmlerror.h>

#include "mapping/xsd_check.h"

namespace muster {

/// `stopped` is how many bytes of `text` libxml2 had read, which is at the fault or behind it.
XmlFault xml_fault(const xmlError& error, std::string_view text, std::size_t stopped);

/// A DOCTYPE (its entities could name files, or blow up) or an encoding other than UTF-8 (columns would lie).
std::optional<XmlFault> forbidden_prolog(std::string_view text);

}  // namespace muster
