#include "keys/root_source_pkcs11.h"

#include <libp11.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>

#include "core/crypto/wrap.h"
#include "keys/root_file.h"

namespace countersign::keys {
namespace {

constexpr std::size_t kPinFileMax = 256;
constexpr int kPinIncorrect = 0xA0, kPinLocked = 0xA4;  // PKCS#11 v2.40 §A: CKR_PIN_INCORRECT, CKR_PIN_LOCKED

Error bad_uri(const std::string& what) { return {Errc::malformed, "root_key: pkcs11: " + what}; }

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low || (*high == 0 && *low == 0)) return bad_uri("a % is followed by two hexadecimal digits");
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

struct Attribute {
  std::string_view name;
  std::string* value;
};

Result<void> read_attributes(std::string_view text, char between, std::span<const Attribute> known) {
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(between));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    const std::string name(one.substr(0, equals));
    const auto attribute = std::ranges::find(known, std::string_view(name), &Attribute::name);
    if (name == "pin-value") return bad_uri("a PIN stands in a file of its own: pin-source=FILE");
    if (attribute == known.end()) return bad_uri("no such attribute here: " + name);
    if (equals == one.npos || equals + 1 == one.size()) return bad_uri(name + " has no value");
    if (!attribute->value->empty()) return bad_uri(name + " stands twice");
    *attribute->value = TRY(percent_decoded(one.substr(equals + 1)));
  }
  return {};
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

// One visit to the token: module loaded, token found, logged in. All of it ends with the object.
class Visit {
  const Pkcs11Uri& uri_;
  PKCS11_CTX* context_ = PKCS11_CTX_new();
  bool loaded_ = false;
  PKCS11_SLOT* slots_ = nullptr;
  unsigned int slot_count_ = 0;
  PKCS11_SLOT* slot_ = nullptr;

 public:
  explicit Visit(const Pkcs11Uri& uri) : uri_(uri) {}
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() {
    if (slots_ != nullptr) PKCS11_release_all_slots(context_, slots_, slot_count_);
    if (loaded_) PKCS11_CTX_unload(context_);
    if (context_ != nullptr) PKCS11_CTX_free(context_);
    ERR_clear_error();
  }

  Result<void> enter() {
    // Looked for first: the library says on standard error what it does not find, and that is the operator's log.
    const bool readable = ::access(uri_.module_path.c_str(), R_OK) == 0;
    if (!readable || context_ == nullptr || PKCS11_CTX_load(context_, uri_.module_path.c_str()) != 0) {
      return Error{Errc::unavailable, uri_.module_path +
                                          ": this PKCS#11 driver cannot be loaded; install it, or mend "
                                          "module-path in root_key"};
    }
    loaded_ = true;
    if (PKCS11_enumerate_slots(context_, &slots_, &slot_count_) != 0) {
      return Error{Errc::unavailable, uri_.module_path + ": the driver does not say what tokens there are"};
    }
    const auto found = std::ranges::find_if(std::span(slots_, slot_count_), [&](const PKCS11_SLOT& slot) {
      return slot.token != nullptr && slot.token->initialized &&
             (uri_.token.empty() || text_of(slot.token->label) == uri_.token) &&
             (uri_.serial.empty() || text_of(slot.token->serialnr) == uri_.serial);
    });
    if (found == std::span(slots_, slot_count_).end()) {
      return Error{Errc::unavailable,
                   named() + " is not there (present: " + present() + "); plug it in, or mend root_key"};
    }
    slot_ = &*found;
    return log_in();
  }

  // The private key of that label; owned by the token.
  Result<EVP_PKEY*> private_key() {
    PKCS11_KEY* keys = nullptr;
    unsigned int count = 0;
    if (PKCS11_enumerate_keys(slot_->token, &keys, &count) != 0) return no_key();
    for (PKCS11_KEY& key : std::span(keys, count)) {
      if (text_of(key.label) != uri_.object) continue;
      if (EVP_PKEY* out = PKCS11_get_private_key(&key)) return out;
    }
    return no_key();
  }

  std::string named() const { return "the token '" + (uri_.token.empty() ? uri_.serial : uri_.token) + "'"; }

 private:
  Error no_key() const {
    return {Errc::not_found, named() + " holds no private key '" + uri_.object +
                                 "' that we may use; make one (pkcs11-tool --keypairgen), or mend object in root_key"};
  }

