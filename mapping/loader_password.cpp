// The first password of accounts: <joiner password="..."> and <password>.
#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {
namespace {

using PasswordKind = PasswordRule::Kind;
using std::chrono_literals::operator""s;

constexpr std::array<std::pair<std::string_view, PasswordKind>, 3> kKinds{
    {{"none", PasswordKind::none}, {"random", PasswordKind::random}, {"hand-over", PasswordKind::hand_over}}};
constexpr std::size_t kShortest = 12, kLongest = 127;

void load_receiver(const Element& element, PasswordRule& rule) {
  rule.at = element.at();
  const bool runs = element.has("command"), encrypts = element.has("encrypt-to");
  if (runs == encrypts) {
    return element.lacks(runs ? "<password> hands over in two ways" : "<password> does not say to whom",
                         "write command=\"/path/of/a/program\" or encrypt-to=\"key.pem\"");
  }
  rule.timeout = read_wait(element, "timeout", {10s, 1s, 60s});
  if (encrypts) {
    rule.encrypt_to = read_existing_path(element, "encrypt-to");
    for (const Element& arg : element.children("arg")) arg.wrong("<arg> belongs to a command", "remove it");
    return;
  }
  rule.command = read_command(element);
}

}  // namespace

PasswordRule load_password(const Element& joiner) {
  PasswordRule rule;
  rule.at = joiner.at();
  rule.kind = joiner.choice("password", PasswordKind::by_family, kKinds);
  rule.length = joiner.count("password-length", rule.length);
  const auto element = only_child(joiner, "password");
  const bool hands_over = rule.kind == PasswordKind::hand_over;
  if (joiner.has("password-length") && !hands_over && !joiner.has_misspelt_attribute())
    joiner.wrong_at("password-length", "'password-length' is for passwords that are handed over",
                    "add password=\"hand-over\", or remove it");
  if (rule.length < kShortest || rule.length > kLongest)
    joiner.wrong_in("password-length", "a first password has 12 to 127 characters", "write 20, for example");
  if (element && !hands_over && !joiner.has_misspelt_attribute())
    element->wrong("<password> says to whom a password is handed over, but none is", "write <joiner password=\"hand-over\" ...>");
  if (element) load_receiver(*element, rule);
  if (!element && hands_over)
    joiner.wrong_at("password", "'hand-over' does not say to whom",
                    "add <password command=\"...\"/> or <password encrypt-to=\"key.pem\"/> to <joiner>");
  return rule;
}

}  // namespace muster
