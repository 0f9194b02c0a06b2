#include "schema/filter.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "schema/ascii.h"

namespace muster {

/// One node of RFC 4511's Filter.
struct Filter::Node {
  enum class Kind { all, any, none, equal, substrings, greater, less, present, bits_all, bits_any, nested };
  Kind kind{};
  std::vector<std::shared_ptr<const Node>> children;
  std::string attribute;
  std::string value;               ///< unescaped
  std::vector<std::string> parts;  ///< substrings: initial, any..., final
};

namespace {

using Node = Filter::Node;
enum class Truth { no, yes, undefined };

constexpr std::string_view kBitAnd = "1.2.840.113556.1.4.803", kBitOr = "1.2.840.113556.1.4.804",
                           kInChain = "1.2.840.113556.1.4.1941";

class FilterParser {
 public:
  explicit FilterParser(std::string_view text) : text_(text) {}

  Result<std::shared_ptr<const Node>> whole() {
    auto node = filter(0);
    if (node && pos_ != text_.size()) return fault("text after the end");
    return node;
  }

 private:
  static constexpr int kDeepest = 100;

  Error fault(const std::string& what) const {
    return {Errc::config, "'" + std::string(text_) + "' is no search filter: " + what + " at character " + std::to_string(pos_ + 1),
            ""};
  }
  bool at(char c) const { return pos_ < text_.size() && text_[pos_] == c; }

  Result<std::shared_ptr<const Node>> filter(int depth) {
    if (depth > kDeepest) return fault("too many parentheses");
    if (!at('(')) return fault("'(' is missing");
    ++pos_;
    auto node = std::make_shared<Node>();
    if (at('&') || at('|') || at('!')) {
      const char op = text_[pos_++];
      node->kind = op == '&' ? Node::Kind::all : op == '|' ? Node::Kind::any : Node::Kind::none;
      while (at('(')) {
        auto child = filter(depth + 1);
        if (!child) return std::move(child).error();
        node->children.push_back(std::move(*child));
      }
      if (op == '!' && node->children.size() != 1) return fault("'!' takes exactly one filter");
    } else {
      MUSTER_TRY(item(*node));
    }
    if (!at(')')) return fault("')' is missing");
    ++pos_;
    return std::shared_ptr<const Node>(std::move(node));
  }

