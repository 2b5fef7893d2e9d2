// Where the root keys live: in DIR/root.key as they are, or in that file wrapped by a device.
//   file            the keys themselves (root_key.h)
//   pkcs11:…        a token's key unwraps the file (root_source_pkcs11.h)
//   tpm2:TCTI       a TPM unseals it (root_source_tpm2.h)
//
// A wrapped file is "CSRW" ‖ 1 ‖ length(2) source ‖ length(2) wrapped key ‖ nonce(12) ‖ AES-256-GCM of the list under
// that key, all before it bound. The device is asked once, when the server starts; writing another list, as a rotation
// does, needs it no more, so it may be unplugged, and a process may have given up its rights by then.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/aead.h"
#include "keys/root_key.h"

namespace countersign::keys {

inline constexpr std::size_t kSourceTextMax = 1024;

// A device that wraps and unwraps 32 bytes. What it needs is opened in each call and closed at its end.
class RootWrapper {
 public:
  virtual ~RootWrapper() = default;
  // unavailable: the device is away.   refused: it does not let us; the text says what to do.
  virtual Result<Bytes> wrap(const Secret& key) = 0;
  // Also refused: another device wrapped it.
  virtual Result<Secret> unwrap(ByteView wrapped) = 0;
};

struct WrappedRoot {
  std::string source;  // what wrapped it, for people; the configuration decides
  Bytes wrapped;
  Bytes sealed;

  // refused: not a wrapped file.
  static Result<WrappedRoot> decode(ByteView stored);
  Bytes head() const;  // all but the sealed list
};

// One caller at a time.
class RootSource {
  std::string text_, file_;
  std::unique_ptr<RootWrapper> wrapper_;  // nullptr: the file holds the keys as they are
  Bytes head_;                            // of the wrapped file, once it was read or written
  std::optional<crypto::AeadKey> key_;    // what the list in it is sealed under

  RootSource(std::string text, std::string file, std::unique_ptr<RootWrapper> wrapper)
      : text_(std::move(text)), file_(std::move(file)), wrapper_(std::move(wrapper)) {}

 public:
  // `text` as in the configuration.   malformed: it names no source.
  static Result<RootSource> parse(std::string_view text, std::string file);
  // The source that wrote the file.   Errors as RootKeys::open.
  static Result<RootSource> of_file(const std::string& file);

  const std::string& text() const { return text_; }
  std::string_view kind() const { return std::string_view(text_).substr(0, text_.find(':')); }

  // not_found: no such file.   refused: others may read it, it is damaged, or another source wrote it; also as
  // RootWrapper.   unavailable: the file cannot be read, or the device is away.
  Result<RootKeys> read();
  // Writes the file.   conflict: it is there already.   Else as replace().
  Result<void> create(const RootKeys& keys, Random& random);
  // Writes the file of another source in this one's form.   Errors as RootWrapper, and unavailable.
  Result<void> take_over(const RootKeys& keys, Random& random);
  // After one of the above: writes another list, durable before it returns.   unavailable: it cannot be written.
  Result<void> replace(const RootKeys& keys, Random& random);

 private:
  Result<void> begin(Random& random);
  Secret form(const RootKeys& keys, Random& random) const;
};

}  // namespace countersign::keys
