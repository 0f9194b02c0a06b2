// A configuration file without what is written in it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace muster {

/// What is to stand for the value of an attribute.
using Stands = std::function<std::string(std::string_view element, std::string_view attribute, std::string_view value)>;

/// The elements and attributes of a configuration file, indented, each value as `stands` gives it, without comments and texts.
/// Errc::config: it is no XML.
Result<std::string> outline_of(std::string_view xml, const Stands& stands);

}  // namespace muster
