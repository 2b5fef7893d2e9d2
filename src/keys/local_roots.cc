// LocalKeys' answers to the questions about root keys.
#include <algorithm>

#include "core/codec/hex.h"
#include "keys/local.h"

namespace countersign::keys {
namespace {

constexpr std::uint8_t kNamedVersion = 2;  // local.h

Result<Bytes> id_of(const std::string& hex) {
  const auto bytes = codec::from_hex(hex);
  if (!bytes || bytes->size() != kRootIdSize) {
    return Error{Errc::malformed, "a root key's id has 8 hexadecimal digits; `countersign keys status` shows them"};
  }
  return *bytes;
}

}  // namespace

std::optional<std::string> root_of(ByteView sealed) {
  if (sealed.size() < 1 + kRootIdSize || sealed[0] != kNamedVersion) return std::nullopt;
  return codec::to_hex(sealed.subspan(1, kRootIdSize));
}

// With changing_roots_ held.
Result<void> LocalKeys::keep(RootKeys list) {
  if (!source_) return Error{Errc::unavailable, "these root keys are kept nowhere; open them from a file"};
  TRY(source_->replace(list, random_));
  auto kept = std::make_shared<const RootKeys>(std::move(list));
  const std::lock_guard lock(roots_mutex_);
  roots_ = std::move(kept);
  return {};
}

// With changing_roots_ held. Another server made the key, and its list was copied to where ours is kept.
Result<void> LocalKeys::know(ByteView id) {
  if (roots()->find(id) || !source_) return {};
  RootKeys list = TRY(source_->read());
  // What seals here goes on sealing; a copy that lacks it is not the list of this database.
  if (!list.find(id) || !list.find(roots()->newest().id)) return {};
  list = TRY(list.with_first(roots()->newest().id));
  auto known = std::make_shared<const RootKeys>(std::move(list));
  {
    const std::lock_guard lock(roots_mutex_);
    roots_ = std::move(known);
  }
  // Where servers share a keyring, the other one will seal it under that key.
  if (has_keyring_) TRY(keyring().rewrap(head_keys(*roots())));
  return {};
}

Result<RootList> LocalKeys::root_keys() {
  RootList out;
  {
    const std::lock_guard lock(changing_roots_);
    out.source = source_ ? std::string(source_->kind()) : "memory";
  }
  const std::shared_ptr<const RootKeys> list = roots();
  const std::optional<Instant> sealing_made = list->newest().made;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const RootKey key = list->at(i);
    const bool younger = key.made && (!sealing_made || *key.made > *sealing_made);
    const RootUse use = i == 0 ? RootUse::seals : younger ? RootUse::waits : RootUse::opens;
    out.keys.push_back({codec::to_hex(key.id), key.made, use});
  }
  return out;
}

Result<std::string> LocalKeys::add_root_key(Instant now) {
  const std::lock_guard lock(changing_roots_);
  RootKeys list = TRY(roots()->with_added(random_, now));
  std::string id = codec::to_hex(list.at(list.size() - 1).id);
  TRY(keep(std::move(list)));
  return id;
}

Result<void> LocalKeys::know_root_key(const std::string& hex) {
  const Bytes id = TRY(id_of(hex));
  const std::lock_guard lock(changing_roots_);
  TRY(know(id));
  if (roots()->find(id)) return {};
  return Error{Errc::not_found, "root key " + hex + " is not here; copy root.key from the server that made it"};
}

Result<void> LocalKeys::use_root_key(const std::string& hex) {
  const Bytes id = TRY(id_of(hex));
  const std::lock_guard lock(changing_roots_);
  TRY(know(id));
  RootKeys list = TRY(roots()->with_first(id));
  if (!std::ranges::equal(roots()->newest().id, id)) TRY(keep(std::move(list)));
  if (has_keyring_) TRY(keyring().rewrap(head_keys(*roots())));
  return {};
}

Result<void> LocalKeys::drop_root_key(const std::string& hex) {
  const Bytes id = TRY(id_of(hex));
  const std::lock_guard lock(changing_roots_);
  RootKeys list = TRY(roots()->without(id));
  if (has_keyring_) TRY(keyring().rewrap(head_keys(*roots())));  // nothing in it hangs on that key
  TRY(keep(std::move(list)));
  if (has_keyring_) TRY(keyring().rewrap(head_keys(*roots())));
  seal_keys_.clear();
  return {};
}

Result<Bytes> LocalKeys::reseal(const Place& place, ByteView sealed) {
  if (root_of(sealed) == codec::to_hex(roots()->newest().id)) return Bytes(sealed.begin(), sealed.end());
  return seal(place, TRY(unseal(place, sealed)));
}

}  // namespace countersign::keys
