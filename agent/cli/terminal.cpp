#include "agent/cli/terminal.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "service/console.h"

namespace muster {
namespace {

constexpr std::size_t kUsualColumns = 80;

std::size_t columns_from_environment() {
  const char* text = std::getenv("COLUMNS");
  if (!text) return kUsualColumns;
  const std::string_view view = text;
  std::size_t columns = 0;
  const auto [end, fault] = std::from_chars(view.data(), view.data() + view.size(), columns);
  return fault == std::errc() && end == view.data() + view.size() && columns > 0 ? columns : kUsualColumns;
}

Terminal terminal_at(Output output) {
  if (!is_terminal(output)) return {};
  const int width = terminal_width(output);
  return {true, width > 0 ? static_cast<std::size_t>(width) : columns_from_environment()};
}

}  // namespace

Terminal output_terminal() { return terminal_at(Output::standard); }
Terminal error_terminal() { return terminal_at(Output::error); }

}  // namespace muster
