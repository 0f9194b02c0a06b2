// What HR says about one person.
#pragma once

#include <string>
#include <vector>

#include "schema/ids.h"

namespace muster {

/// One record of a feed: `fields[i]` is the value of the i-th field that the feed declares; a missing field is the empty
/// string. Fields of type date hold "YYYYMMDD", so that expressions can compare them with < and >.
struct Person {
  PersonKey key;
  std::vector<std::string> fields;
  /// Where it came from, for reasons: "feed hris, line 1042".
  std::string source;
  /// False: a complete snapshot no longer lists this person; `fields` are the last that were known.
  bool listed = true;
};

}  // namespace muster
