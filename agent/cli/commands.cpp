#include "agent/cli/commands.h"

#include <algorithm>

namespace muster {
namespace {

OptionRow by() { return {"by", "NAME", "who decides; recorded in the audit trail", true}; }
OptionRow reason() { return {"reason", "TEXT", "why; recorded in the audit trail", true}; }
ArgumentRow hold() { return {"HOLD", "its identifier, as `muster holds` shows it; a beginning that is unique is enough"}; }

ArgumentRow person() { return {"PERSON", "HR's identifier, or the DN of the account"}; }
ArgumentRow group() { return {"GROUP", "its DN, or its name"}; }

std::vector<CommandRow> rows_about_a_person() {
  return {
      {"grant",
       "gives a person a group for a time; it ends by itself",
       "The group must be managed; <grant> in its rule may limit who gives it and for how long. Exit code 4: somebody else must "
       "agree "
       "first, by muster approve.",
       {person(), group()},
       {{"for", "DURATION", "how long: 30m, 8h, 30d, or ISO 8601", true}, by(), reason()}},
      {"revoke", "ends before its time what grant gave", "", {person(), group()}, {by(), reason()}},
      {"grants", "what was given for a time: to whom, by whom, until when", "", {}, {{"all", "", "also what is over"}}},
      {"disable",
       "switches an account off at once, whatever HR says",
       "Managed groups are taken away too. It stays so until muster enable; no limit holds it. Protected accounts stay protected.",
       {person()},
       {by(), reason()}},
      {"enable",
       "lifts what disable ordered",
       "The account becomes again what HR says of the person.",
       {person()},
       {by(), reason()}},
      {"rehire",
       "decides of whom of several former leavers a person is the return",
       "The account of that one is taken over, or, with `new`, none of them, and another is made. `muster problems` lists whom it "
       "is about "
       "(ambiguous-rehire).",
       {person(), {"FORMER", "HR's former identifier, or new"}},
       {by(), reason()}},
  };
}

CommandRow review_row() {
  return {
      "review",
      "every membership with its reason, and what stands out",
      "Strangers in groups, orphaned and dormant accounts, unusual and unexplained memberships, leavers whose account works or was "
      "switched "
      "off late, drift, problems, holds. Changes nothing. Asks the directory when accounts were used last.",
      {},
      {{"html", "FILE", "write it as one page that needs nothing else"},
       {"csv", "FILE", "write a row for each membership, with a column to decide in: keep, revoke"},
       {"group", "GROUP", "only this group: its DN, or its name; may be repeated", false, true},
       {"role", "ROLE", "only people of this role"},
       {"dormant", "DURATION", "when an account counts as dormant; default: 90d"}}};
}

CommandRow review_import_row() {
  return {
      "review import",
      "takes away what a reviewer refused",
      "Reads the CSV of `muster review` again. What is to be revoked is taken away within the usual limits, and no role gives it "
      "back "
      "until a later review says keep. Rows that no longer apply are listed, and nothing is done for them. A file with a fault: "
      "exit "
      "code 2, and nothing is done at all. 1: something cannot be revoked, since its group is not managed.",
      {{"FILE", "the CSV, with decisions"}},
      {{"by", "NAME", "who reviewed; recorded in the audit trail", true}}};
}

std::vector<std::string> actions() {
  return {"disable", "remove-member", "create", "rename", "move", "enable", "set", "clear", "expire", "add-member", "delete"};
}

CommandRow undo_row() {
  return {"undo",
          "takes back what a run did, by the audit trail, where it is still as the run left it",
          "Without anything: the last runs. Shows what cannot be taken back and why. Passes the same limits as a resync. What the "
          "rules would do again at once is rejected until they want something else.",
          {{"RUN", "its identifier; a beginning that is unique is enough", false}},
          {{"since", "TIME", "everything that was done since: 2026-11-23 or 2026-11-23T07:37:53Z, UTC"},
           {"person", "ID", "only this person's changes"},
           {"action", "ACTION", "only changes of this kind", false, false, actions()},
           {"dry-run", "", "print what would be changed; change nothing"},
           {"by", "NAME", "who decides; recorded in the audit trail. Needed but for --dry-run"},
           {"reason", "TEXT", "why; recorded in the audit trail. Needed but for --dry-run"}}};
}

std::vector<CommandRow> rows_about_upstream() {
  return {
      {"upstream", "the systems upstream: what waits for them, and what they refused", ""},
      {"upstream retry",
       "sends once more what was set aside because an upstream refused it",
       "Under the id that it always had.",
       {},
       {{"id", "ID", "only this event"}, by(), reason()}},
      {"upstream forget",
       "drops what was set aside",
       "The upstream never hears of it; the audit trail keeps what was done.",
       {},
       {{"id", "ID", "only this event"}, by(), reason()}},
      {"keys", "prints the public keys of <events> for whoever receives its tokens: a JWKS",
       "The key that signs, and those of <publish>. Put it where receivers look for it, before a new key signs."},
      {"keys new",
       "makes a key that tokens can be signed with",
       "A PEM file that its owner alone can read. A file that exists is left alone.",
       {{"FILE", "where it is written"}},
       {{"alg", "ALGORITHM", "default: ES256", false, false, {"ES256", "RS256", "EdDSA"}}}},
  };
}

CommandRow init_row() {
  return {
      "init",
      "asks a live server what it is and writes a first configuration",
      "Reads people and groups and changes nothing there. Writes muster.xml, rules and a feed that agrees with the directory to "
      "where "
      "--config says, and never over a file that exists.",
      {{"URL", "the server: ldaps://host, ldap://host, srv:domain or ldapi:///"}},
      {{"bind", "DN", "the agent's account; without it and --keytab: anonymous, or the system user over ldapi://"},
       {"password-file", "FILE", "its password, in the first line; -: standard input"},
       {"keytab", "FILE", "Kerberos instead: the account's key"},
       {"ca", "FILE", "certificates to trust; default: the system's"},
       {"start-tls", "", "StartTLS on ldap://"},
       {"base", "DN", "look below it; default: the server's naming context"}}};
}

CommandRow check_row() {
  return {
      "check",
      "validates the configuration, then asks the directory whether all of it will work",
      "Reads every file and reports every fault in one run. Then binds, reads the server's schema, tests the rights it needs, the "
      "watch "
      "method and every group that a rule names. Changes nothing.",
      {},
      {{"offline", "", "validate the files only; ask no server"},
       {"rights", "", "list every right that the rules need, whether the account has it, and what grants it"}}};
}

std::vector<CommandRow> rows_about_the_platform() {
  return {
      {"log-level",
       "changes how much the running service logs",
       "Until it starts again.",
       {{"LEVEL", "trace, debug, info, warning, error or off"}}},
      {"support-bundle",
       "one file for whoever helps you, without secrets and without personal data",
       "Configuration, status, findings, problems, the newest audit records and log lines; every name and value is replaced by a "
       "word "
       "that is the same for the same thing. Lists what is in it, and asks before it writes.",
       {{"FILE", "made anew, .tar.gz or .zip; default: muster-support-TIME.tar.gz", false}},
       {{"print", "", "print all of it, and write no file"}, {"yes", "", "write it without asking"}}},
      {"service install", "registers with the service manager, to be started with the machine",
       "With the configuration that --config names. Needs an administrator. Run again, it brings an older registration up to "
       "date."},
      {"service uninstall",
       "stops the service and removes it from the service manager",
       "Configuration and state are kept, unless told otherwise.",
       {},
       {{"purge", "", "delete configuration, secrets, state and log, too"}}},
      {"service start", "starts the service, and waits until it runs", ""},
      {"service stop", "stops the service, and waits until it has ended", ""},
      {"secret set",
       "stores a secret where the platform keeps secrets",
       "Reads one line from standard input, without showing it. Beside the configuration, in secrets/NAME: on Linux for its owner "
       "only, on Windows "
       "protected by DPAPI.",
       {{"NAME", "as the configuration names it: secret=\"NAME\""}}},
  };
}

std::vector<CommandRow> make_rows() {
  std::vector<CommandRow> rows = {
      {"run", "the service: watch, feed, apply, report, until stopped",
       "Stops on SIGTERM or SIGINT, reads its configuration again on SIGHUP."},
      check_row(),
      {"plan",
       "what a resync would change, and why; changes nothing",
       "Exit code 0: nothing to change. 3: there are changes. 4: some of them would be held for approval. With rules that are not "
       "those in force, or another feed: what that would change, by person and by rule; what is in force is not touched.",
       {},
       {{"person", "ID", "only this person; may be repeated", false, true},
        {"feed", "FILE", "as if this were HR's file"},
        {"against", "LIVE", "compare --config with this configuration, and with its state"},
        {"on", "DATE", "as of the end of that day (2027-01-15), by the clock of this machine"}}},
      {"resync",
       "reads feed and directory, compares everything, applies",
       "Asks the running service where there is one, and works alone where there is none.",
       {},
       {{"full", "", "look at every person and entry, not only at what has changed"},
        {"person", "ID", "only this person; may be repeated", false, true},
        {"dry-run", "", "print what would be changed; change nothing"}}},
      {"status",
       "connections, lag, queue lengths, last resync, holds, drift, errors",
       "",
       {},
       {{"watch", "", "show it again whenever it changes, until interrupted"}}},
      {"holds",
       "what the safety gate stopped",
       "Without HOLD: a list of what waits for a decision. With HOLD: its changes.",
       {{"HOLD", "its identifier; a beginning that is unique is enough", false}}},
      {"approve",
       "lets a hold go on, exactly as it was shown",
       "The approval covers the exact changes of the hold. Where the plan has changed since, it must be approved again.",
       {hold()},
       {by(), reason(), {"person", "ID", "release the changes of this person alone"}}},
      {"reject", "drops what a hold contains", "", {hold()}, {by(), reason()}},
      undo_row(),
      {"why",
       "what a person has access to, by which rule, since when",
       "",
       {{"PERSON", "HR's identifier, or the DN of an account"}, {"GROUP", "only this group: its DN, or its name", false}}},
      {"who", "who is in a group, by which rule, since when", "", {{"GROUP", "its DN, or its name"}}},
      review_row(),
      review_import_row(),
      {"problems", "what could not be done, and what drifted: for whom, why, since when", ""},
      {"owners", "who owns which attribute and group, who else writes there, and what HR sends in vain", ""},
      {"audit verify", "finds any record of the audit trail that was changed or is missing", ""},
      {"audit export", "prints the audit trail, one JSON document per line", ""},
      init_row(),
      {"help", "explains a command", "", {{"COMMAND", "its name", false}}},
  };
  auto upstream = rows_about_upstream();
  const auto audit = std::find_if(rows.begin(), rows.end(), [](const CommandRow& row) { return row.name == "audit verify"; });
  rows.insert(audit, std::make_move_iterator(upstream.begin()), std::make_move_iterator(upstream.end()));
  auto platform = rows_about_the_platform();
  rows.insert(rows.end() - 1, std::make_move_iterator(platform.begin()), std::make_move_iterator(platform.end()));
  auto about = rows_about_a_person();
  const auto why = std::find_if(rows.begin(), rows.end(), [](const CommandRow& row) { return row.name == "why"; });
  rows.insert(why, std::make_move_iterator(about.begin()), std::make_move_iterator(about.end()));
  return rows;
}

}  // namespace

const std::vector<CommandRow>& command_rows() {
  static const std::vector<CommandRow> rows = make_rows();
  return rows;
}

const std::vector<OptionRow>& global_rows() {
  static const std::vector<OptionRow> rows = {
      {"config", "FILE", "the configuration"},
      {"output", "FORMAT", "text for people, json for programs", false, false, {"text", "json"}},
      {"log-level",
       "LEVEL",
       "how much is logged to standard error",
       false,
       false,
       {"trace", "debug", "info", "warning", "error", "off"}},
      {"color", "WHEN", "auto: on a terminal, unless NO_COLOR is set", false, false, {"auto", "always", "never"}},
      {"version", "", "prints the version"},
      {"help", "", "explains a command, or lists them all"},
  };
  return rows;
}

const CommandRow* find_command(std::string_view name) {
  const auto& rows = command_rows();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const CommandRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace muster
