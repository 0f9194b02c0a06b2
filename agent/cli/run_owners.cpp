// muster owners
#include <iostream>

#include "agent/cli/session.h"
#include "agent/cli/table.h"
#include "agent/report.h"

namespace muster {

using nlohmann::json;

namespace {

constexpr auto kRight = Table::Column::Align::right;

std::string count_text(const json& n) { return n == 0 ? "" : n.dump(); }

/// "3, last 2026-11-25T10:00:00Z by cn=admin"
std::string others_text(const json& others) {
  if (others.is_null()) return "";
  std::string text = others["count"].dump() + ", last " + others["last"].get<std::string>();
  if (!others["by"].is_null()) text += " by " + others["by"].get<std::string>();
  return text;
}

void print_heading(const Session& session, const char* heading) { std::cout << session.out.paint(Tone::heading, heading) << "\n"; }

void print_owned(const Session& session, const json& report) {
  Table attributes({{"attribute"}, {"owner"}, {"on drift"}, {"drift", kRight}, {"fights", kRight}, {"others wrote"}, {"rule"}},
                   "  No rule names an attribute.");
  for (const json& a : report["attributes"]) {
    attributes.add({a["attribute"].get<std::string>(),
                    a["owner"].get<std::string>(),
                    a.value("on-drift", ""),
                    count_text(a["drift"]),
                    {count_text(a["fights"]), Tone::warning},
                    others_text(a["others"]),
                    a["rule"].get<std::string>()});
  }
  print_heading(session, "Attributes");
  std::cout << attributes.render(session.out, session.out_terminal.columns) << "\n";
  Table groups({{"group"},
                {"membership"},
                {"on drift"},
                {"members", kRight},
                {"drift", kRight},
                {"fights", kRight},
                {"others wrote"},
                {"rule"}},
               "  No managed group is known.");
  for (const json& g : report["groups"]) {
    groups.add({g["group"].get<std::string>(),
                g["membership"].get<std::string>(),
                g["on-drift"].get<std::string>(),
                g["members"].dump(),
                count_text(g["drift"]),
                {count_text(g["fights"]), Tone::warning},
                others_text(g["others"]),
                g["rule"].get<std::string>()});
  }
  print_heading(session, "Groups");
  std::cout << groups.render(session.out, session.out_terminal.columns);
}

void print_vain(const Session& session, const json& report) {
  Table vain({{"attribute"}, {"owner"}, {"person"}, {"HR says"}, {"it is"}}, "");
  for (const json& a : report["attributes"]) {
    if (!a.contains("in vain") || a["in vain"]["people"] == 0) continue;
    const json& examples = a["in vain"]["examples"];
    for (const json& e : examples) {
      std::string is;
      for (const json& v : e["is"]) is += (is.empty() ? "" : ", ") + v.get<std::string>();
      vain.add({a["attribute"].get<std::string>(), a["owner"].get<std::string>(), e["person"].get<std::string>(),
                e["hr says"].get<std::string>(), is});
    }
    const auto people = a["in vain"]["people"].get<std::size_t>();
    if (people > examples.size())
      vain.add({a["attribute"].get<std::string>(), "", "and " + std::to_string(people - examples.size()) + " more", "", ""});
  }
  if (!vain.empty()) {
    std::cout << "\n";
    print_heading(session, "What HR sends in vain");
    std::cout << vain.render(session.out, session.out_terminal.columns);
  }
  for (const json& f : report["unused fields"]) {
    std::cout << "\nNo rule looks at the field " << f["field"].get<std::string>() << " (column " << f["column"].get<std::string>()
              << ") [" << f["where"].get<std::string>() << "]\n";
  }
}

}  // namespace

int run_owners(Session& session) {
  return with_state(session, [&](Store& store) {
    const json report = owners_report(store, *session.config);
    if (session.json()) {
      print_json(report);
    } else {
      print_owned(session, report);
      print_vain(session, report);
    }
    return static_cast<int>(kDone);
  });
}

}  // namespace muster
