// A domain controller that answers as MS-ADTS says where Samba does not: 1,500 values at a time, pages of 1,000, DirSync in small
// parts and with an object twice, members that are there already, passwords only where the connection is encrypted.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "schema/ids.h"

namespace muster::test {

class FakeAd {
 public:
  static constexpr const char* kSuffix = "DC=corp,DC=example";
  static constexpr std::size_t kMaxValRange = 1500, kMaxPageSize = 1000;  // MS-ADTS section 3.1.1.3.4.6
  struct Object {
    std::string dn;
    std::map<std::string, std::vector<std::string>> attributes;  ///< by the name that the schema gives it
    std::string guid;                                            ///< its bytes
    std::uint64_t changed = 0;
    bool deleted = false;
  };
  /// A member with a time to live.
  struct Ending {
    std::string group, member;
    std::chrono::steady_clock::time_point at;
  };
  /// One thing that DirSync tells: some attributes of an object, or links that it won and lost.
  struct Told {
    std::string guid;
    std::map<std::string, std::vector<std::string>> attributes;
  };

  FakeAd();
  ~FakeAd();
  FakeAd(const FakeAd&) = delete;
  FakeAd& operator=(const FakeAd&) = delete;
  std::string url() const { return "ldap://127.0.0.1:" + std::to_string(port_); }

  EntryId add(const std::string& dn, std::map<std::string, std::vector<std::string>> attributes);
  /// Of attributes; counted, and told by DirSync.
  void change(const std::string& dn, const std::string& attribute, std::vector<std::string> values);
  /// Links: DirSync tells what came and what went, apart from everything else.
  void link(const std::string& group, const std::vector<std::string>& added, const std::vector<std::string>& removed);
  void remove(const std::string& dn);
  void forget_cookies();
  /// Members may have a time to live from now on (MS-ADTS section 3.1.1.9.2).
  void enable_link_ttl();
  /// How many requests of a kind came: "range", "page", "dirsync".
  int count(const std::string& kind) const;

 private:
  struct Connection;
  Object* find(const std::string& dn);
  void end_links();
  void serve(int socket, const std::stop_token& stop);

  mutable std::mutex mutex_;
  std::vector<Object> objects_;
  std::vector<Told> told_;
  std::vector<Ending> endings_;
  bool has_link_ttl_ = false;
  std::map<std::string, int> counts_;
  std::uint64_t usn_ = 1000;
  std::size_t forgotten_ = 0;
  int listener_ = -1, port_ = 0;
  std::set<int> sockets_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

}  // namespace muster::test
