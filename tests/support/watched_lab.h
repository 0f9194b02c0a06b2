// The change sources' suite on any server of the lab.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/change_source_suite.h"
#include "tests/support/lab.h"

namespace muster::test {

/// People are inetOrgPerson, or users on Active Directory; each has a uid.
class WatchedLab : public WatchedDirectory {
 public:
  WatchedLab(std::unique_ptr<LabServer> server, std::string method, milliseconds promise)
      : server_(std::move(server)), method_(std::move(method)), promise_(promise) {}

  LabServer& server() { return *server_; }
  bool is_ad() const { return dynamic_cast<const Samba*>(server_.get()) != nullptr; }
  std::string unit(const std::string& name) const { return "ou=" + name + "," + server_->value("SUFFIX"); }
  std::string dn(const std::string& uid) const { return (is_ad() ? "cn=" : "uid=") + uid + "," + unit("people"); }
  Endpoint endpoint() {
    Endpoint e;
    e.name = "corp";
    e.urls = {server_->value("LDAPS_URL")};
    e.tls_ca = server_->value("CA");
    e.bind = Endpoint::Bind::simple;
    e.bind_dn = server_->value("BIND_DN");
    e.password = Secret(dynamic_cast<const Slapd*>(server_.get()) ? "secret" : server_->value("BIND_PASSWORD"));
    e.timeout = silence();
    return e;
  }
  WatchRequest request(const std::string& base) const {
    WatchRequest r;
    r.base = base;
    r.filter = is_ad() ? "(objectClass=user)" : "(objectClass=person)";
    r.attributes = {"uid", "description"};
    return r;
  }
  void begin_anew() override {
    std::string ldif;
    for (const std::string name : {"people", "leavers"}) {
      for (const auto& e : server_->entries(unit(name), is_ad() ? "(objectClass=user)" : "(objectClass=person)", {"1.1"}))
        ldif += "dn: " + e.at("dn").front() + "\nchangetype: delete\n\n";
    }
    if (!ldif.empty()) change(ldif);
  }
  Result<std::unique_ptr<ChangeSource>> open(std::optional<Cookie> resume_at) override {
    WatchRequest r = request(unit("people"));
    r.resume_at = std::move(resume_at);
    return open_change_source(endpoint(), method_, r);
  }
  void add(const std::vector<std::string>& uids) override {
    std::string ldif;
    for (const std::string& uid : uids) {
      ldif += "dn: " + dn(uid) +
              "\nchangetype: add\nobjectClass: " + (is_ad() ? "user\nsAMAccountName: " + uid : "inetOrgPerson\nsn: " + uid) +
              "\ncn: " + uid + "\nuid: " + uid + "\n\n";
    }
    change(ldif);
  }
  void describe(const std::string& uid, const std::string& text) override {
    change("dn: " + dn(uid) + "\nchangetype: modify\nreplace: description\ndescription: " + text + "\n");
  }
  void rename(const std::string& uid, const std::string& to) override {
    change("dn: " + dn(uid) + "\nchangetype: modrdn\nnewrdn: " + (is_ad() ? "cn=" : "uid=") + to + "\ndeleteoldrdn: 1\n");
    if (is_ad()) change("dn: " + dn(to) + "\nchangetype: modify\nreplace: uid\nuid: " + to + "\n");
  }
  void move_away(const std::string& uid) override {
    const std::string rdn = dn(uid).substr(0, dn(uid).find(','));
    change("dn: " + dn(uid) + "\nchangetype: modrdn\nnewrdn: " + rdn + "\ndeleteoldrdn: 1\nnewsuperior: " + unit("leavers") + "\n");
  }
  void remove(const std::string& uid) override { change("dn: " + dn(uid) + "\nchangetype: delete\n"); }
  std::map<std::string, std::string> people() override {
    auto connection = Connection::open(endpoint(), true);
    REQUIRE_MESSAGE(connection, (connection ? "" : connection.error().text()));
    std::map<std::string, std::string> all;
    SearchRequest search;
    search.base = unit("people");
    search.filter = request("").filter;
    search.attributes = {"uid", "description"};
    const Status read = connection->search(search, [&](Entry&& e) {
      all[std::string(e.attributes.first("uid"))] = e.attributes.first("description");
      return ok();
    });
    REQUIRE_MESSAGE(read, (read ? "" : read.error().text()));
    return all;
  }
  void restart() override {
    server_->stop();
    server_->start();
  }
  void freeze() override { server_->freeze(); }
  void unfreeze() override { server_->thaw(); }
  milliseconds silence() override { return seconds(3); }
  milliseconds promised_latency() override { return promise_; }
  void change(const std::string& ldif) {
    std::string complaint;
    REQUIRE_MESSAGE(server_->modify(ldif, &complaint) == 0, complaint);
  }

 private:
  std::unique_ptr<LabServer> server_;
  std::string method_;
  milliseconds promise_;
};

}  // namespace muster::test
