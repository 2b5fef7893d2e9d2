#include "keys/key_file.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "keys/wiped.h"

namespace countersign::keys {
namespace {

constexpr std::string_view kMagic = "CSKR";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSumSize = 8;
constexpr std::size_t kFrameHeadSize = 4 + kSumSize;
constexpr std::size_t kRecordHeadSize = 2;
constexpr std::size_t kBoxEmpty = crypto::kAeadNonceSize + crypto::kAeadTagSize;

std::size_t number_at(ByteView bytes) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out |= std::size_t{bytes[i]} << (8 * i);
  return out;
}

Bytes sum_of(ByteView records) {
  Bytes sum = crypto::hash(crypto::HashKind::sha256, records);
  sum.resize(kSumSize);
  return sum;
}

std::optional<std::size_t> box_size(std::uint8_t sort) {
  if (sort == static_cast<std::uint8_t>(Records::Sort::key)) return kBoxEmpty + kFileSecretSize;
  if (sort == static_cast<std::uint8_t>(Records::Sort::destroyed)) return kBoxEmpty;
  return std::nullopt;
}

// nullopt: no whole record stands there.
std::optional<std::size_t> record_size(ByteView at) {
  if (at.size() < kRecordHeadSize) return std::nullopt;
  const std::optional<std::size_t> box = box_size(at[0]);
  if (!box || at[1] == 0 || at[1] > kRecordNameMax) return std::nullopt;
  const std::size_t size = kRecordHeadSize + at[1] + *box;
  return size <= at.size() ? std::optional(size) : std::nullopt;
}

Bytes head_bound(std::string_view file) {
  Bytes out;
  put_field(out, "countersign keyring");
  put_field(out, file);
  return out;
}

Bytes record_bound(std::string_view file, std::string_view name, Records::Sort sort) {
  Bytes out;
  put_field(out, file);
  put_field(out, name);
  out.push_back(static_cast<std::uint8_t>(sort));
  return out;
}

Result<crypto::AeadKey> open_head(const crypto::AeadKey& root, std::string_view file, ByteView head) {
  const Secret key = TRY(root.open_secret(head_bound(file), head.subspan(kMagic.size() + 1)));
  return crypto::AeadKey::from_bytes(key.reveal_bytes());
}

}  // namespace

HeadKeys head_keys(const RootKeys& roots) {
  HeadKeys out;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const Wiped key(derive(roots.at(i).key, "keyring/v1", "", {}));
    out.push_back(*crypto::AeadKey::from_bytes(key.view()));  // derive() gives 32 bytes
  }
  return out;
}

// --- records

void Records::put(Bytes& to, const Record& record) {
  to.push_back(static_cast<std::uint8_t>(record.sort));
  to.push_back(static_cast<std::uint8_t>(record.name.size()));
  append(to, bytes_of(record.name));
  append(to, record.box);
}

Bytes Records::frame(ByteView records) {
  Bytes out;
  out.reserve(kFrameHeadSize + records.size());
  put_number(out, records.size(), 4);
  append(out, sum_of(records));
  append(out, records);
  return out;
}

Records::Record Records::at(std::uint32_t offset) const {
  const ByteView here = ByteView(bytes_).subspan(offset);
  return {static_cast<Sort>(here[0]), text_of(here.subspan(kRecordHeadSize, here[1])),
          here.subspan(kRecordHeadSize + here[1], *box_size(here[0]))};
}

Result<std::size_t> Records::add(ByteView frames) {
  const std::size_t known = order_.size();
  if (known == 0) bytes_.reserve(frames.size());  // a whole file at once; small tails grow as vectors do
  std::size_t done = 0;
  while (frames.size() - done >= kFrameHeadSize) {
    const ByteView rest = frames.subspan(done);
    const std::size_t size = number_at(rest);
    if (size == 0 || size > rest.size() - kFrameHeadSize) break;
    const ByteView records = rest.subspan(kFrameHeadSize, size);
    if (!crypto::equal(sum_of(records), rest.subspan(4, kSumSize))) {
      if (size == rest.size() - kFrameHeadSize) break;
      return Error{Errc::refused, "damaged at byte " + std::to_string(kKeyFileHeadSize + done)};
    }
    const std::size_t base = bytes_.size();
    for (std::size_t at = 0; at < size;) {
      const std::optional<std::size_t> length = record_size(records.subspan(at));
      if (!length) return Error{Errc::refused, "no record at byte " + std::to_string(kKeyFileHeadSize + done + at)};
      order_.push_back(static_cast<std::uint32_t>(base + at));
      at += *length;
    }
    append(bytes_, records);
    done += kFrameHeadSize + size;
  }
  const auto before = [this](std::uint32_t one, std::uint32_t two) {
    const std::string_view first = at(one).name, second = at(two).name;
    return first != second ? first < second : one < two;
  };
  const auto fresh = order_.begin() + static_cast<std::ptrdiff_t>(known);
  std::sort(fresh, order_.end(), before);
  std::vector<std::uint32_t> merged;
  merged.reserve(order_.size());
  std::merge(order_.begin(), fresh, fresh, order_.end(), std::back_inserter(merged), before);
  order_ = std::move(merged);
  return done;
}

