// Commands that only read: status, holds, why, who, problems, audit.
#include <chrono>
#include <cmath>
#include <iostream>
#include <thread>

#include "agent/change_json.h"
#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/cli/text.h"
#include "agent/control.h"
#include "agent/report.h"
#include "schema/calendar.h"

namespace muster {

using nlohmann::json;

namespace {

std::string scalar(const json& v) {
  if (v.is_string()) return v.get<std::string>();
  if (v.is_boolean()) return v.get<bool>() ? "yes" : "no";
  return v.is_null() ? "" : v.dump();
}

/// Nested objects as "a b: value" lines.
void add_lines(Table& table, const std::string& prefix, const json& j) {
  for (const auto& [key, value] : j.items()) {
    const std::string name = prefix.empty() ? key : prefix + " " + key;
    if (value.is_object()) {
      add_lines(table, name, value);
    } else if (!value.is_array()) {
      const bool bad = key.find("error") != std::string::npos && !value.is_null();
      table.add({name, {scalar(value), bad ? Tone::bad : Tone::plain}});
    }
  }
}

json status_now(const Session& session, Store& store) {
  auto live = ask_service(session.config->settings.state_path, {{"command", "status"}});
  return live ? *live : status_report(store, nullptr);
}

std::string span_of(const json& seconds) {
  if (!seconds.is_number()) return "-";
  return human_duration(std::chrono::milliseconds(std::llround(seconds.get<double>() * 1000)));
}

void add_lag(Table& table, const std::string& name, const json& lag) {
  const json& s = lag["seconds"];
  const json& oldest = lag["oldest unsent"];
  table.add({name, span_of(s["now"]), span_of(s["median"]), span_of(s["p99"]), scalar(s["of"]),
             oldest.is_null() ? "nothing waits" : span_of(oldest["seconds"]), lag.contains("waiting") ? scalar(lag["waiting"]) : "",
             lag.contains("set aside") ? scalar(lag["set aside"]) : "",
             lag["last probe"].is_null() ? "-" : scalar(lag["last probe"])});
}

void print_lag(const Session& session, const json& lag) {
  Table table({{"lag"},
               {"now", Table::Column::Align::right},
               {"median", Table::Column::Align::right},
               {"p99", Table::Column::Align::right},
               {"of the last", Table::Column::Align::right},
               {"oldest unsent"},
               {"waiting", Table::Column::Align::right},
               {"set aside", Table::Column::Align::right},
               {"last probe"}},
              "");
  add_lag(table, "all upstreams", lag);
  for (const auto& [name, lane] : lag["upstreams"].items()) add_lag(table, name, lane);
  std::cout << table.render(session.out, session.out_terminal.columns) << "\n";
}

void print_health(const Session& session, const json& status) {
  if (status.value("healthy", true)) return;
  const bool is_idle = status["service"] == "not running";
  std::cout << session.out.paint(is_idle ? Tone::warning : Tone::bad, "Not healthy") << "\n";
  for (const json& reason : status["unhealthy"])
    std::cout << "  " << printable(scalar(reason["what"]) + ": " + scalar(reason["sentence"])) << "\n";
  std::cout << "\n";
}

/// Connections first, then what waits, then the rest.
void print_status(const Session& session, const json& status) {
  if (session.json()) return print_json(status);
  print_health(session, status);
  if (status.contains("lag")) print_lag(session, status["lag"]);
  Table table({{""}, {""}}, "");
  json rest = status;
  for (const char* shown : {"healthy", "unhealthy", "lag"}) rest.erase(shown);
  for (const char* first :
       {"service", "error", "feed error", "live", "waiting upstream", "set aside upstream", "parked", "drift", "last resync"}) {
    if (!rest.contains(first)) continue;
    add_lines(table, "", {{first, rest[first]}});
    rest.erase(first);
  }
  add_lines(table, "", rest);
  std::cout << table.render(session.out, session.out_terminal.columns);
  print_holds(session, status["holds"]);
}

/// The same moment said again is nothing new.
bool tells_nothing_new(const json& now, const json& shown) {
  const auto without_ages = [](json status) {
    if (!status.contains("lag")) return status;
    const auto strip = [](json& lag) {
      if (lag["oldest unsent"].is_object()) lag["oldest unsent"].erase("seconds");
    };
    strip(status["lag"]);
    for (json& lane : status["lag"]["upstreams"]) strip(lane);
    return status;
  };
  return without_ages(now) == without_ages(shown);
}

void print_pairs(const Session& session, const json& object) {
  for (const auto& [key, value] : object.items())
    std::cout << "  " << session.out.paint(Tone::quiet, key) << " " << scalar(value) << "\n";
}

std::string why_member(const json& a) {
  if (a.contains("refused")) return a["refused"];
  if (a.value("granted", false))
    return a["reason"].get<std::string>() + (a.contains("approval") ? " (approved: " + a["approval"].get<std::string>() + ")" : "");
  if (a.contains("entitled"))
    return "role " + a["entitled"]["role"].get<std::string>() + ": " + a["entitled"]["condition"].get<std::string>();
  return a.value("reason", "");
}

std::string rule_of(const json& a) {
  if (a.contains("rule")) return a["rule"];
  return a.contains("entitled") ? a["entitled"]["rule"].get<std::string>() : "";
}

void print_access(const Session& session, const json& access) {
  Table table({{"group"}, {"member"}, {"why"}, {"since"}, {"rule"}}, "  No membership, and no role that asks for one.");
  for (const json& a : access) {
    const bool has = a["has"];
    table.add({a["group"].get<std::string>(),
               {has                     ? "yes"
                : a.contains("refused") ? "no"
                                        : "not yet",
                has ? Tone::good : Tone::warning},
               why_member(a),
               a.value("since", ""),
               rule_of(a)});
  }
  std::cout << "\n"
            << session.out.paint(Tone::heading, "Access") << "\n"
            << table.render(session.out, session.out_terminal.columns);
}

void print_history(const Session& session, const json& history) {
  if (history.empty()) return;
  Table table({{"when"}, {"action"}, {"what"}, {"why"}, {"rule"}}, "");
  for (const json& h : history) {
    const std::string what = h.contains("group") ? h["group"] : h.contains("attribute") ? h["attribute"] : json("");
    table.add({h.value("time", ""), h.value("action", h.value("kind", "")), what, h.value("reason", ""), h.value("rule", "")});
  }
  std::cout << "\n"
            << session.out.paint(Tone::heading, "What muster did") << "\n"
            << table.render(session.out, session.out_terminal.columns);
}

void print_attributes(const Session& session, const json& attributes) {
  Table table({{"attribute"}, {"owner"}, {"value"}, {"HR says"}, {"rule"}}, "");
  for (const json& a : attributes) {
    std::string values;
    for (const json& v : a["values"]) values += (values.empty() ? "" : ", ") + v.get<std::string>();
    table.add({a["attribute"].get<std::string>(), a["owner"].get<std::string>(), values,
               a.value("hr says", "") + (a.value("ignored", false) ? " (ignored)" : ""), a["rule"].get<std::string>()});
  }
  std::cout << "\n"
            << session.out.paint(Tone::heading, "Attributes") << "\n"
            << table.render(session.out, session.out_terminal.columns);
}

void print_why(const Session& session, const json& j) {
  std::cout << session.out.paint(Tone::heading, j["person"] == "" ? "Nobody's account" : "Person " + j["person"].get<std::string>())
            << "  " << j.value("dn", "no account")
            << (j["listed"].get<bool>() || j["person"] == "" ? "" : "  (no longer listed by HR)") << "\n"
            << "  " << session.out.paint(Tone::quiet, j["source"].get<std::string>()) << "\n";
  if (j.contains("record")) print_pairs(session, j["record"]);
  for (const json& r : j.value("waiting", json::array())) {
    std::cout << "  " << session.out.paint(Tone::warning, "from " + scalar(r["effective"])) << " (" << scalar(r["source"]) << ")";
    for (const auto& [field, value] : r["changes"].items()) std::cout << "  " << field << ": " << scalar(value);
    std::cout << "\n";
  }
  if (j.contains("disabled"))
    std::cout << "  " << session.out.paint(Tone::bad, "disabled") << " since " << scalar(j["disabled"]["since"]) << " ("
              << scalar(j["disabled"]["for"]) << ")\n";
  if (j.contains("order"))
    std::cout << "  " << session.out.paint(Tone::bad, "disabled by order") << " of " << scalar(j["order"]["by"]) << " since "
              << scalar(j["order"]["since"]) << ": " << scalar(j["order"]["reason"]) << "\n";
  if (j.contains("taken over by"))
    std::cout << "  came back as person " << scalar(j["taken over by"]) << ", who has the account now\n";
  for (const json& m : j.value("hand-over", json::array()))
    std::cout << "  " << session.out.paint(Tone::warning, "hand over") << ": still " << scalar(m["attribute"]) << " of "
              << scalar(m["of"]) << "\n";
  print_access(session, j["access"]);
  if (j.contains("attributes")) print_attributes(session, j["attributes"]);
  for (const json& h : j["held"])
    std::cout << "\nOn hold " << scalar(h["hold"]) << ": " << scalar(h["change"]["action"]) << " (" << scalar(h["why"]) << ")\n";
  for (const json& p : j["problems"])
    std::cout << "\n"
              << session.out.paint(Tone::warning, "Problem") << " " << scalar(p["code"]) << ": " << scalar(p["what"]) << " ["
              << scalar(p["where"]) << "]\n";
  print_history(session, j["history"]);
}

void print_who(const Session& session, const json& j) {
  std::cout << session.out.paint(Tone::heading, j["group"].get<std::string>()) << "  (managed: " << scalar(j["managed"]) << ")\n";
  for (const json& r : j["roles"])
    std::cout << "  role " << scalar(r["role"]) << " when " << scalar(r["when"]) << "  [" << scalar(r["rule"]) << "]\n";
  Table table({{"person"}, {"entry"}, {"why"}, {"since"}, {"rule"}, {"approved by"}}, "  Nobody.");
  for (const json& m : j["members"])
    table.add({m["person"].get<std::string>(), m["dn"].get<std::string>(),
               (m.contains("via") ? "in " + m["via"].get<std::string>() + ": " : "") + m["reason"].get<std::string>(),
               m.value("since", ""), m.value("rule", ""), m.value("approval", "")});
  std::cout << "\n" << table.render(session.out, session.out_terminal.columns);
}

}  // namespace

int run_status(Session& session) {
  return with_state(session, [&](Store& store) {
    json shown = status_now(session, store);
    print_status(session, shown);
    while (session.call.has("watch")) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      json now = status_now(session, store);
      const bool in_place = session.out_terminal.is_terminal && !session.json();
      if (!in_place && tells_nothing_new(now, shown)) continue;
      shown = std::move(now);
      std::cout << (in_place ? "\x1b[H\x1b[2J" : "\n");  // cursor home, clear (ECMA-48)
      print_status(session, shown);
      std::cout.flush();
    }
    return static_cast<int>(kDone);
  });
}

