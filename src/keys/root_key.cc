#include "keys/root_key.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>

#include "core/crypto/hash.h"
#include "core/crypto/hkdf.h"
#include "keys/root_file.h"

namespace countersign::keys {
namespace {

constexpr std::string_view kMagic = "CSRK";
constexpr std::uint8_t kListVersion = 2;
constexpr std::size_t kHeadSize = kMagic.size() + 2;
constexpr std::size_t kMadeSize = 8;
constexpr std::size_t kEntrySize = kMadeSize + kRootKeySize;
constexpr std::size_t kSumSize = 8;
constexpr std::uint64_t kMadeMax = std::uint64_t{1} << 50;  // some 35,000 years: an Instant holds it

// What had digests before root keys could be rotated: found under keys that follow from the root key itself. Frozen; a
// purpose that is not here derives from the digest key.
constexpr std::string_view kFirstPurposes[] = {
    "activation",     "authorization-code", "browser-cookie",   "browser-secret", "client-token",
    "credential",     "known-host",         "portal-challenge", "portal-door",    "portal-door-spent",
    "remember-token", "remembered-device",  "session-portal",   "source-network"};
constexpr std::size_t kTokenKeys = std::size(kFirstPurposes);
constexpr std::size_t kTailSize = (1 + kTokenKeys) * kRootKeySize + kSumSize;

using KeyBytes = std::array<std::uint8_t, kRootKeySize>;

void put_field(Bytes& to, std::string_view field) {
  for (int shift = 0; shift < 32; shift += 8) to.push_back(static_cast<std::uint8_t>(field.size() >> shift));
  append(to, bytes_of(field));
}

void derive_into(KeyBytes& out, ByteView root, std::string_view purpose, std::string_view whose) {
  const Secret derived{ByteView(derive(root, purpose, whose, {}))};
  std::ranges::copy(derived.reveal_bytes(), out.begin());
}

std::uint64_t little_endian(ByteView bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) out |= std::uint64_t{bytes[i]} << (8 * i);
  return out;
}

Bytes checksum(ByteView of) {
  Bytes sum = crypto::hash(crypto::HashKind::sha256, of);
  sum.resize(kSumSize);
  return sum;
}

Error no_root_key() { return {Errc::refused, "is no root key, or a damaged one; restore it from the backup"}; }

Error no_such_key() { return {Errc::not_found, "no root key here has that id"}; }

}  // namespace

RootId root_id(ByteView key) {
  const ByteView parts[] = {bytes_of("countersign root key"), key};
  const Bytes whole = crypto::hash(crypto::HashKind::sha256, parts);
  RootId id;
  std::copy_n(whole.begin(), id.size(), id.begin());
  return id;
}

Bytes derive(ByteView root, std::string_view purpose, std::string_view whose, ByteView epoch) {
  Bytes info;
  put_field(info, "countersign");
  put_field(info, purpose);
  put_field(info, whose);
  put_field(info, text_of(epoch));
  return crypto::hkdf(root, {}, info, kRootKeySize);
}

// A page of its own. Locking and keeping it out of core dumps are best effort: a server without the right to lock
// memory still works.
struct RootKeys::Page {
  struct Entry {
    RootId id;
    std::int64_t made_ms;  // 0: not noted
    KeyBytes key;
  };
  struct Content {
    bool first_alone;  // one key that never had company
    std::size_t size;
    Entry entries[kRootKeysMax];
    KeyBytes digest;
    KeyBytes tokens[kTokenKeys];  // as kFirstPurposes
  };
  static constexpr std::size_t kSize = 4096;
  static_assert(sizeof(Content) <= kSize);
  void* at;

  Page() : at(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (at == MAP_FAILED) throw std::bad_alloc();
    static_cast<void>(::mlock(at, kSize));
    static_cast<void>(::madvise(at, kSize, MADV_DONTDUMP));
    ::new (at) Content();
  }
  Page(const Page& other) : Page() { content() = other.content(); }
  Page& operator=(const Page&) = delete;
  ~Page() {
    ::explicit_bzero(at, kSize);
    ::munmap(at, kSize);
  }
  Content& content() { return *static_cast<Content*>(at); }
  const Content& content() const { return *static_cast<const Content*>(at); }

  // A key that has been set: its id, and, being the first, the digest keys that follow from it.
  void name(std::size_t index) { content().entries[index].id = root_id(content().entries[index].key); }
  void derive_digests() {
    const KeyBytes& root = content().entries[0].key;
    derive_into(content().digest, root, "digest/v1", "");
    for (std::size_t i = 0; i < kTokenKeys; ++i) derive_into(content().tokens[i], root, "token/v0", kFirstPurposes[i]);
  }
  void become_first() {
    content().first_alone = true;
    content().size = 1;
    name(0);
    derive_digests();
  }
};

RootKeys::RootKeys(std::unique_ptr<Page> page) : page_(std::move(page)) {}
RootKeys::RootKeys(const RootKeys& other) : page_(std::make_unique<Page>(*other.page_)) {}
RootKeys::RootKeys(RootKeys&&) noexcept = default;
RootKeys& RootKeys::operator=(RootKeys&&) noexcept = default;
RootKeys::~RootKeys() = default;

RootKeys RootKeys::fresh(Random& random) {
  auto page = std::make_unique<Page>();
  random.fill(page->content().entries[0].key);
  page->become_first();
  return RootKeys(std::move(page));
}

