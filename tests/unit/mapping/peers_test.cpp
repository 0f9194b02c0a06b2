#include "mapping/peers.h"

#include <doctest/doctest.h>

using namespace muster;

TEST_CASE("peers: a membership stands out when fewer than one in ten of those with the same roles have it") {
  struct Row {
    std::size_t peers, members;
    bool outlier;
  };
  const Row rows[] = {{0, 0, false}, {1, 1, false},  {10, 1, false},   {11, 1, true},  {19, 2, false},
                      {21, 2, true}, {100, 9, true}, {100, 10, false}, {100, 0, false}};
  for (const Row& r : rows) {
    CAPTURE(r.peers);
    CAPTURE(r.members);
    CHECK(is_outlier({r.peers, r.members}) == r.outlier);
  }
}

TEST_CASE("peers: only people with exactly the same roles are compared, and nobody with people of no role") {
  Peers peers;
  for (int i = 0; i < 20; ++i) peers.add({"staff", "sales"}, {1});
  peers.add({"staff", "sales"}, {1, 7});
  peers.add({"staff", "engineering"}, {7});
  peers.add({}, {7});
  CHECK(peers.share({"staff", "sales"}, 7).peers == 21);
  CHECK(peers.share({"staff", "sales"}, 7).members == 1);
  CHECK(is_outlier(peers.share({"staff", "sales"}, 7)));
  CHECK(!is_outlier(peers.share({"staff", "sales"}, 1)));
  CHECK(!is_outlier(peers.share({"staff", "engineering"}, 7)));
  CHECK(peers.share({}, 7).peers == 0);
  CHECK(peers.share({"nothing"}, 7).peers == 0);
}
