#include "mapping/xml_fault.h"

#include <algorithm>

#include "mapping/source_text.h"
#include "schema/dn.h"

namespace muster {
namespace {

std::string text_of(const char* text) { return text ? text : ""; }

/// The sentence and the remedy; both empty for what has no better words than libxml2's.
XmlFault words_for(const xmlError& e) {
  const std::string one = text_of(e.str1), two = text_of(e.str2);
  switch (e.code) {
    case XML_ERR_DOCUMENT_EMPTY: return {0, 0, "the file is empty, or does not begin with an element", ""};
    case XML_ERR_DOCUMENT_END: return {0, 0, "something follows the end of the document", "a file holds one root element"};
    case XML_ERR_TAG_NAME_MISMATCH:
      return {0, 0, "<" + one + "> of line " + std::to_string(e.int1) + " is closed by </" + two + ">",
              "close it with </" + one + ">"};
    case XML_ERR_TAG_NOT_FINISHED:
      return {0, 0, "the file ends before <" + one + "> of line " + std::to_string(e.int1) + " is closed", "is the file complete?"};
    case XML_ERR_GT_REQUIRED: return {0, 0, "the tag <" + one + " is not closed", "add >"};
    case XML_ERR_ATTRIBUTE_REDEFINED: return {0, 0, "the attribute '" + one + "' stands twice in one element", "keep one"};
    case XML_ERR_ATTRIBUTE_NOT_STARTED: return {0, 0, "the value of an attribute lacks its quotes", "write name=\"value\""};
    case XML_ERR_ATTRIBUTE_WITHOUT_VALUE: return {0, 0, "the attribute '" + one + "' has no value", "write " + one + "=\"...\""};
    case XML_ERR_LT_IN_ATTRIBUTE:
      return {0, 0, "a '<' stands in the value of an attribute", "write &lt;, or close the quote before it"};
    case XML_ERR_NAME_REQUIRED: return {0, 0, "a '&' stands alone", "write &amp;"};
    case XML_ERR_ENTITYREF_SEMICOL_MISSING: return {0, 0, "';' is missing behind '&' and a name", "write &amp; for '&' itself"};
    case XML_ERR_UNDECLARED_ENTITY:
      return {0, 0, "XML does not know &" + one + ";", "there are &lt; &gt; &amp; &quot; &apos; and &#number;"};
    case XML_ERR_SPACE_REQUIRED: return {0, 0, "a blank is missing between two attributes", ""};
    case XML_ERR_HYPHEN_IN_COMMENT: return {0, 0, "'--' stands inside a comment", "XML allows it only at the end"};
    case XML_ERR_COMMENT_NOT_FINISHED: return {0, 0, "a comment is not closed", "add -->"};
    case XML_ERR_INVALID_CHAR: return {0, 0, "a character stands here that XML does not allow", "is the file saved as UTF-8?"};
    case XML_ERR_INVALID_ENCODING: return {0, 0, "these bytes are no UTF-8", "save the file as UTF-8"};
    case XML_NS_ERR_UNDEFINED_NAMESPACE:
      return {0, 0, "the prefix '" + one + "' is not declared", "leave it away, or declare xmlns:" + one};
    default: return {};
  }
}

/// The last `mark` before `stopped`; `stopped` where there is none.
std::size_t last(std::string_view mark, std::string_view text, std::size_t stopped) {
  const std::size_t found = stopped == 0 ? std::string_view::npos : text.rfind(mark, stopped - 1);
  return found == std::string_view::npos ? stopped : found;
}

/// The second of two attributes of one name in the tag that ends about `stopped`.
std::size_t second_attribute(std::string_view name, std::string_view text, std::size_t stopped) {
  const SourceText source("", std::string(text));
  const std::size_t tag = last("<", text, stopped);
  const auto first = source.attribute(tag, name);
  const auto second = first ? source.attribute(first->end, name) : std::nullopt;
  return second ? second->begin : stopped;
}

/// Where the fault is, rather than where libxml2 noticed it.
std::size_t place_of(const xmlError& error, std::string_view text, std::size_t stopped) {
  switch (error.code) {
    case XML_ERR_TAG_NAME_MISMATCH: return last("</", text, stopped);
    case XML_ERR_NAME_REQUIRED:
    case XML_ERR_ENTITYREF_SEMICOL_MISSING:
    case XML_ERR_UNDECLARED_ENTITY: return last("&", text, stopped);
    case XML_ERR_ATTRIBUTE_REDEFINED: return second_attribute(text_of(error.str1), text, stopped);
    default: return stopped;
  }
}

/// The text of the XML declaration and the white space, comments and instructions after it, without the comments.
class Prolog {
 public:
  explicit Prolog(std::string_view text) : text_(text) {}

  /// Offset of "<!DOCTYPE", or npos.
  std::size_t doctype() {
    for (;;) {
      at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("<!DOCTYPE")) return at_;
      if (rest.starts_with("<?"))
        skip("?>");
      else if (rest.starts_with("<!--"))
        skip("-->");
      else
        return std::string_view::npos;
    }
  }

 private:
  void skip(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    at_ = found == std::string_view::npos ? text_.size() : found + end.size();
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

/// The value of encoding="..." in the XML declaration, with its offset.
std::optional<std::pair<std::string_view, std::size_t>> declared_encoding(std::string_view text) {
  if (!text.starts_with("<?xml")) return std::nullopt;
  const std::string_view declaration = text.substr(0, text.find("?>"));
  const std::size_t name = declaration.find("encoding");
  const std::size_t open = declaration.find_first_of("\"'", name);
  if (name == std::string_view::npos || open == std::string_view::npos) return std::nullopt;
  const std::size_t end = std::min(declaration.find(declaration[open], open + 1), declaration.size());
  return std::pair(declaration.substr(open + 1, end - open - 1), open + 1);
}

}  // namespace

XmlFault xml_fault(const xmlError& error, std::string_view text, std::size_t stopped) {
  XmlFault fault = words_for(error);
  const Location at = SourceText("", std::string(text)).at(place_of(error, text, std::min(stopped, text.size())));
  fault.line = at.line;
  fault.column = at.column;
  if (!fault.what.empty()) return fault;
  std::string message = text_of(error.message);
  fault.what = "this is no XML: " + message.substr(0, message.find('\n'));
  return fault;
}

std::optional<XmlFault> forbidden_prolog(std::string_view text) {
  const auto fault_at = [&](std::size_t offset, std::string what, std::string hint) {
    const Location at = SourceText("", std::string(text)).at(offset);
    return XmlFault{at.line, at.column, std::move(what), std::move(hint)};
  };
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return fault_at(0, "the file is UTF-16", "save it as UTF-8");
  const auto encoding = declared_encoding(text);
  if (encoding && to_lower(encoding->first) != "utf-8" && to_lower(encoding->first) != "us-ascii") {
    return fault_at(encoding->second, "the encoding '" + std::string(encoding->first) + "' is not supported",
                    "save the file as UTF-8");
  }
  const std::size_t doctype = Prolog(text).doctype();
  if (doctype == std::string_view::npos) return std::nullopt;
  return fault_at(doctype, "a DOCTYPE is not allowed in configuration files", "remove it");
}

}  // namespace muster