std::vector<Records::Record> Records::find(std::string_view name) const {
  std::vector<Record> out;
  const auto before = [this](std::uint32_t a, std::string_view text) { return at(a).name < text; };
  for (auto it = std::lower_bound(order_.begin(), order_.end(), name, before); it != order_.end(); ++it) {
    if (at(*it).name != name) break;
    out.push_back(at(*it));
  }
  return out;
}

std::vector<Records::Record> Records::all() const {
  std::vector<Record> out;
  out.reserve(order_.size());
  for (const std::uint32_t offset : order_) out.push_back(at(offset));
  return out;
}

// --- a file

void KeyFile::forget() {
  head_.clear();
  key_.reset();
  records_ = Records();
  end_ = 0;
  torn_ = false;
}

Result<void> KeyFile::read_head(ByteView head) {
  if (text_of(head.first(kMagic.size())) != kMagic || head[kMagic.size()] != kVersion) {
    return Error{Errc::refused, name_ + " is no keyring file of version 1; restore it from the keyring's backup"};
  }
  for (const crypto::AeadKey& root : *roots_) {
    Result<crypto::AeadKey> key = open_head(root, name_, head);
    if (!key) continue;
    key_ = *std::move(key);
    head_.assign(head.begin(), head.end());
    return {};
  }
  return Error{Errc::refused, name_ + " belongs to another root key, or was altered; restore both from one backup"};
}

Result<void> KeyFile::take(ByteView frames, std::uint64_t from) {
  Result<std::size_t> taken = records_.add(frames);
  if (!taken) {
    const std::string why = taken.error().what;
    forget();
    return Error{Errc::refused, name_ + ": " + why + "; restore it from the keyring's backup"};
  }
  end_ = from + *taken;
  torn_ = *taken < frames.size();
  return {};
}

Result<void> KeyFile::refresh(Folder& folder) {
  const Result<File> file = folder.open(name_);
  if (!file) {
    if (file.error().code != Errc::not_found) return file.error();
    forget();
    return {};
  }
  const std::uint64_t size = TRY(file->size());
  if (size < kKeyFileHeadSize || size > kKeyFileMax) {
    return Error{Errc::refused, name_ + " is damaged: " + std::to_string(size) + " bytes; restore it from the backup"};
  }
  const Bytes head = TRY(file->read(0, kKeyFileHeadSize));
  // A file that was replaced has another head, because its key is another.
  if (head != head_ || size < end_) {
    forget();
    TRY(read_head(head));
    end_ = kKeyFileHeadSize;
  }
  torn_ = false;
  if (size == end_) return {};
  const Bytes tail = TRY(file->read(end_, size - end_));
  return take(tail, end_);
}

Result<Secret> KeyFile::open(const Records::Record& record) const {
  Result<Secret> plain = key_->open_secret(record_bound(name_, record.name, record.sort), record.box);
  if (!plain) return Error{Errc::refused, name_ + ": a record was altered; restore it from the keyring's backup"};
  return plain;
}

void KeyFile::put(Bytes& records, const Entry& entry, const crypto::AeadKey& under, Random& random) const {
  const Bytes box = under.seal(random, record_bound(name_, entry.name, entry.sort), entry.key.reveal_bytes());
  Records::put(records, {entry.sort, entry.name, box});
}

Result<void> KeyFile::append(Folder& folder, const std::vector<Entry>& entries, Random& random) {
  if (entries.empty()) return {};
  if (!key_) return write_anew(folder, entries, random);
  Bytes records;
  for (const Entry& entry : entries) put(records, entry, *key_, random);
  const Bytes frame = Records::frame(records);
  if (end_ + frame.size() > kKeyFileMax) return Error{Errc::exhausted, name_ + " would grow over 256 MiB"};
  const File file = TRY(folder.open(name_));
  if (torn_) TRY(file.cut(end_));
  torn_ = false;
  TRY(file.append(end_, frame));
  return take(frame, end_);
}

Result<void> KeyFile::rewrite(Folder& folder, const Change& change, Random& random) {
  std::vector<Entry> kept;
  for (const Records::Record& record : records_.all()) {
    if (record.name == change.without) continue;
    kept.push_back({record.sort, std::string(record.name), TRY(open(record))});
  }
  if (change.also) {
    kept.push_back({change.also->sort, change.also->name, Secret(change.also->key.reveal_bytes())});
  }
  return write_anew(folder, kept, random);
}

Result<void> KeyFile::write_anew(Folder& folder, const std::vector<Entry>& entries, Random& random) {
  const Wiped fresh(random_bytes(random, crypto::kAeadKeySize));
  crypto::AeadKey key = TRY(crypto::AeadKey::from_bytes(fresh.view()));
  Bytes content(bytes_of(kMagic).begin(), bytes_of(kMagic).end());
  content.push_back(kVersion);
  countersign::append(content, roots_->front().seal(random, head_bound(name_), fresh.view()));
  Bytes records;
  for (const Entry& entry : entries) put(records, entry, key, random);
  if (!records.empty()) countersign::append(content, Records::frame(records));
  if (content.size() > kKeyFileMax) return Error{Errc::exhausted, name_ + " would grow over 256 MiB"};
  const Result<void> replaced = folder.replace(name_, content);
  forget();  // whether it was replaced or not, what stands on disk is read again
  TRY(replaced);
  return refresh(folder);
}

bool KeyFile::is_under_old_root() const { return key_ && !open_head(roots_->front(), name_, head_); }

}  // namespace countersign::keys
