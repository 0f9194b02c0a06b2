#include "mapping/xsd_check.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include <climits>
#include <set>
#include <unordered_map>

#include "mapping/xml_fault.h"

namespace muster {
namespace {

struct FreeDocument {
  void operator()(xmlDoc* p) const noexcept { xmlFreeDoc(p); }
};
struct FreeParser {
  void operator()(xmlParserCtxt* p) const noexcept { xmlFreeParserCtxt(p); }
};
struct FreeSchema {
  void operator()(xmlSchema* p) const noexcept { xmlSchemaFree(p); }
};
struct FreeSchemaParser {
  void operator()(xmlSchemaParserCtxt* p) const noexcept { xmlSchemaFreeParserCtxt(p); }
};
struct FreeValidation {
  void operator()(xmlSchemaValidCtxt* p) const noexcept { xmlSchemaFreeValidCtxt(p); }
};
using Document = std::unique_ptr<xmlDoc, FreeDocument>;
using Parser = std::unique_ptr<xmlParserCtxt, FreeParser>;
using Schema = std::unique_ptr<xmlSchema, FreeSchema>;
using SchemaParser = std::unique_ptr<xmlSchemaParserCtxt, FreeSchemaParser>;
using Validation = std::unique_ptr<xmlSchemaValidCtxt, FreeValidation>;

std::string_view view(const xmlChar* text) { return text ? reinterpret_cast<const char*>(text) : std::string_view(); }
const xmlChar* chars(const std::string& text) { return reinterpret_cast<const xmlChar*>(text.c_str()); }

/// One parse, as libxml2's callback sees it.
struct Parse {
  std::string_view text;
  std::optional<XmlFault>& fault;
};

void keep_first(void* self, xmlErrorPtr error) {
  auto* const parser = static_cast<xmlParserCtxt*>(self);
  auto& parse = *static_cast<Parse*>(parser->_private);
  if (parse.fault || error->level < XML_ERR_ERROR) return;
  const long stopped = xmlByteConsumed(parser);
  parse.fault = xml_fault(*error, parse.text, stopped > 0 ? static_cast<std::size_t>(stopped) : 0);
}
void keep_none(void*, xmlErrorPtr) {}

Document parse(std::string_view text, std::optional<XmlFault>& fault) {
  const Parser parser(xmlNewParserCtxt());
  if (!parser || text.size() > INT_MAX) {
    fault = XmlFault{1, 1, "the file is too large", ""};
    return nullptr;
  }
  Parse state{text, fault};
  parser->_private = &state;
  parser->sax->serror = keep_first;
  constexpr int kOptions = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  return Document(xmlCtxtReadMemory(parser.get(), text.data(), static_cast<int>(text.size()), nullptr, nullptr, kOptions));
}

XsdFault::Kind kind_of(int code, bool about_attribute) {
  switch (code) {
    case XML_SCHEMAV_CVC_ELT_1: return XsdFault::Kind::wrong_root;
    case XML_SCHEMAV_ELEMENT_CONTENT: return XsdFault::Kind::unknown_element;
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2: return XsdFault::Kind::unknown_attribute;
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_4: return XsdFault::Kind::missing_attribute;
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3: return XsdFault::Kind::text;
    default: return about_attribute ? XsdFault::Kind::bad_value : XsdFault::Kind::other;
  }
}

std::string between(std::string_view text, std::string_view before, char after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string_view::npos) return "";
  const std::size_t end = text.find(after, begin + before.size());
  return std::string(text.substr(begin + before.size(), end - begin - before.size()));
}

/// One document on its way through the schema.
class Run {
 public:
  Run(xmlDoc& document, const std::string& target) : document_(document), target_(target) {
    for (xmlNode* e = root(); e; e = next(e)) order_.emplace(e, order_.size());
  }

  std::vector<XsdFault> all(xmlSchema& schema) {
    drop_schema_hints();
    adopt_namespace();
    // libxml2 does not look at what follows an unexpected element: without it, it does.
    do {
      misplaced_.clear();
      validate(schema);
      for (xmlNode* e : misplaced_) xmlUnlinkNode(e);
      for (xmlNode* e : misplaced_) xmlFreeNode(e);
    } while (!misplaced_.empty());
    return std::move(faults_);
  }

 private:
  xmlNode* root() const { return xmlDocGetRootElement(&document_); }

  /// The next element in document order; null at the end.
  static xmlNode* next(xmlNode* e) {
    if (xmlNode* child = xmlFirstElementChild(e)) return child;
    for (; e && e->type == XML_ELEMENT_NODE; e = e->parent) {
      if (xmlNode* sibling = xmlNextElementSibling(e)) return sibling;
    }
    return nullptr;
  }

  void add(XsdFault::Kind kind, const xmlNode* element, std::string attribute, std::string original) {
    const auto found = order_.find(element);
    const std::size_t index = found == order_.end() ? 0 : found->second;
    if (!seen_.insert({index, static_cast<int>(kind), attribute}).second) return;
    faults_.push_back({kind, index, std::move(attribute), std::move(original)});
  }

