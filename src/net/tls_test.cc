#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>

#include "testing/certificate.h"
#include "testing/http_server.h"
#include "testing/raw_client.h"

namespace countersign::net {
namespace {

using testing::HttpServer;
using testing::RawClient;
using testing::ScratchFolder;
using testing::write_certificate;

// One handshake with OpenSSL as it comes; `accepted` and what was agreed on.
struct Handshake {
  bool accepted = false;
  int version = 0;
  std::string alpn, common_name;
  int tickets = 0;
};

struct Offer {
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string alpn;  // in wire form
};

int count_ticket(SSL* ssl, SSL_SESSION*) {
  ++*static_cast<int*>(SSL_get_app_data(ssl));
  return 0;
}

Handshake shake(std::uint16_t port, const Offer& offer) {
  Handshake result;
  const RawClient raw(port);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);  // a client as lax as can be: the server must refuse
  SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(context, offer.min_version);
  SSL_CTX_set_max_proto_version(context, offer.max_version);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, count_ticket);
  SSL* ssl = SSL_new(context);
  SSL_set_app_data(ssl, &result.tickets);
  if (!offer.alpn.empty()) {
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offer.alpn.data()),
                        static_cast<unsigned>(offer.alpn.size()));
  }
  SSL_set_fd(ssl, raw.fd());
  result.accepted = SSL_connect(ssl) == 1;
  if (result.accepted) {
    static constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    char bytes[4096];
    SSL_write(ssl, kGet.data(), static_cast<int>(kGet.size()));
    result.accepted = SSL_read(ssl, bytes, sizeof bytes) > 0;
    result.version = SSL_version(ssl);
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &chosen, &size);
    result.alpn.assign(reinterpret_cast<const char*>(chosen), size);
    X509* certificate = SSL_get1_peer_certificate(ssl);
    char common_name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common_name, sizeof common_name);
    result.common_name = common_name;
    X509_free(certificate);
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
  return result;
}

class TlsContextTest : public ::testing::Test {
 protected:
  TlsContextTest() {
    write_certificate(file("a.pem"), "first");
    auto loaded = TlsContext::load(file("a.pem"), file("a.pem"));
    if (!loaded) std::abort();
    context = std::move(*loaded);
  }
  std::string file(const std::string& name) const { return folder / name; }

  ScratchFolder folder;
  std::unique_ptr<TlsContext> context;
};

TEST_F(TlsContextTest, SpeaksOneThreeAndOneTwo) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  EXPECT_EQ(shake(server.port(), {}).version, TLS1_3_VERSION);
  EXPECT_EQ(shake(server.port(), {.max_version = TLS1_2_VERSION, .alpn = {}}).version, TLS1_2_VERSION);
}

TEST_F(TlsContextTest, RefusesOneOne) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  const Offer old{.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION, .alpn = {}};
  EXPECT_FALSE(shake(server.port(), old).accepted);
  server.stop();
  EXPECT_EQ(server.server().counters().tls_failures, 1U);
}

TEST_F(TlsContextTest, ChoosesHttp11AmongOthers) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  EXPECT_EQ(shake(server.port(), {.alpn = "\x02h2\x08http/1.1"}).alpn, "http/1.1");
  EXPECT_FALSE(shake(server.port(), {.alpn = "\x02h2"}).accepted);
}

TEST_F(TlsContextTest, SendsOneTicket) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  EXPECT_EQ(shake(server.port(), {}).tickets, 1);
}

TEST_F(TlsContextTest, GivesTheNewCertificateAfterAReload) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  EXPECT_EQ(shake(server.port(), {}).common_name, "first");
  write_certificate(file("a.pem"), "second");
  ASSERT_TRUE(context->reload());
  EXPECT_EQ(shake(server.port(), {}).common_name, "second");
}

TEST_F(TlsContextTest, KeepsTheOldCertificateWhenAReloadFails) {
  HttpServer server(testing::echo, HttpServer::quick(), context.get());
  std::ofstream(file("a.pem")) << "no certificate";
  const auto reloaded = context->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, Errc::malformed);
  EXPECT_EQ(shake(server.port(), {}).common_name, "first");
}

TEST_F(TlsContextTest, NamesTheFileThatIsMissing) {
  const auto loaded = TlsContext::load(file("a.pem"), file("none.pem"));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::not_found);
  EXPECT_NE(loaded.error().what.find("none.pem"), std::string::npos);
}

TEST_F(TlsContextTest, RefusesAKeyOfAnotherCertificate) {
  write_certificate(file("b.pem"), "other");
  const auto loaded = TlsContext::load(file("a.pem"), file("b.pem"));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::malformed);
}

TEST_F(TlsContextTest, SurvivesPlainHttpAndSilence) {
  Limits limits = HttpServer::quick();
  limits.head = milliseconds(30);
  HttpServer server(testing::echo, limits, context.get());
  RawClient plain(server.port());
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.read_all().find("HTTP/1.1 200"), std::string::npos);
  RawClient silent(server.port());
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(server.server().counters().timeouts, 1U);
  EXPECT_TRUE(shake(server.port(), {}).accepted);
}

}  // namespace
}  // namespace countersign::net
