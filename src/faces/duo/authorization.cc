#include "faces/duo/authorization.h"

#include <utility>

#include "core/codec/base64.h"
#include "core/codec/hex.h"

namespace countersign::duo {
namespace {

constexpr std::string_view kScheme = "basic ";  // names of schemes are case-insensitive (RFC 9110 §11.1)

bool is_basic(std::string_view header) {
  if (header.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

Result<Credentials> read_authorization(std::string_view header) {
  if (header.size() > kAuthorizationMax || !is_basic(header)) return Error{Errc::malformed, "not Basic"};
  const std::size_t start = header.find_first_not_of(' ', kScheme.size());
  header.remove_prefix(start == header.npos ? header.size() : start);
  const Bytes plain = TRY(codec::from_base64(codec::Base64::padded, header));
  const std::string_view text = text_of(plain);
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return Error{Errc::malformed, "no colon"};
  Credentials out;
  out.ikey = TRY(AppId::parse(text.substr(0, colon))).text();
  Result<Bytes> mac = codec::from_hex(text.substr(colon + 1));
  if (!mac) return out;
  if (mac->size() == crypto::digest_size(crypto::HashKind::sha1)) {
    out.hash = crypto::HashKind::sha1;
    out.mac = *std::move(mac);
  } else if (mac->size() == crypto::digest_size(crypto::HashKind::sha512)) {
    out.hash = crypto::HashKind::sha512;
    out.mac = *std::move(mac);
  }
  return out;
}

std::string write_authorization(const Credentials& credentials) {
  const std::string plain = credentials.ikey + ":" + codec::to_hex(credentials.mac);
  return "Basic " + codec::to_base64(codec::Base64::padded, bytes_of(plain));
}

}  // namespace countersign::duo
