// What ties a bind by SSPI to its TLS channel; the bind itself needs a domain.
#include "ldap/windows/sspi.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "schema/ascii.h"

using namespace muster::wire;

namespace {

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(muster::hex_value(hex[i]) * 16 + muster::hex_value(hex[i + 1])));
  return bytes;
}

/// Signed by ECDSA with SHA-256.
constexpr const char* kCertificate =
    "3082019130820137a003020102021408df4d8c2b90c65e220563380375523df22bf78c300a06082a8648ce3d040302301e311c301a06035504030c13"
    "6463312e61642e6578616d706c652e74657374301e170d3236313132363231333333325a170d3336313132333231333333325a301e311c301a060355"
    "04030c136463312e61642e6578616d706c652e746573743059301306072a8648ce3d020106082a8648ce3d03010703420004db77f356d95b2bfa3fd4"
    "e61d56a65e153d10df06a50e820870c38969c90784c1ef618f27ba6f925b8d5353218fdac557dd9ae952afce254a05dd4530c009716aa3533051301d"
    "0603551d0e041604148acdf724c9af173f0ebfecb5cfa8a540c0026b04301f0603551d230418301680148acdf724c9af173f0ebfecb5cfa8a540c002"
    "6b04300f0603551d130101ff040530030101ff300a06082a8648ce3d0403020348003045022057af62e47c65599f27ec444337bbb1945fb3b35a33c7"
    "10d1f7b5e33c28f8dcc4022100acb0d1e129a58e5339e9a7d770c1d279d7c4f9984284ff021ce1b717ea1a403d";
/// As sha256sum says it of the file.
constexpr const char* kSum = "71af4b0e981665eaf8846f78950bc97a7822f46b48f7ff4fc73916fd8a7dbca0";

std::size_t number_at(const std::string& bytes, std::size_t at) {
  std::size_t n = 0;
  for (std::size_t i = 4; i-- > 0;) n = n << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return n;
}

}  // namespace

TEST_CASE("SSPI: the end point is the hash of the server's certificate (RFC 5929 section 4.1)") {
  CHECK(end_point_binding(bytes_of(kCertificate)) == "tls-server-end-point:" + bytes_of(kSum));
  CHECK(end_point_binding("no certificate").empty());
  CHECK(end_point_binding("").empty());
}

TEST_CASE("SSPI: the data stand behind SEC_CHANNEL_BINDINGS, which names nothing else") {
  const std::string data = "tls-server-end-point:" + bytes_of(kSum), bindings = channel_bindings(data);
  constexpr std::size_t kHead = 32;  // eight numbers of 32 bits
  REQUIRE(bindings.size() == kHead + data.size());
  for (const std::size_t at : {0, 4, 8, 12, 16, 20}) CHECK(number_at(bindings, at) == 0);
  CHECK(number_at(bindings, 24) == data.size());
  CHECK(number_at(bindings, 28) == kHead);
  CHECK(bindings.substr(kHead) == data);
}