int run_holds(Session& session) {
  return with_state(session, [&](Store& store) {
    const std::string id = session.call.argument(0);
    const json report = holds_report(store, id);
    if (!id.empty() && report["holds"].empty())
      return fail(session, {Errc::not_found, "there is no hold '" + id + "'", "muster holds lists them"});
    if (session.json()) {
      print_json(report);
    } else if (report["holds"].empty()) {
      std::cout << "Nothing is on hold.\n";
    } else {
      print_holds(session, report["holds"]);
      for (const json& h : report["holds"]) {
        if (h.contains("changes"))
          print_changes(session, h["changes"]);
        else
          std::cout << "\nmuster holds " << h["id"].get<std::string>() << "   shows its changes; muster approve "
                    << h["id"].get<std::string>() << " --by NAME --reason TEXT   lets them go on\n";
      }
    }
    return static_cast<int>(report["holds"].empty() || !id.empty() ? kDone : kHeld);
  });
}

int run_problems(Session& session) {
  return with_state(session, [&](Store& store) {
    const json report = problems_report(store);
    if (session.json())
      print_json(report);
    else if (report["problems"].empty())
      std::cout << "No problems.\n";
    else
      print_problems(session, report["problems"]);
    return static_cast<int>(kDone);
  });
}

int run_why(Session& session) {
  return with_state(session, [&](Store& store) {
    const auto report = why_report(store, *session.config, session.call.argument(0), session.call.argument(1));
    if (!report) return fail(session, report.error());
    if (session.json())
      print_json(*report);
    else
      print_why(session, *report);
    return static_cast<int>(kDone);
  });
}

