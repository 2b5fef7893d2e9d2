#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "net/socket_bio.h"

namespace countersign::net {
namespace {

constexpr const char* kCiphers12 = "ECDHE+AESGCM:ECDHE+CHACHA20";  // forward secrecy and AEAD only (RFC 9325 §4.2)
constexpr const char* kGroups = "X25519:P-256:P-384";

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown reason";
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) {
  static constexpr std::string_view kOurs = "\x08http/1.1\x08http/1.0";
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(kOurs.data()),
                                          static_cast<unsigned>(kOurs.size()), in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2
}

// A key under a passphrase is an error here, not a question on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Result<std::shared_ptr<SSL_CTX>> read_files(const std::string& chain_file, const std::string& key_file) {
  for (const std::string& file : {chain_file, key_file}) {
    if (::access(file.c_str(), R_OK) != 0) return Error{Errc::not_found, "cannot read TLS file " + file};
  }
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return Error{Errc::exhausted, "no memory for a TLS context"};
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(ctx, kCiphers12);
  SSL_CTX_set1_groups_list(ctx, kGroups);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_CLEANSE_PLAINTEXT);  // a buffer is kept and used again
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(ctx, 1);  // one recv for a record instead of two
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets only: nothing kept per client
  static constexpr std::string_view kSessions = "countersign";
  SSL_CTX_set_session_id_context(ctx, reinterpret_cast<const unsigned char*>(kSessions.data()), kSessions.size());
  SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, nullptr);
  SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(ctx, chain_file.c_str()) != 1) {
    return Error{Errc::malformed, "no usable certificate in " + chain_file + ": " + last_error()};
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{Errc::malformed, "no usable private key for the certificate in " + key_file + ": " + last_error()};
  }
  if (SSL_CTX_check_private_key(ctx) != 1) {
    return Error{Errc::malformed, "the key in " + key_file + " is not the certificate's: " + last_error()};
  }
  return context;
}

}  // namespace

TlsContext::TlsContext(std::string chain_file, std::string key_file)
    : chain_file_(std::move(chain_file)), key_file_(std::move(key_file)), bio_(std::make_unique<SocketBio>()) {}

TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::load(const std::string& chain_file, const std::string& key_file) {
  std::unique_ptr<TlsContext> made(new TlsContext(chain_file, key_file));
  TRY(made->reload());
  return made;
}

Result<void> TlsContext::reload() {
  std::shared_ptr<SSL_CTX> fresh = TRY(read_files(chain_file_, key_file_));
  const std::lock_guard lock(mutex_);
  context_.swap(fresh);
  return {};
}

ssl_st* TlsContext::open(int socket) const {
  std::shared_ptr<SSL_CTX> context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  SSL* session = SSL_new(context.get());
  BIO* bio = session != nullptr ? bio_->open(socket) : nullptr;
  if (bio == nullptr) {
    SSL_free(session);
    return nullptr;
  }
  SSL_set_bio(session, bio, bio);
  SSL_set_accept_state(session);
  return session;
}

}  // namespace countersign::net
