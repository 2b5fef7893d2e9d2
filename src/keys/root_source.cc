#include "keys/root_source.h"

#include "keys/root_file.h"
#include "keys/root_source_pkcs11.h"
#include "keys/root_source_tpm2.h"

namespace countersign::keys {
namespace {

constexpr std::string_view kMagic = "CSRW";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kWrappedMax = 2048;

void put_piece(Bytes& to, ByteView piece) {
  to.push_back(static_cast<std::uint8_t>(piece.size()));
  to.push_back(static_cast<std::uint8_t>(piece.size() >> 8));
  append(to, piece);
}

Error not_wrapped() { return {Errc::refused, "is no wrapped root key, or a damaged one; restore it from the backup"}; }

Result<ByteView> take_piece(ByteView& rest, std::size_t size_max) {
  if (rest.size() < 2) return not_wrapped();
  const std::size_t size = rest[0] | std::size_t{rest[1]} << 8;
  if (size > size_max || size > rest.size() - 2) return not_wrapped();
  const ByteView out = rest.subspan(2, size);
  rest = rest.subspan(2 + size);
  return out;
}

bool is_wrapped(ByteView stored) { return stored.size() != kRootKeySize && text_of(stored).starts_with(kMagic); }

}  // namespace

Result<WrappedRoot> WrappedRoot::decode(ByteView stored) {
  if (!is_wrapped(stored) || stored.size() > kRootFileMax) return not_wrapped();
  ByteView rest = stored.subspan(kMagic.size());
  if (rest.empty() || rest[0] != kVersion) return not_wrapped();
  rest = rest.subspan(1);
  const ByteView source = TRY(take_piece(rest, kSourceTextMax));
  const ByteView wrapped = TRY(take_piece(rest, kWrappedMax));
  return WrappedRoot{std::string(text_of(source)), Bytes(wrapped.begin(), wrapped.end()),
                     Bytes(rest.begin(), rest.end())};
}

Bytes WrappedRoot::head() const {
  Bytes out(bytes_of(kMagic).begin(), bytes_of(kMagic).end());
  out.push_back(kVersion);
  put_piece(out, bytes_of(source));
  put_piece(out, wrapped);
  return out;
}

Result<RootSource> RootSource::parse(std::string_view text, std::string file) {
  if (text.size() > kSourceTextMax) return Error{Errc::malformed, "root_key: at most 1024 bytes"};
  if (text == "file") return RootSource(std::string(text), std::move(file), nullptr);
  if (text.starts_with("pkcs11:")) {
    return RootSource(std::string(text), std::move(file), TRY(pkcs11_wrapper(text)));
  }
  if (text.starts_with("tpm2:")) return RootSource(std::string(text), std::move(file), TRY(tpm2_wrapper(text)));
  return Error{Errc::malformed, "root_key: file, pkcs11:… or tpm2:…; docs/operating/keys.md shows each"};
}

Result<RootSource> RootSource::of_file(const std::string& file) {
  const Secret stored = TRY(read_root_file(file, kRootFileMax));
  if (!is_wrapped(stored.reveal_bytes())) return parse("file", file);
  const Result<WrappedRoot> wrapped = WrappedRoot::decode(stored.reveal_bytes());
  if (!wrapped) return Error{wrapped.error().code, file + " " + wrapped.error().what};
  return parse(wrapped->source, file);
}

Result<RootKeys> RootSource::read() {
  const Secret stored = TRY(read_root_file(file_, kRootFileMax));
  if (!wrapper_) {
    if (is_wrapped(stored.reveal_bytes())) {
      return Error{Errc::refused, file_ + " is wrapped by a device; name it: root_key in the configuration"};
    }
    auto plain = RootKeys::decode(stored.reveal_bytes());
    if (!plain) return Error{plain.error().code, file_ + " " + plain.error().what};
    return plain;
  }
  if (!is_wrapped(stored.reveal_bytes())) {
    return Error{Errc::refused,
                 file_ + " is not wrapped yet; stop the server and run: countersign keys wrap --to '" + text_ + "'"};
  }
  const Result<WrappedRoot> decoded = WrappedRoot::decode(stored.reveal_bytes());
  if (!decoded) return Error{decoded.error().code, file_ + " " + decoded.error().what};
  const Secret key = TRY(wrapper_->unwrap(decoded->wrapped));
  Result<crypto::AeadKey> opens = crypto::AeadKey::from_bytes(key.reveal_bytes());
  Result<Secret> list = opens ? opens->open_secret(decoded->head(), decoded->sealed) : Result<Secret>(opens.error());
  if (!list) return Error{Errc::refused, file_ + " was altered, or wrapped by another device; restore it"};
  auto keys = RootKeys::decode(list->reveal_bytes());
  if (!keys) return Error{keys.error().code, file_ + " " + keys.error().what};
  head_ = decoded->head();
  key_.emplace(*std::move(opens));
  return keys;
}

// A key of the file's own, wrapped by the device.
Result<void> RootSource::begin(Random& random) {
  if (!wrapper_) return {};
  std::string bytes(crypto::kAeadKeySize, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  const Secret fresh(std::move(bytes));
  const WrappedRoot made{text_, TRY(wrapper_->wrap(fresh)), {}};
  head_ = made.head();
  key_.emplace(TRY(crypto::AeadKey::from_bytes(fresh.reveal_bytes())));
  // What cannot be unwrapped again is never written.
  const Secret again = TRY(wrapper_->unwrap(made.wrapped));
  if (again.reveal() != fresh.reveal())
    return Error{Errc::refused, text_ + ": the device does not unwrap what it wraps"};
  return {};
}

Secret RootSource::form(const RootKeys& keys, Random& random) const {
  Secret plain = keys.encode();
  if (!wrapper_) return plain;
  Bytes out = head_;
  append(out, key_->seal(random, head_, plain.reveal_bytes()));
  return Secret(ByteView(out));
}

Result<void> RootSource::create(const RootKeys& keys, Random& random) {
  TRY(begin(random));
  return create_root_file(file_, form(keys, random), random);
}

Result<void> RootSource::take_over(const RootKeys& keys, Random& random) {
  TRY(begin(random));
  return replace_root_file(file_, form(keys, random));
}

Result<void> RootSource::replace(const RootKeys& keys, Random& random) {
  if (wrapper_ && !key_) return Error{Errc::unavailable, file_ + " was not read before"};
  return replace_root_file(file_, form(keys, random));
}

}  // namespace countersign::keys