  Status item(Node& node) {
    const std::size_t end = std::min(text_.find_first_of("=<>~:()", pos_), text_.size());
    node.attribute = text_.substr(pos_, end - pos_);
    pos_ = end;
    if (at(':')) return extensible(node);
    if (node.attribute.empty()) return fault("an attribute is missing");
    if (node.attribute.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.;_") != std::string::npos)
      return fault("'" + node.attribute + "' is no attribute");
    node.kind = at('>') ? Node::Kind::greater : at('<') ? Node::Kind::less : Node::Kind::equal;
    if (at('>') || at('<') || at('~')) ++pos_;
    if (!at('=')) return fault("'=' is missing");
    ++pos_;
    return value(node);
  }

  Status extensible(Node& node) {
    const std::size_t end = text_.find(":=", pos_);
    if (end == std::string_view::npos) return fault("':=' is missing");
    const std::string_view rule = text_.substr(pos_ + 1, end - std::min(pos_ + 1, end));
    if (rule == kBitAnd)
      node.kind = Node::Kind::bits_all;
    else if (rule == kBitOr)
      node.kind = Node::Kind::bits_any;
    else if (rule == kInChain)
      node.kind = Node::Kind::nested;
    else
      return fault("the matching rule '" + std::string(rule) + "' is not supported");
    pos_ = end + 2;
    return value(node);
  }

  Status value(Node& node) {
    std::vector<std::string> parts(1);
    for (; pos_ < text_.size() && text_[pos_] != ')'; ++pos_) {
      const char c = text_[pos_];
      if (c == '(') return fault("an unescaped '('");
      if (c == '*' && node.kind == Node::Kind::equal) {
        parts.emplace_back();
      } else if (c == '\\') {
        if (pos_ + 2 >= text_.size() || hex_value(text_[pos_ + 1]) < 0 || hex_value(text_[pos_ + 2]) < 0)
          return fault("a backslash without two hexadecimal digits");
        parts.back().push_back(static_cast<char>(hex_value(text_[pos_ + 1]) << 4 | hex_value(text_[pos_ + 2])));
        pos_ += 2;
      } else {
        parts.back().push_back(c);
      }
    }
    if (parts.size() == 1) {
      node.value = std::move(parts.front());
    } else if (parts.size() == 2 && parts[0].empty() && parts[1].empty()) {
      node.kind = Node::Kind::present;
    } else {
      node.kind = Node::Kind::substrings;
      node.parts = std::move(parts);
    }
    return ok();
  }

  std::string_view text_;
  std::size_t pos_ = 0;
};

bool matches_parts(const std::string& value, const std::vector<std::string>& parts, Matching rule) {
  const std::string whole = normalise(rule, value);
  const auto folded = [&](const std::string& s) {
    return rule == Matching::case_exact || rule == Matching::octets ? s : fold_case(s);
  };
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part = folded(parts[i]);
    if (part.empty()) continue;
    if (i == 0) {
      if (!whole.starts_with(part)) return false;
      at = part.size();
    } else if (i + 1 == parts.size()) {
      return whole.size() >= at + part.size() && whole.ends_with(part);
    } else {
      const auto found = whole.find(part, at);
      if (found == std::string::npos) return false;
      at = found + part.size();
    }
  }
  return true;
}

std::optional<long long> number(std::string_view text) {
  long long n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

int compare(Matching rule, const std::string& a, const std::string& b) {
  if (rule == Matching::integer) {
    const auto x = number(a), y = number(b);
    if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
  }
  return normalise(rule, a).compare(normalise(rule, b));
}

bool matches_value(const Node& n, const std::string& value, Matching rule) {
  switch (n.kind) {
    case Node::Kind::equal: return equal(rule, value, n.value);
    case Node::Kind::substrings: return matches_parts(value, n.parts, rule);
    case Node::Kind::greater: return compare(rule, value, n.value) >= 0;
    case Node::Kind::less: return compare(rule, value, n.value) <= 0;
    case Node::Kind::bits_all:
    case Node::Kind::bits_any: {
      const auto have = number(value), want = number(n.value);
      if (!have || !want) return false;
      return n.kind == Node::Kind::bits_all ? (*have & *want) == *want : (*have & *want) != 0;
    }
    default: return true;
  }
}

Truth evaluate(const Node& n, const Entry& entry, const AttributeTypes& types) {
  if (n.kind == Node::Kind::none) {
    const Truth t = evaluate(*n.children.front(), entry, types);
    return t == Truth::undefined ? t : t == Truth::yes ? Truth::no : Truth::yes;
  }
  if (n.kind == Node::Kind::all || n.kind == Node::Kind::any) {
    const Truth decides = n.kind == Node::Kind::all ? Truth::no : Truth::yes;
    Truth result = n.kind == Node::Kind::all ? Truth::yes : Truth::no;
    for (const auto& child : n.children) {
      const Truth t = evaluate(*child, entry, types);
      if (t == decides) return t;
      if (t == Truth::undefined) result = t;
    }
    return result;
  }
  if (n.kind == Node::Kind::nested) return Truth::undefined;
  const Values* values = entry.attributes.find(n.attribute);
  if (n.kind == Node::Kind::present) return values ? Truth::yes : Truth::no;
  if (!types.find(n.attribute) && !values) return Truth::undefined;
  if (!values) return Truth::no;
  const Matching rule = types.equality_of(n.attribute);
  const bool any = std::any_of(values->begin(), values->end(), [&](const std::string& v) { return matches_value(n, v, rule); });
  return any ? Truth::yes : Truth::no;
}

void each_item(const std::shared_ptr<const Node>& n, const std::function<void(const Node&)>& each) {
  if (!n) return;
  if (n->children.empty()) each(*n);
  for (const auto& c : n->children) each_item(c, each);
}

}  // namespace

Result<Filter> Filter::parse(std::string_view text) {
  auto root = FilterParser(text).whole();
  if (!root) return std::move(root).error();
  Filter f;
  f.text_ = text;
  f.root_ = std::move(*root);
  return f;
}

bool Filter::matches(const Entry& entry, const AttributeTypes& types) const {
  return root_ && evaluate(*root_, entry, types) == Truth::yes;
}

std::vector<std::string> Filter::attributes() const {
  std::set<std::string> names;
  each_item(root_, [&](const Node& n) {
    if (!n.attribute.empty()) names.insert(to_lower(n.attribute));
  });
  return {names.begin(), names.end()};
}

std::vector<std::string> Filter::values_of(std::string_view attribute) const {
  std::vector<std::string> values;
  each_item(root_, [&](const Node& n) {
    const bool names = n.kind == Node::Kind::equal || n.kind == Node::Kind::nested;
    if (names && to_lower(n.attribute) == to_lower(attribute)) values.push_back(n.value);
  });
  return values;
}

bool Filter::asks_for_nesting() const {
  bool any = false;
  each_item(root_, [&](const Node& n) { any |= n.kind == Node::Kind::nested; });
  return any;
}

std::string escape_filter_value(std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : value) {
    if (c == '*' || c == '(' || c == ')' || c == '\\' || c == '\0') {
      out.push_back('\\');
      out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace muster