int run_who(Session& session) {
  return with_state(session, [&](Store& store) {
    const auto report = who_report(store, *session.config, session.call.argument(0));
    if (!report) return fail(session, report.error());
    if (session.json())
      print_json(*report);
    else
      print_who(session, *report);
    return static_cast<int>(kDone);
  });
}

int run_audit_verify(Session& session) {
  return with_state(session, [&](Store& store) {
    const AuditCheck check = verify_audit(store);
    if (session.json())
      print_json({{"records", check.records},
                  {"intact", !check.broken},
                  {"broken", check.broken ? json(*check.broken) : json()},
                  {"why", check.why}});
    else if (check.broken)
      std::cout << session.out.paint(Tone::bad, "The audit trail is not intact: ") << check.why << "\n";
    else
      std::cout << "The audit trail is intact: " << check.records << (check.records == 1 ? " record" : " records") << ".\n";
    return static_cast<int>(check.broken ? kFailed : kDone);
  });
}

int run_audit_export(Session& session) {
  return with_state(session, [&](Store& store) {
    store.each_audit(0, [&](const AuditRow& row) {
      json record = json::parse(row.body, nullptr, false);
      std::cout << dump({{"seq", row.seq}, {"hash", row.hash}, {"record", std::move(record)}}) << "\n";
      return true;
    });
    return static_cast<int>(kDone);
  });
}

}  // namespace muster
