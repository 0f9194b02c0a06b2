// Rules without files: every rule stands on a line of its own in "rules.xml", in the order in which it is declared.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mapping/rules.h"

namespace muster::test {

/// For texts that the test itself wrote: a fault is the test's own.
inline Dn dn(const std::string& text) {
  auto parsed = Dn::parse(text);
  if (!parsed) throw std::runtime_error("'" + text + "': " + parsed.error().what);
  return *parsed;
}

class RulesBuilder {
 public:
  explicit RulesBuilder(std::vector<std::string> fields) {
    rules_.fields = fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i] == "start") rules_.start_index = i;
    }
    rules_.scope = std::make_shared<ExpressionScope>(std::move(fields));
    rules_.feed_at = {"muster.xml", 7, 3};
  }

  Expression expression(const std::string& text) {
    std::vector<ExpressionFault> faults;
    auto compiled = Expression::compile(text, *rules_.scope, faults);
    if (!compiled) throw std::runtime_error("'" + text + "': " + (faults.empty() ? "no reason given" : faults.front().message));
    return std::move(*compiled);
  }

  void join(const std::string& attribute, const std::string& value) {
    rules_.joins.push_back(JoinRule{attribute, expression(value), next()});
  }
  AttributeRule& hr(const std::string& name, const std::string& value) {
    AttributeRule& rule = owned(name, Owner::hr);
    rule.value = expression(value);
    return rule;
  }
  AttributeRule& owned(const std::string& name, Owner owner) {
    AttributeRule rule;
    rule.name = name;
    rule.key = to_lower(name);
    rule.owner = owner;
    rule.at = next();
    rules_.attributes.push_back(std::move(rule));
    return rules_.attributes.back();
  }
  void managed_base(const std::string& base, ManagedRule::Membership membership) {
    rules_.managed.push_back({dn(base), true, membership, next()});
  }
  void managed_group(const std::string& group, ManagedRule::Membership membership) {
    rules_.managed.push_back({dn(group), false, membership, next()});
  }
  void role(const std::string& name, const std::string& when, const std::vector<std::string>& groups) {
    RoleRule rule{name, expression(when), {}, next()};
    for (const std::string& g : groups) rule.groups.push_back({dn(g), next()});
    rules_.roles.push_back(std::move(rule));
  }
  JoinerRule& joiner(const std::string& when) {
    rules_.joiner = JoinerRule{expression(when), std::nullopt, std::nullopt, {}, 0, next()};
    return *rules_.joiner;
  }
  LeaverRule& leaver(const std::string& when) {
    rules_.leavers.push_back(LeaverRule{expression(when), true, LeaverRule::Strip::none, std::nullopt, std::nullopt, next()});
    return rules_.leavers.back();
  }
  AbsenceRule& absence(const std::string& when) {
    rules_.absences.push_back(AbsenceRule{expression(when), true, next()});
    return rules_.absences.back();
  }
  void contractor(const std::string& when, const std::string& field) {
    int index = -1;
    for (std::size_t i = 0; i < rules_.fields.size(); ++i) {
      if (rules_.fields[i] == field) index = static_cast<int>(i);
    }
    rules_.workers.push_back(WorkerRule{"contractor", expression(when), field, index, next()});
  }
  void rehire(bool enable) { rules_.rehire = RehireRule{"id", enable, next()}; }

  Rules& rules() { return rules_; }
  Rules take() {
    rules_.bind(AttributeTypes::standard());
    return std::move(rules_);
  }

 private:
  Location next() { return {"rules.xml", ++line_, 3}; }

  Rules rules_;
  int line_ = 0;
};

}  // namespace muster::test