Result<RootKeys> RootKeys::decode(ByteView stored) {
  auto page = std::make_unique<Page>();
  Page::Content& content = page->content();
  if (stored.size() == kRootKeySize) {
    std::ranges::copy(stored, content.entries[0].key.begin());
    page->become_first();
    return RootKeys(std::move(page));
  }
  if (stored.size() < kHeadSize || !text_of(stored).starts_with(kMagic) || stored[4] != kListVersion) {
    return no_root_key();
  }
  content.size = stored[5];
  if (content.size < 1 || content.size > kRootKeysMax) return no_root_key();
  if (stored.size() != kHeadSize + content.size * kEntrySize + kTailSize) return no_root_key();
  const ByteView summed = stored.first(stored.size() - kSumSize);
  if (!std::ranges::equal(checksum(summed), stored.last(kSumSize))) return no_root_key();

  ByteView rest = summed.subspan(kHeadSize);
  const auto take = [&rest](std::span<std::uint8_t> out) {
    std::ranges::copy(rest.first(out.size()), out.begin());
    rest = rest.subspan(out.size());
  };
  for (std::size_t i = 0; i < content.size; ++i) {
    const std::uint64_t made = little_endian(rest.first(kMadeSize));
    if (made > kMadeMax) return no_root_key();
    content.entries[i].made_ms = static_cast<std::int64_t>(made);
    rest = rest.subspan(kMadeSize);
    take(content.entries[i].key);
    page->name(i);
    for (std::size_t j = 0; j < i; ++j) {
      if (content.entries[j].id == content.entries[i].id) return no_root_key();
    }
  }
  take(content.digest);
  for (KeyBytes& token : content.tokens) take(token);
  return RootKeys(std::move(page));
}

Secret RootKeys::encode() const {
  const Page::Content& content = page_->content();
  if (content.first_alone) return Secret(ByteView(content.entries[0].key));
  std::string out;
  out.reserve(kRootFileMax);  // no copy is left behind by growing
  out.append(kMagic);
  out.push_back(static_cast<char>(kListVersion));
  out.push_back(static_cast<char>(content.size));
  for (std::size_t i = 0; i < content.size; ++i) {
    const auto made = static_cast<std::uint64_t>(content.entries[i].made_ms);
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(made >> shift));
    out.append(text_of(content.entries[i].key));
  }
  out.append(text_of(content.digest));
  for (const KeyBytes& token : content.tokens) out.append(text_of(token));
  out.append(text_of(checksum(bytes_of(out))));
  return Secret(std::move(out));
}

Result<RootKeys> RootKeys::open(const std::string& file) {
  const Secret stored = TRY(read_root_file(file, kRootFileMax));
  auto decoded = decode(stored.reveal_bytes());
  if (!decoded) return Error{decoded.error().code, file + " " + decoded.error().what};
  return decoded;
}

Result<void> RootKeys::create(const std::string& file, Random& random) {
  return create_root_file(file, fresh(random).encode(), random);
}

std::size_t RootKeys::size() const { return page_->content().size; }

RootKey RootKeys::at(std::size_t index) const {
  const Page::Entry& entry = page_->content().entries[std::min(index, size() - 1)];
  std::optional<Instant> made;
  if (entry.made_ms != 0) made = from_unix_ms(entry.made_ms);
  return {entry.id, entry.key, made};
}

std::optional<RootKey> RootKeys::find(ByteView id) const {
  for (std::size_t i = 0; i < size(); ++i) {
    const RootKey key = at(i);
    if (std::ranges::equal(key.id, id)) return key;
  }
  return std::nullopt;
}

ByteView RootKeys::digest_key() const { return page_->content().digest; }

Bytes RootKeys::token_key(std::string_view purpose) const {
  const auto known = std::ranges::find(kFirstPurposes, purpose);
  if (known == std::end(kFirstPurposes)) return derive(digest_key(), "token/v1", purpose, {});
  const KeyBytes& key = page_->content().tokens[known - std::begin(kFirstPurposes)];
  return Bytes(key.begin(), key.end());
}

Result<RootKeys> RootKeys::with_added(Random& random, Instant now) const {
  if (size() == kRootKeysMax) {
    return Error{Errc::exhausted, "there are 8 root keys; finish the rotation that was begun (keys rotate root)"};
  }
  RootKeys out(*this);
  Page::Content& content = out.page_->content();
  Page::Entry& entry = content.entries[content.size];
  random.fill(entry.key);
  entry.made_ms = unix_ms(now);
  out.page_->name(content.size);
  content.first_alone = false;
  ++content.size;
  return out;
}

Result<RootKeys> RootKeys::with_first(ByteView id) const {
  RootKeys out(*this);
  Page::Content& content = out.page_->content();
  Page::Entry* const end = content.entries + content.size;
  Page::Entry* const found =
      std::find_if(content.entries, end, [&](const Page::Entry& e) { return std::ranges::equal(e.id, id); });
  if (found == end) return no_such_key();
  std::rotate(content.entries, found, found + 1);
  return out;
}

Result<RootKeys> RootKeys::without(ByteView id) const {
  if (!find(id)) return no_such_key();
  if (std::ranges::equal(newest().id, id)) return Error{Errc::conflict, "that root key seals; put another first"};
  RootKeys out(*this);
  Page::Content& content = out.page_->content();
  Page::Entry* const end = content.entries + content.size;
  const auto gone =
      std::find_if(content.entries, end, [&](const Page::Entry& e) { return std::ranges::equal(e.id, id); });
  std::move(gone + 1, end, gone);
  --content.size;
  ::explicit_bzero(content.entries + content.size, sizeof(Page::Entry));
  return out;
}

}  // namespace countersign::keys
