#include "mapping/config_outline.h"

#include <pugixml.hpp>
#include <sstream>

namespace muster {

namespace {

void replace_values(pugi::xml_node node, const Stands& stands) {
  for (pugi::xml_attribute attribute : node.attributes())
    attribute.set_value(stands(node.name(), attribute.name(), attribute.value()).c_str());
  for (pugi::xml_node child = node.first_child(); child;) {
    const pugi::xml_node next = child.next_sibling();
    if (child.type() == pugi::node_element)
      replace_values(child, stands);
    else
      node.remove_child(child);
    child = next;
  }
}

}  // namespace

Result<std::string> outline_of(std::string_view xml, const Stands& stands) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) return Error{Errc::config, std::string("no XML: ") + parsed.description(), ""};
  replace_values(document.document_element(), stands);
  std::ostringstream out;
  document.document_element().print(out, "  ");
  return out.str();
}

}  // namespace muster