  /// A document cannot name a schema of its own, which libxml2 would go and load, nor choose its types.
  void drop_schema_hints() {
    constexpr std::string_view kInstance = "http://www.w3.org/2001/XMLSchema-instance";
    for (xmlNode* e = root(); e; e = next(e)) {
      for (xmlAttr* a = e->properties; a;) {
        xmlAttr* const following = a->next;
        const bool hint = view(a->name) == "schemaLocation" || view(a->name) == "noNamespaceSchemaLocation";
        const bool instance = a->ns && view(a->ns->href) == kInstance;
        if (instance && !hint) add(XsdFault::Kind::unknown_attribute, e, std::string(view(a->name)), "");
        if (instance) xmlRemoveProp(a);
        a = following;
      }
    }
  }

  /// A forgotten xmlns is one fault, not one per element.
  void adopt_namespace() {
    xmlNode* const top = root();
    if (!top || (top->ns && view(top->ns->href) == target_)) return;
    const std::string wrong(top->ns ? view(top->ns->href) : "");
    add(XsdFault::Kind::wrong_namespace, top, "", wrong);
    xmlNs* const right = xmlNewNs(top, chars(target_), chars(std::string("muster-config")));
    for (xmlNode* e = top; e; e = next(e)) {
      if (wrong == (e->ns ? view(e->ns->href) : "")) xmlSetNs(e, right);
    }
  }

  void validate(xmlSchema& schema) {
    const Validation validation(xmlSchemaNewValidCtxt(&schema));
    if (!validation) return add(XsdFault::Kind::other, root(), "", "out of memory");
    xmlSchemaSetValidStructuredErrors(validation.get(), &Run::report, this);
    xmlSchemaValidateDoc(validation.get(), &document_);
  }

  static void report(void* self, xmlErrorPtr error) { static_cast<Run*>(self)->take(*error); }

  void take(const xmlError& error) {
    auto* node = static_cast<xmlNode*>(error.node);
    while (node && node->type != XML_ELEMENT_NODE) node = node->parent;
    const std::string_view message = error.message ? error.message : "";
    std::string attribute = between(message, "attribute '", '\'');
    const XsdFault::Kind kind = kind_of(error.code, !attribute.empty());
    if (kind == XsdFault::Kind::missing_attribute) attribute = between(message, "The attribute '", '\'');
    const bool children = kind == XsdFault::Kind::text && node && xmlFirstElementChild(node);
    if (children && error.code == XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1) return misplace_children(node, message);
    if (kind == XsdFault::Kind::unknown_element && node) return misplace_like(node, message);
    add(kind, node, std::move(attribute), std::string(message));
  }

  /// An element that must be empty has children: they are what is wrong.
  void misplace_children(xmlNode* parent, std::string_view message) {
    for (xmlNode* child = xmlFirstElementChild(parent); child; child = xmlNextElementSibling(child)) { misplace(child, message); }
  }

  /// The order of elements never matters here, so siblings of one name are all unexpected: one pass for them, not one for each.
  void misplace_like(xmlNode* element, std::string_view message) {
    for (xmlNode* e = element; e; e = xmlNextElementSibling(e)) {
      const bool same_space = view(e->ns ? e->ns->href : nullptr) == view(element->ns ? element->ns->href : nullptr);
      if (same_space && view(e->name) == view(element->name)) misplace(e, message);
    }
  }

  void misplace(xmlNode* element, std::string_view message) {
    misplaced_.insert(element);
    add(XsdFault::Kind::unknown_element, element, "", std::string(message));
  }

  xmlDoc& document_;
  const std::string& target_;
  std::unordered_map<const xmlNode*, std::size_t> order_;
  std::set<std::tuple<std::size_t, int, std::string>> seen_;
  std::set<xmlNode*> misplaced_;
  std::vector<XsdFault> faults_;
};

}  // namespace

struct XsdCheck::Impl {
  Schema schema;
  std::string target;
};

XsdCheck::XsdCheck(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
XsdCheck::XsdCheck(XsdCheck&&) noexcept = default;
XsdCheck& XsdCheck::operator=(XsdCheck&&) noexcept = default;
XsdCheck::~XsdCheck() = default;

Result<XsdCheck> XsdCheck::compile(std::string_view xsd, std::string target) {
  const SchemaParser parser(xmlSchemaNewMemParserCtxt(xsd.data(), static_cast<int>(xsd.size())));
  if (!parser) return Error{Errc::corrupt, "libxml2 has no memory for the XSD", ""};
  xmlSchemaSetParserStructuredErrors(parser.get(), keep_none, nullptr);
  Schema schema(xmlSchemaParse(parser.get()));
  if (!schema)
    return Error{Errc::corrupt, "this build's schema/muster.xsd is no XSD that libxml2 understands", "install muster again"};
  return XsdCheck(std::unique_ptr<Impl>(new Impl{std::move(schema), std::move(target)}));
}

XsdCheck::Outcome XsdCheck::check(std::string_view text) const {
  Outcome outcome;
  outcome.not_xml = forbidden_prolog(text);
  if (outcome.not_xml) return outcome;
  const Document document = parse(text, outcome.not_xml);
  if (outcome.not_xml) return outcome;
  if (!document)
    outcome.not_xml = XmlFault{1, 1, "this is no XML document", ""};
  else
    outcome.faults = Run(*document, impl_->target).all(*impl_->schema);
  return outcome;
}

}  // namespace muster
