// The people of feed_support.h in the formats that have no header.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "feed_support.h"

namespace muster::feed_test {

/// The fields of hris(), of another format, with these paths; department and end are optional.
inline FeedSettings of_format(const std::string& path, const std::string& type, const std::string& records,
                              const std::vector<std::string>& paths) {
  FeedSettings s = hris(path);
  s.type = type;
  s.records = records;
  for (std::size_t i = 0; i < paths.size(); ++i) s.fields[i].column = paths[i];
  s.fields[4].optional = s.fields[6].optional = true;
  return s;
}

inline FeedSettings of_json(const std::string& path, const std::string& records = "") {
  return of_format(path, "json", records, {"/id", "/status", "/name/first", "/name/last", "/org/0", "/start", "/end"});
}
inline FeedSettings of_json_lines(const std::string& path) {
  FeedSettings s = of_json(path);
  s.type = "jsonl";
  return s;
}
inline FeedSettings of_scim(const std::string& path) {
  const std::string enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:";
  const std::string hr = "urn:example:hr:1.0:User:";
  return of_format(path, "scim", "",
                   {"externalId", hr + "status", "name.givenName", "name.familyName", enterprise + "department", hr + "hireDate",
                    hr + "endDate"});
}
inline FeedSettings of_xml(const std::string& path) {
  return of_format(path, "xml", "/export/worker",
                   {"@id", "status", "name/first", "name/last", "org[@type='department']", "start", "end"});
}

inline const std::string kAnnJson =
    R"({"id": "1042", "status": "Active", "name": {"first": "Ann", "last": "Ames"}, "org": ["Sales"], "start": "2019-04-01"})";
inline const std::string kBobJson =
    R"({"id": 1043, "status": "Terminated", "name": {"first": "Bob", "last": "Beck"}, "org": ["Sales", "North"], "start": "2018-11-15", "end": "2026-10-31"})";
inline const std::string kAnnScim =
    R"({"externalId": "1042", "name": {"givenName": "Ann", "familyName": "Ames"}, "active": true,
 "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"},
 "urn:example:hr:1.0:User": {"status": "Active", "hireDate": "2019-04-01"}})";
inline const std::string kAnnXml =
    "  <worker id=\"1042\"><status>Active</status><name><first>Ann</first><last>Ames</last></name>\n"
    "    <org type=\"department\">Sales</org><start>2019-04-01</start></worker>\n";
inline const std::string kBobXml =
    "  <worker id=\"1043\"><status>Terminated</status><name><first>Bob</first><last>Beck</last></name>\n"
    "    <org type=\"site\">North</org><org "
    "type=\"department\">Sales</org><start>2018-11-15</start><end>2026-10-31</end></worker>\n";

inline std::string operation(const std::string& data, const std::string& method = "POST", const std::string& path = "/Users") {
  return "{\"method\": \"" + method + "\", \"bulkId\": \"1\", \"path\": \"" + path + "\", \"data\": " + data + "}";
}
inline std::string bulk(const std::string& operations) {
  return R"({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": 1, "Operations": [)" + operations +
         "]}";
}
inline std::string xml(const std::string& people) { return "<?xml version=\"1.0\"?>\n<export>\n" + people + "</export>\n"; }

/// One line per person: where the record is, then its fields; or the error.
inline std::string lines_of(const Outcome& o) {
  std::string all = o.error;
  for (const Person& p : o.people) all += p.source.substr(p.source.find(", ") + 2) + ": " + text(p) + "\n";
  return all;
}

}  // namespace muster::feed_test