  std::string present() const {
    std::string out;
    for (const PKCS11_SLOT& slot : std::span(slots_, slot_count_)) {
      if (slot.token != nullptr && slot.token->initialized)
        out += (out.empty() ? "" : ", ") + text_of(slot.token->label);
    }
    return out.empty() ? "none" : out;
  }

  Result<void> log_in() {
    if (!slot_->token->loginRequired) return {};
    if (uri_.pin_source.empty()) {
      return Error{Errc::refused,
                   named() + " asks for a PIN; put it in a file and name that: pin-source=FILE in root_key"};
    }
    const Secret content = TRY(read_root_file(uri_.pin_source, kPinFileMax));
    const std::string_view line = content.reveal().substr(0, content.reveal().find_first_of("\r\n"));
    const Secret pin(line);
    std::string_view shown = pin.reveal();
    if (shown.find('\0') != shown.npos) return Error{Errc::refused, uri_.pin_source + " holds no PIN"};
    ERR_clear_error();
    if (PKCS11_login(slot_, 0, shown.data()) == 0) return {};
    const int why = ERR_GET_REASON(ERR_peek_last_error());
    if (why == kPinLocked)
      return Error{Errc::refused, named() + " has locked its PIN; its security officer unlocks it"};
    if (why == kPinIncorrect) {
      return Error{Errc::refused, named() + " refuses the PIN in " + uri_.pin_source +
                                      "; mend that file before the token locks itself"};
    }
    return Error{Errc::unavailable, named() + " does not let us log in"};
  }
};

class Pkcs11Wrapper : public RootWrapper {
  Pkcs11Uri uri_;

 public:
  explicit Pkcs11Wrapper(Pkcs11Uri uri) : uri_(std::move(uri)) {}

  Result<Bytes> wrap(const Secret& key) override {
    Visit visit(uri_);
    TRY(visit.enter());
    EVP_PKEY* const to = TRY(visit.private_key());
    Result<Bytes> out = crypto::wrap(*to, key);
    if (!out) return Error{out.error().code, visit.named() + ", '" + uri_.object + "': " + out.error().what};
    return out;
  }

  Result<Secret> unwrap(ByteView wrapped) override {
    Visit visit(uri_);
    TRY(visit.enter());
    EVP_PKEY* const with = TRY(visit.private_key());
    Result<Secret> out = crypto::unwrap(*with, wrapped);
    if (!out) {
      return Error{out.error().code, visit.named() + ", '" + uri_.object +
                                         "': does not open root.key: it is wrapped for another key, or this one may "
                                         "not decrypt; use the token it was wrapped with"};
    }
    return out;
  }
};

}  // namespace

Result<Pkcs11Uri> Pkcs11Uri::parse(std::string_view text) {
  constexpr std::string_view kScheme = "pkcs11:";
  if (!text.starts_with(kScheme) || text.size() > kSourceTextMax) return bad_uri("not a PKCS#11 URI");
  text.remove_prefix(kScheme.size());
  Pkcs11Uri out;
  const std::size_t question = text.find('?');
  std::string type;  // RFC 7512 §2.3: what the object is; ours is always private
  const Attribute path[] = {{"token", &out.token}, {"serial", &out.serial}, {"object", &out.object}, {"type", &type}};
  const Attribute query[] = {{"module-path", &out.module_path}, {"pin-source", &out.pin_source}};
  TRY(read_attributes(text.substr(0, question), ';', path));
  if (question != text.npos) TRY(read_attributes(text.substr(question + 1), '&', query));
  if (out.token.empty() && out.serial.empty()) return bad_uri("name the token: token=LABEL or serial=NUMBER");
  if (out.object.empty()) return bad_uri("name the private key: object=LABEL");
  if (!type.empty() && type != "private") return bad_uri("type is private, or left out");
  if (out.module_path.empty()) return bad_uri("name the token's driver: ?module-path=/…/driver.so");
  if (out.pin_source.starts_with("file:")) out.pin_source.erase(0, 5);
  while (out.pin_source.starts_with("//")) out.pin_source.erase(0, 1);
  return out;
}

Result<std::unique_ptr<RootWrapper>> pkcs11_wrapper(std::string_view text) {
  return std::unique_ptr<RootWrapper>(std::make_unique<Pkcs11Wrapper>(TRY(Pkcs11Uri::parse(text))));
}

}  // namespace countersign::keys
