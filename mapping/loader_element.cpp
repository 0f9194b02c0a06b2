#include "mapping/loader_element.h"

#include <algorithm>
#include <charconv>

namespace muster {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view local(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// As XSD reads numbers: blanks around them and a plus sign do not count.
std::string_view bare_number(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  if (text.starts_with('+')) text.remove_prefix(1);
  return text;
}

template <class T>
std::optional<T> number(std::string_view text) {
  text = bare_number(text);
  T value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view Element::name() const { return local(node_.name()); }

std::vector<Element> Element::children() const {
  std::vector<Element> found;
  for (const pugi::xml_node& child : node_.children()) {
    if (child.type() == pugi::node_element) found.emplace_back(child, *file_, *complaints_);
  }
  return found;
}

std::vector<Element> Element::children(std::string_view name) const {
  std::vector<Element> found = children();
  std::erase_if(found, [&](const Element& e) { return e.name() != name; });
  return found;
}

/// pugixml gives the offset of the name, behind the '<'.
std::size_t Element::offset() const { return static_cast<std::size_t>(std::max<std::ptrdiff_t>(node_.offset_debug(), 1)) - 1; }

pugi::xml_attribute Element::find(std::string_view attribute) const {
  for (const pugi::xml_attribute& a : node_.attributes()) {
    if (a.name() == attribute) return a;
  }
  for (const pugi::xml_attribute& a : node_.attributes()) {
    if (local(a.name()) == attribute) return a;
  }
  return {};
}

std::optional<SourceText::Attribute> Element::written(std::string_view attribute) const {
  return file_->text.attribute(offset(), find(attribute).name());
}

Location Element::at() const { return file_->text.at(offset()); }

Location Element::at(std::string_view attribute) const {
  const auto found = written(attribute);
  return found ? file_->text.at(found->begin) : at();
}

Location Element::in(std::string_view attribute, std::size_t offset) const {
  const auto found = written(attribute);
  return found ? file_->text.at(file_->text.offset_in(*found, offset)) : at();
}

Location Element::at_text() const {
  for (const pugi::xml_node& child : node_.children()) {
    if (child.type() != pugi::node_pcdata && child.type() != pugi::node_cdata) continue;
    const auto begin = static_cast<std::size_t>(std::max<std::ptrdiff_t>(child.offset_debug(), 0));
    return file_->text.at(file_->text.text().find_first_not_of(kSpace, begin));
  }
  return at();
}

std::string Element::text(std::string_view attribute, std::string_view fallback) const {
  return has(attribute) ? find(attribute).value() : std::string(fallback);
}

bool Element::truth(std::string_view attribute, bool fallback) const {
  static constexpr std::array<std::pair<std::string_view, bool>, 2> kNames{{{"true", true}, {"false", false}}};
  return choice(attribute, fallback, kNames);
}

std::size_t Element::count(std::string_view attribute, std::size_t fallback) const {
  if (!has(attribute)) return fallback;
  const auto value = number<std::size_t>(text(attribute));
  if (!value) doubt(attribute);
  return value.value_or(fallback);
}

double Element::real(std::string_view attribute, double fallback) const {
  if (!has(attribute)) return fallback;
  const auto value = number<double>(text(attribute));
  if (!value) doubt(attribute);
  return value.value_or(fallback);
}

void Element::wrong(std::string what, std::string hint) const { complaints_->error(at(), std::move(what), std::move(hint)); }

void Element::wrong_at(std::string_view attribute, std::string what, std::string hint) const {
  complaints_->error(at(attribute), std::move(what), std::move(hint));
}

/// The XSD's complaints come first, and stand at the attribute's name.
bool Element::has_misspelt_attribute() const {
  for (const pugi::xml_attribute& a : node_.attributes()) {
    if (complaints_->has_error_at(at(local(a.name())))) return true;
  }
  return false;
}

void Element::lacks(std::string what, std::string hint) const {
  if (!has_misspelt_attribute()) wrong(std::move(what), std::move(hint));
}

void Element::wrong_in(std::string_view attribute, std::string what, std::string hint, std::size_t offset) const {
  complaints_->error(in(attribute, offset), std::move(what), std::move(hint));
}

void Element::warn(Location at, std::string what, std::string hint) const {
  complaints_->warning(std::move(at), std::move(what), std::move(hint));
}

void Element::doubt(std::string_view attribute) const {
  if (complaints_->has_error_at(in(attribute))) return;
  wrong_in(attribute, "'" + text(attribute) + "' cannot be the value of '" + std::string(attribute) + "'");
}

std::optional<Element> only_child(const Element& parent, std::string_view name) {
  const std::vector<Element> all = parent.children(name);
  if (all.empty()) return std::nullopt;
  for (std::size_t i = 1; i < all.size(); ++i) {
    all[i].wrong("a second " + all[i].tag() + "; the first is at " + all.front().at().str(), "keep one of the two");
  }
  return all.front();
}

std::optional<Element> required_child(const Element& parent, std::string_view name, std::string why) {
  auto found = only_child(parent, name);
  if (!found) parent.wrong(parent.tag() + " has no <" + std::string(name) + ">", std::move(why));
  return found;
}

}  // namespace muster
