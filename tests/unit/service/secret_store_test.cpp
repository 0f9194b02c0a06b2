#include "service/secret_store.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "folder.h"

namespace muster {
namespace {

using namespace service_test;

/// The secret, or "! what (hint)" with FOLDER for the folder.
std::string secret(const std::string& name, const Folder& folder) {
  const auto found = read_secret(name, folder.str());
  if (found) return found->rep();
  std::string text = "! " + found.error().text();
  for (auto at = text.find(folder.str()); at != std::string::npos; at = text.find(folder.str()))
    text.replace(at, folder.str().size(), "FOLDER");
  return text;
}

TEST_CASE("a secret is what its file holds, but for one line end") {
  const Variable none("CREDENTIALS_DIRECTORY", {});
  struct Row {
    std::string name, bytes;
    int mode;
    std::string expected;
  };
  const Row rows[]{
      {"as editors write it", "s3cret\n", 0600, "s3cret"},
      {"without a line end", "s3cret", 0600, "s3cret"},
      {"only one line end goes", "s3cret\n\n", 0600, "s3cret\n"},
      {"blanks belong to it", " s3 cret \n", 0400, " s3 cret "},
      {"any bytes", "s\xFC\x01", 0600, "s\xFC\x01"},
      {"the group can read it", "s3cret", 0640,
       "! others than its owner can read the secret FOLDER/secrets/x (chmod 600 FOLDER/secrets/x)"},
      {"the world can read it", "s3cret", 0604,
       "! others than its owner can read the secret FOLDER/secrets/x (chmod 600 FOLDER/secrets/x)"},
      {"the group can write it", "s3cret", 0620,
       "! others than its owner can read the secret FOLDER/secrets/x (chmod 600 FOLDER/secrets/x)"},
      {"nothing in it", "", 0600, "! the secret FOLDER/secrets/x is empty"},
      {"a line end in it", "\n", 0600, "! the secret FOLDER/secrets/x is empty"},
      {"far too long", std::string(70000, 'x'), 0600, "! the secret FOLDER/secrets/x is longer than 64 KiB"},
  };
  for (const Row& r : rows) {
    CAPTURE(r.name);
    const Folder folder;
    std::filesystem::create_directory(folder.path("secrets"));
    put(folder.path("secrets/x"), r.bytes, r.mode);
    CHECK(secret("x", folder) == r.expected);
  }
}

TEST_CASE("a secret is a plain file beside the configuration, and nothing else") {
  const Variable none("CREDENTIALS_DIRECTORY", {});
  const Folder folder;
  std::filesystem::create_directory(folder.path("secrets"));
  std::filesystem::create_directory(folder.path("secrets/folder"));
  REQUIRE(mkfifo(folder.path("secrets/pipe").c_str(), 0600) == 0);
  CHECK(
      secret("ldap-bind", folder) ==
      "! the secret 'ldap-bind' does not exist (muster secret set ldap-bind, or put it into FOLDER/secrets/ldap-bind (chmod 600))");
  CHECK(secret("folder", folder) == "! the secret FOLDER/secrets/folder is not a file");
  CHECK(secret("pipe", folder) == "! the secret FOLDER/secrets/pipe is not a file");
  for (const std::string name : {"", "../x", "a/b", ".", "..", ".hidden"}) {
    CHECK(secret(name, folder) == "! '" + name + "' is no name of a secret (use a plain file name)");
  }
}

TEST_CASE("the service manager's credentials come first, and it guards them itself") {
  const Folder folder, credentials;
  const Variable directory("CREDENTIALS_DIRECTORY", credentials.str());
  std::filesystem::create_directory(folder.path("secrets"));
  put(folder.path("secrets/a"), "from the file", 0600);
  put(folder.path("secrets/b"), "only in the file", 0600);
  put(credentials.path("a"), "from the manager\n", 0440);
  put(credentials.path("secrets_c"), "of a folder of the manager's\n", 0440);
  CHECK(secret("a", folder) == "from the manager");
  CHECK(secret("b", folder) == "only in the file");
  CHECK(secret("c", folder) == "of a folder of the manager's");
  const auto key = read_secret_file(folder.path("secrets/c"));
  REQUIRE(key);
  CHECK(key->rep() == "of a folder of the manager's");
}

TEST_CASE("what is stored is what is read, by its owner only, and replaces what was there") {
  const Variable none("CREDENTIALS_DIRECTORY", {});
  const Folder folder;
  for (const std::string text : {"s3cret", "another"}) {
    const auto path = store_secret("x", folder.str(), Secret(text));
    REQUIRE(path);
    CHECK(*path == folder.path("secrets/x"));
    CHECK(secret("x", folder) == text);
    struct stat info {};
    REQUIRE(stat(path->c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
  CHECK_FALSE(store_secret("../x", folder.str(), Secret("s3cret")));
  CHECK_FALSE(store_secret("x", folder.path("nowhere"), Secret("s3cret")));
}

}  // namespace
}  // namespace muster
