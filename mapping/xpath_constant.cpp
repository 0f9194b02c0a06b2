// What can be said of an expression before any record is seen.
#include "mapping/xpath_program.h"

namespace muster::xpath {

using Op = Program::Op;

namespace {

/// One `field = 'text'` or `field != 'text'`, in either order.
struct Term {
  std::size_t field;
  std::string_view text;
  bool equal;
};

std::optional<Term> term(const std::vector<Program::Node>& nodes, const Program::Node& node) {
  if (node.op != Op::eq_text && node.op != Op::ne_text) return std::nullopt;
  const Program::Node* a = &nodes[node.args[0]];
  const Program::Node* b = &nodes[node.args[1]];
  if (a->op == Op::literal) std::swap(a, b);
  if (a->op != Op::field || b->op != Op::literal) return std::nullopt;
  return Term{a->field, b->text, node.op == Op::eq_text};
}

void collect(const std::vector<Program::Node>& nodes, const Program::Node& node, Op junction, std::vector<Term>& terms) {
  if (node.op == junction) {
    for (const Program::Index arg : node.args) collect(nodes, nodes[arg], junction, terms);
  } else if (const auto found = term(nodes, node)) {
    terms.push_back(*found);
  }
}

/// `x='a' and x='b'`, `x='a' and x!='a'`; as an `or`, with = and != exchanged, the same terms are always true.
bool clash(const Term& a, const Term& b, bool conjunction) {
  if (a.field != b.field) return false;
  if (a.equal != b.equal) return a.text == b.text;
  return a.equal == conjunction && a.text != b.text;
}

bool any_clash(const std::vector<Term>& terms, bool conjunction) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    for (std::size_t j = i + 1; j < terms.size(); ++j) {
      if (clash(terms[i], terms[j], conjunction)) return true;
    }
  }
  return false;
}

}  // namespace

bool Program::reads_record(Index at) const {
  const Node& node = nodes_[at];
  if (node.op == Op::field || node.op == Op::today || node.op == Op::now || node.op == Op::place) return true;
  for (const Index arg : node.args) {
    if (reads_record(arg)) return true;
  }
  return false;
}

std::optional<bool> Program::constant(Index at) const {
  const Node& node = nodes_[at];
  if (!reads_record(at)) return truth(at, Record{});
  if (node.op == Op::field) return true;
  if (node.op == Op::and_ || node.op == Op::or_) return constant_junction(node);
  if (node.op == Op::boolean) return constant(node.args[0]);
  if (node.op == Op::not_) {
    const auto inner = constant(node.args[0]);
    return inner ? std::optional(!*inner) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<bool> Program::constant_junction(const Node& node) const {
  const bool deciding = node.op == Op::or_;  // true decides an `or`, false an `and`
  const auto left = constant(node.args[0]), right = constant(node.args[1]);
  if (left == deciding || right == deciding) return deciding;
  if (left && right) return !deciding;
  std::vector<Term> terms;
  collect(nodes_, node, node.op, terms);
  return any_clash(terms, node.op == Op::and_) ? std::optional(deciding) : std::nullopt;
}

}  // namespace muster::xpath
