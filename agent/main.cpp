#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <iostream>
#include <map>

#include "agent/cli/session.h"
#include "agent/cli/terminal.h"
#include "service/console.h"
#include "service/paths.h"

namespace {

using muster::Session;

int dispatch(Session& session) {
  static const std::map<std::string, int (*)(Session&)> kCommands{
      {"run", muster::run_service},
      {"check", muster::run_check},
      {"init", muster::run_init},
      {"plan", muster::run_plan},
      {"resync", muster::run_resync},
      {"status", muster::run_status},
      {"holds", muster::run_holds},
      {"approve", [](Session& s) { return muster::run_decide(s, true); }},
      {"reject", [](Session& s) { return muster::run_decide(s, false); }},
      {"grant", muster::run_grant},
      {"revoke", muster::run_revoke},
      {"grants", muster::run_grants},
      {"disable", muster::run_disable},
      {"enable", muster::run_enable},
      {"rehire", muster::run_rehire},
      {"undo", muster::run_undo},
      {"why", muster::run_why},
      {"who", muster::run_who},
      {"review", muster::run_review},
      {"review import", muster::run_review_import},
      {"problems", muster::run_problems},
      {"owners", muster::run_owners},
      {"upstream", muster::run_upstream},
      {"upstream retry", muster::run_upstream_retry},
      {"upstream forget", muster::run_upstream_forget},
      {"keys", muster::run_keys},
      {"keys new", muster::run_keys_new},
      {"secret set", muster::run_secret_set},
      {"service install", muster::run_service_install},
      {"service uninstall", muster::run_service_uninstall},
      {"service start", muster::run_service_start},
      {"service stop", muster::run_service_stop},
      {"log-level", muster::run_log_level},
      {"support-bundle", muster::run_support_bundle},
      {"audit verify", muster::run_audit_verify},
      {"audit export", muster::run_audit_export},
  };
  return kCommands.at(session.call.command)(session);
}

/// sd-daemon(3)'s prefix for a line of the journal: "<4>" for a warning.
class Priority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
    const char level = message.level >= spdlog::level::err    ? '3'
                       : message.level == spdlog::level::warn ? '4'
                       : message.level == spdlog::level::info ? '6'
                                                              : '7';
    for (const char c : {'<', level, '>'}) to.push_back(c);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Priority>(); }
};

void set_up_log(const muster::Invocation& call) {
  auto log = spdlog::stderr_color_mt("muster");
  if (muster::is_journal()) {
    auto lines = std::make_unique<spdlog::pattern_formatter>();
    lines->add_flag<Priority>('*').set_pattern("%*%v");
    log->set_formatter(std::move(lines));
  } else {
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  }
  log->set_level(spdlog::level::from_str(call.log_level));
  spdlog::set_default_logger(std::move(log));
}

int run(int argc, char** argv) {
  auto parsed = muster::parse_command_line(
      {argv + 1, argv + argc}, {muster::default_config_file(), std::max<std::size_t>(muster::output_terminal().columns, 80)});
  if (const auto* message = std::get_if<muster::Message>(&parsed)) {
    (message->exit_code == 0 ? std::cout : std::cerr) << message->text;
    return message->exit_code;
  }
  const auto& call = std::get<muster::Invocation>(parsed);
  set_up_log(call);
  const auto out = muster::output_terminal(), err = muster::error_terminal();
  Session session{call, out, err, muster::Style::choose(call.color, out), muster::Style::choose(call.color, err), nullptr};
  return dispatch(session);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "muster: " << e.what() << "\n";
    return 1;
  }
}
