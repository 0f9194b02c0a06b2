// What an <attribute> says about values that nobody else has.
#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {

void load_unique(const Element& element, AttributeRule& rule) {
  rule.unique = element.truth("unique", false);
  rule.max_length = element.count("max-length", 0);
  rule.reuse_after = read_delay(element, "reuse-after");
  for (const char* attribute : {"max-length", "reuse-after"}) {
    if (rule.unique || !element.has(attribute) || element.has_misspelt_attribute()) continue;
    element.wrong_at(attribute, "'" + std::string(attribute) + "' is about values that nobody else has",
                     "add unique=\"true\", or remove it; substring() shortens other values");
  }
  if (!rule.unique || !rule.value || !rule.value->fields().empty()) return;
  element.wrong_in("value", "\"" + rule.value->source() + "\" is the same for everybody, but the value is to be unique",
                   "name a field of the feed");
}

}  // namespace muster
