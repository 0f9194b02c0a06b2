#include <doctest/doctest.h>

#include "agent/cli/commands.h"
#include "agent/cli/options.h"

using namespace muster;

namespace {

ParseResult parse(const std::vector<const char*>& words) { return parse_command_line(words); }

Invocation accepted(const std::vector<const char*>& words) {
  ParseResult result = parse(words);
  if (const auto* message = std::get_if<Message>(&result)) FAIL(message->text);
  return std::get<Invocation>(result);
}

Message answered(const std::vector<const char*>& words) {
  ParseResult result = parse(words);
  REQUIRE(std::holds_alternative<Message>(result));
  return std::get<Message>(result);
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a wrong command line says what is wrong and how it would be right") {
  struct Case {
    const char* name;
    std::vector<const char*> words;
    const char* sentence;
  };
  const Case cases[] = {
      {"misspelt command", {"plna"}, "muster: unknown command \"plna\"; did you mean plan?\n`muster help` lists the commands.\n"},
      {"a command of another product", {"frobnicate"}, "muster: unknown command \"frobnicate\"\n"},
      {"misspelt option",
       {"plan", "--persn", "7"},
       "muster: unknown option --persn; did you mean --person?\nUsage: muster plan [--person ID]... [--on DATE]\n"},
      {"misspelt option with a value", {"plan", "--persn=7"}, "unknown option --persn; did you mean --person?"},
      {"beginning of an option", {"resync", "--dry"}, "unknown option --dry"},
      {"option of another command", {"plan", "--offline"}, "unknown option --offline"},
      {"misspelt option without a command", {"--versoin"}, "unknown option --versoin; did you mean --version?"},
      {"misspelt option before the command", {"--confg=x", "plan"}, "unknown option --confg; did you mean --config?"},
      {"option of one dash", {"plan", "-p", "7"}, "unknown option -p; options have two dashes"},
      {"option without its value", {"plan", "--person"}, "--person needs a value: --person ID"},
      {"option whose value is an option",
       {"plan", "--person", "--output", "json"},
       "--person needs a value, but --output follows; if that is the value, write --person=--output"},
      {"option with an empty value", {"plan", "--person="}, "--person needs a value: --person ID"},
      {"option with an empty word", {"plan", "--person", ""}, "--person is empty"},
      {"flag with a value", {"resync", "--full=yes"}, "--full takes no value"},
      {"format that does not exist", {"plan", "--output", "jsno"}, "--output is text or json, not \"jsno\"; did you mean json?"},
      {"log level that does not exist",
       {"run", "--log-level", "loud"},
       "--log-level is trace, debug, info, warning, error or off, not \"loud\""},
      {"option twice", {"plan", "--config", "a", "--config", "b"}, "--config is given twice"},
      {"approval of nothing",
       {"approve", "--by", "ann", "--reason", "ok"},
       "muster: approve needs HOLD\nUsage: muster approve HOLD --by NAME --reason TEXT [--person ID]\n"},
      {"approval by nobody", {"approve", "3f2a", "--reason", "ok"}, "approve needs --by NAME"},
      {"approval without a reason", {"approve", "3f2a", "--by", "ann"}, "approve needs --reason TEXT"},
      {"rejection of one person", {"reject", "3f2a", "--by", "a", "--reason", "b", "--person", "7"}, "unknown option --person"},
      {"person as an argument", {"plan", "1042"}, "plan takes no argument, but there is \"1042\""},
      {"two groups", {"why", "1042", "vpn", "crm"}, "one argument too many: \"crm\""},
      {"nobody to explain", {"why"}, "why needs PERSON"},
      {"half a command", {"audit"}, "audit needs one more word: verify or export"},
      {"half a command and an option", {"audit", "--output", "json"}, "audit needs one more word: verify or export"},
      {"misspelt second word", {"audit", "verfy"}, "unknown command \"audit verfy\"; did you mean verify?"},
      {"help for a misspelt command", {"help", "resnyc"}, "unknown command \"resnyc\"; did you mean resync?"},
      {"an escape sequence in a word", {"pl\x1b[2Jan"}, "unknown command \"pl\\x1b[2Jan\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Message message = answered(c.words);
    CHECK(message.exit_code == 2);
    INFO(message.text);
    CHECK(contains(message.text, c.sentence));
    CHECK(message.text.starts_with("muster: "));
    CHECK(message.text.back() == '\n');
  }
}

TEST_CASE("options may stand before, between and behind the words of a command") {
  const std::vector<std::vector<const char*>> lines = {
      {"approve", "3f2a", "--by", "ann", "--reason", "season's end", "--config", "m.xml"},
      {"--config", "m.xml", "approve", "--by=ann", "3f2a", "--reason=season's end"},
      {"--by", "ann", "--reason", "season's end", "--config=m.xml", "approve", "3f2a"},
      {"approve", "--by", "ann", "--reason", "season's end", "--config=m.xml", "--", "3f2a"},
  };
  for (const auto& words : lines) {
    const Invocation i = accepted(words);
    CHECK(i.command == "approve");
    CHECK(i.arguments == std::vector<std::string>{"3f2a"});
    CHECK(i.value("by") == "ann");
    CHECK(i.value("reason") == "season's end");
    CHECK(i.config == "m.xml");
    CHECK_FALSE(i.has("person"));
  }
}

TEST_CASE("an option that may be repeated keeps every value in order") {
  const Invocation i = accepted({"resync", "--person", "7", "--full", "--person=1042", "--person", "3"});
  CHECK(i.values("person") == std::vector<std::string>{"7", "1042", "3"});
  CHECK(i.has("full"));
  CHECK_FALSE(i.has("dry-run"));
  CHECK(i.values("full").empty());
}

TEST_CASE("what every command takes has its defaults and its values") {
  const Invocation plain = accepted({"status"});
  CHECK(plain.config == "/etc/muster/muster.xml");
  CHECK(plain.output == Invocation::Output::text);
  CHECK(plain.log_level == "info");
  CHECK(plain.color == ColorChoice::automatic);
  CHECK(plain.options.empty());
  const Invocation chosen = accepted({"status", "--output", "json", "--log-level", "debug", "--color", "never"});
  CHECK(chosen.output == Invocation::Output::json);
  CHECK(chosen.log_level == "debug");
  CHECK(chosen.color == ColorChoice::never);
  CHECK(accepted({"status", "--color=always"}).color == ColorChoice::always);
}

TEST_CASE("arguments that need not be there need not be there") {
  CHECK(accepted({"holds"}).arguments.empty());
  CHECK(accepted({"holds", "3f2a"}).argument(0) == "3f2a");
  CHECK(accepted({"why", "1042"}).argument(1).empty());
  CHECK(accepted({"why", "1042", "cn=vpn,ou=groups"}).argument(1) == "cn=vpn,ou=groups");
  CHECK(accepted({"who", "--", "-odd-"}).argument(0) == "-odd-");
}

TEST_CASE("commands of two words are one command") {
  CHECK(accepted({"audit", "verify"}).command == "audit verify");
  CHECK(accepted({"--config", "x", "audit", "export"}).command == "audit export");
}

TEST_CASE("help and version are answers, not errors") {
  struct Case {
    const char* name;
    std::vector<const char*> words;
    const char* part;
  };
  const Case cases[] = {
      {"help", {"help"}, "Commands:\n  run"},
      {"--help", {"--help"}, "Commands:\n  run"},
      {"-h", {"-h"}, "Commands:\n  run"},
      {"help of a command", {"help", "approve"}, "Usage: muster approve HOLD --by NAME --reason TEXT [--person ID]\n"},
      {"--help behind a command that lacks its arguments", {"approve", "--help"}, "Usage: muster approve HOLD"},
      {"-h behind a command", {"plan", "-h"}, "Usage: muster plan [--person ID]... [--on DATE]\n"},
      {"help of a family", {"help", "audit"}, "Usage: muster audit export"},
      {"help of two words", {"help", "audit", "verify"}, "Usage: muster audit verify\n"},
      {"version", {"--version"}, "muster "},
      {"version behind a command", {"plan", "--version"}, "muster "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Message message = answered(c.words);
    CHECK(message.exit_code == 0);
    INFO(message.text);
    CHECK(contains(message.text, c.part));
  }
}

TEST_CASE("nothing at all is wrong usage, and shows the commands") {
  const Message message = answered({});
  CHECK(message.exit_code == 2);
  CHECK(contains(message.text, "Usage: muster COMMAND"));
}

TEST_CASE("help names every command, every option and every default, in lines that fit") {
  const std::string overview = answered({"help"}).text;
  CHECK(contains(overview, "(default /etc/muster/muster.xml)"));
  for (const CommandRow& command : command_rows()) {
    CAPTURE(command.name);
    CHECK(contains(overview, "  " + std::string(command.name) + " "));
    const std::string line = "help " + std::string(command.name);
    std::vector<std::string> words;
    std::size_t start = 0;
    for (std::size_t end = 0; end != line.npos; start = end + 1)
      words.push_back(line.substr(start, (end = line.find(' ', start)) - start));
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    const std::string help = answered(pointers).text;
    for (const OptionRow& option : command.options) CHECK(contains(help, "  --" + std::string(option.name)));
    for (const OptionRow& option : global_rows()) CHECK(contains(help, "  --" + std::string(option.name)));
    for (const ArgumentRow& argument : command.arguments) CHECK(contains(help, "\n  " + std::string(argument.name) + "  "));
    for (std::size_t at = 0, end = 0; (end = help.find('\n', at)) != help.npos; at = end + 1) CHECK(end - at <= 80);
  }
}

TEST_CASE("the installation decides where the configuration is") {
  const std::vector<const char*> words{"plan"};
  ProgramDefaults defaults;
  defaults.config = "/opt/etc/muster.xml";
  CHECK(std::get<Invocation>(parse_command_line(words, defaults)).config == "/opt/etc/muster.xml");
  const std::vector<const char*> help{"help"};
  CHECK(contains(std::get<Message>(parse_command_line(help, defaults)).text, "(default /opt/etc/muster.xml)"));
}
