// muster init: asks a server what it is and writes a first configuration for it.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "agent/cli/session.h"
#include "agent/cli/text.h"
#include "agent/init.h"
#include "agent/probe.h"
#include "agent/streams.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

Result<std::string> first_line(const std::string& path) {
  std::string line;
  if (path == "-") {
    std::getline(std::cin, line);
  } else {
    std::ifstream file(path);
    if (!file || !std::getline(file, line))
      return Error{Errc::config, "the password file " + path + " cannot be read", "its first line must be the password"};
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

Result<Endpoint> endpoint_of(const Invocation& call, std::string& password) {
  Endpoint e;
  e.name = "corp";
  e.urls = {call.argument(0)};
  e.tls_ca = call.has("ca") ? fs::absolute(call.value("ca")).string() : "";
  e.start_tls = call.has("start-tls");
  e.bind = Endpoint::Bind::anonymous;
  if (call.has("keytab")) {
    e.bind = Endpoint::Bind::gssapi;
    e.keytab = fs::absolute(call.value("keytab")).string();
  } else if (call.has("bind")) {
    if (!call.has("password-file"))
      return Error{Errc::config, "--bind needs --password-file",
                   "name a file with the password in its first line, or - for standard input"};
    auto read = first_line(call.value("password-file"));
    if (!read) return std::move(read).error();
    password = std::move(*read);
    e.bind = Endpoint::Bind::simple;
    e.bind_dn = call.value("bind");
    e.password = Secret(password);
  } else if (call.argument(0).starts_with("ldapi:")) {
    e.bind = Endpoint::Bind::external;
  }
  return e;
}

/// Writes a file that is not there yet.
Status write_new(const fs::path& path, const std::string& text, bool secret) {
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  std::ofstream file(path, std::ios::binary);
  if (secret) fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, failed);
  file << text;
  file.close();
  if (file) return ok();
  return Error{Errc::io, path.string() + " cannot be written", "choose another place with --config"};
}

Status write_all(const fs::path& config, std::map<std::string, std::string> files, const std::string& password) {
  if (!password.empty()) files["secrets/ldap-bind"] = password + "\n";
  const auto place = [&](const std::string& name) { return name == "muster.xml" ? config : config.parent_path() / name; };
  for (const auto& [name, text] : files) {
    if (fs::exists(place(name)))
      return Error{Errc::config, place(name).string() + " is there already, and nothing was written",
                   "choose another place with --config"};
  }
  for (const auto& [name, text] : files) MUSTER_TRY(write_new(place(name), text, name.starts_with("secrets/")));
  return ok();
}

/// Whether accounts there can be switched off, tried with the configuration as it would be.
bool can_disable(Connection& connection, const Survey& s) {
  AccountSettings settings;
  if (!s.policy.empty()) settings.policy = Dn::parse(s.policy).value();
  auto accounts = AccountControl::choose(connection.server(), settings);
  if (!accounts) return false;
  SearchRequest request;
  request.base = s.people_base;
  request.filter = s.people_filter;
  request.attributes = accounts->attributes();
  request.page_size = 1;
  std::optional<Entry> somebody;
  const Status read = connection.search(request, [&](Entry&& e) -> Status {
    somebody = std::move(e);
    return Error{Errc::cancelled, "", ""};
  });
  return !somebody || accounts->in_force(connection, *somebody);
}

}  // namespace

int run_init(Session& session) {
  std::string password;
  auto endpoint = endpoint_of(session.call, password);
  if (!endpoint) return fail(session, endpoint.error());
  auto connection = Connection::open(*endpoint);
  if (!connection) return fail(session, connection.error());
  auto found = survey(*connection, session.call.value("base"));
  if (!found) return fail(session, found.error());
  if (!can_disable(*connection, *found)) {
    found->disable_attribute = "employeeType";
    found->policy.clear();
  }
  const ServerTraits traits = ServerTraits::of(connection->server());
  if (traits.member_required) found->placeholder = connection->server().bound_as;
  const fs::path config = fs::absolute(session.call.config);
  if (const Status written = write_all(config, first_configuration(*found, *endpoint), password); !written)
    return fail(session, written.error());
  if (session.json()) {
    print_json({{"config", config.string()},
                {"family", to_string(found->family)},
                {"people", found->people.size()},
                {"groups", found->groups},
                {"join", found->join}});
    return kDone;
  }
  std::cout << "wrote " << config.string() << " for " << printable(found->vendor) << ": " << found->people.size()
            << " people below " << printable(found->people_base) << ", known by " << found->join << ", and " << found->groups
            << " groups\n\n"
            << "  muster check --config " << config.string() << "   tests it, and what the account may do; changes nothing\n"
            << "  muster plan  --config " << config.string() << "   what it would change, and why; changes nothing\n";
  return kDone;
}

}  // namespace muster
