// libxml2's complaints about XML itself, in plain sentences. Private to xsd_check.cpp and xml_fault.cpp.
#pragma once

#include <libxml/xmlerror.h>

#include "mapping/xsd_check.h"

namespace muster {

/// Column and line as libxml2 gives them: where it stopped reading, which is at the fault or just behind it.
XmlFault xml_fault(const xmlError& error);

/// A DOCTYPE (its entities could name files, or blow up) or an encoding other than UTF-8 (columns would lie).
std::optional<XmlFault> forbidden_prolog(std::string_view text);

}  // namespace muster
