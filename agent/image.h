// Attributes and field lists as bytes, for the store: length-prefixed, so that equal bytes mean equal content.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/entry.h"

namespace muster {

/// Writes into `out` (cleared first), so that a caller can reuse the memory.
void encode_attributes(const Attributes& attributes, std::string& out);
Attributes decode_attributes(std::string_view image);

std::string encode_texts(const std::vector<std::string>& texts);
std::vector<std::string> decode_texts(std::string_view bytes);

std::string encode_settled(const std::map<std::string, Values, std::less<>>& settled);
std::map<std::string, Values, std::less<>> decode_settled(std::string_view bytes);

}  // namespace muster
