// muster secret set.
#include <filesystem>
#include <iostream>

#include "agent/cli/session.h"
#include "service/console.h"
#include "service/secret_store.h"

namespace muster {

int run_secret_set(Session& session) {
  const std::string& name = session.call.argument(0);
  const auto value = read_hidden_line("secret " + name + ": ");
  if (!value || value->empty())
    return fail(session, {Errc::config, "no secret was given", "type it, or let another program write it to standard input"});
  std::error_code ignored;
  const std::string folder = std::filesystem::absolute(session.call.config, ignored).parent_path().string();
  const auto kept = store_secret(name, folder, Secret(*value));
  if (!kept) return fail(session, kept.error());
  if (session.json())
    print_json({{"secret", name}, {"kept", *kept}});
  else
    std::cout << "kept in " << *kept << "; a service that runs reads it when it starts again\n";
  return kDone;
}

}  // namespace muster
