#include "service/systemd/unit.h"

#include <algorithm>
#include <filesystem>

#include "service/paths.h"
#include "service/systemd/unit_file.h"

namespace muster {

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

/// A word of a unit file (systemd.service(5)): % and $ mean nothing in it.
std::string quoted(const std::string& word) {
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || c == '$') out += c;
    out += c;
  }
  return out + "\"";
}

}  // namespace

Result<std::string> unit_for(const std::string& program, const std::string& config) {
  for (const std::string& path : {program, config}) {
    if (std::any_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
      return Error{Errc::config, "a path with a control character cannot be in a unit file: " + path, "rename it"};
  }
  std::string text = std::string(kUnitMark) + "\n" + kUnitFile;
  const bool is_usual = config == default_config_file();
  const std::string option = is_usual ? "" : " --config " + quoted(config);
  for (const char* command : {" run", " check --offline"})
    text = replaced(text, std::string("/usr/bin/muster") + command + "\n", quoted(program) + command + option + "\n");
  if (is_usual) return text;
  text = replaced(text, "ConditionPathExists=" + default_config_file(), "ConditionPathExists=" + replaced(config, "%", "%%"));
  return replaced(
      text, "LoadCredential=secrets:/etc/muster/secrets",
      "LoadCredential=secrets:" + replaced(std::filesystem::path(config).parent_path().string(), "%", "%%") + "/secrets");
}

}  // namespace muster
