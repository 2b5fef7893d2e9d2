#include "core/ledger/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "core/codec/base64.h"
#include "core/codec/utf8.h"

namespace countersign::ledger {
namespace {

constexpr std::string_view kOriginPrefix = "countersign/", kTenantPart = "/tenant/";
constexpr std::size_t kLogIdMax = 64;

bool is_line(std::string_view line) {
  return !line.empty() && codec::valid_utf8(line) &&
         std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// One line off the front, without its newline.
Result<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == text.npos || !is_line(text.substr(0, end))) {
    return Error{Errc::malformed, "a checkpoint is lines that are not empty"};
  }
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<void> check(const Head& head) {
  if (head.size > kTreeSizeMax) return Error{Errc::malformed, "a tree has at most 2^63-1 leaves"};
  if (head.size == 0 && head.root != empty_root()) return Error{Errc::malformed, "the empty tree has one root"};
  return {};
}

}  // namespace

Result<Hash> parse_hash(std::string_view base64) {
  const Bytes bytes = TRY(codec::from_base64(codec::Base64::padded, base64));
  Hash out;
  if (bytes.size() != out.size()) return Error{Errc::malformed, "a hash has 32 bytes"};
  std::ranges::copy(bytes, out.begin());
  return out;
}

std::string print(const Hash& hash) { return codec::to_base64(codec::Base64::padded, hash); }

Result<std::uint64_t> parse_size(std::string_view decimal) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
  const bool zeros = decimal.size() > 1 && decimal.front() == '0';
  if (error != std::errc{} || end != decimal.data() + decimal.size() || zeros || value > kTreeSizeMax) {
    return Error{Errc::malformed, "a size is a decimal number without leading zeros, at most 2^63-1"};
  }
  return value;
}

Result<std::string> print(const Checkpoint& checkpoint) {
  TRY(check(checkpoint.head));
  if (!is_line(checkpoint.origin) || !std::ranges::all_of(checkpoint.extensions, is_line)) {
    return Error{Errc::malformed, "this cannot be a line of a checkpoint"};
  }
  std::string out = checkpoint.origin + '\n' + std::to_string(checkpoint.head.size) + '\n';
  out += print(checkpoint.head.root) + '\n';
  for (const std::string& extension : checkpoint.extensions) out += extension + '\n';
  return out;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (text.size() > kNoteMax) return Error{Errc::malformed, "a checkpoint is longer than 128 KiB"};
  Checkpoint out;
  out.origin = TRY(take_line(text));
  const std::string_view size = TRY(take_line(text)), root = TRY(take_line(text));
  out.head = {TRY(parse_size(size)), TRY(parse_hash(root))};
  TRY(check(out.head));
  while (!text.empty()) out.extensions.emplace_back(TRY(take_line(text)));
  return out;
}

Result<Note> sign_checkpoint(const Checkpoint& checkpoint, const VerifierKey& key, const Sign& sign) {
  if (key.name() != checkpoint.origin) return Error{Errc::malformed, "a log signs in its own name"};
  Note note{TRY(print(checkpoint)), {}};
  note.signatures.push_back(TRY(sign_note(note.text, key, sign)));
  return note;
}

Result<Checkpoint> open_checkpoint(const Note& note, const VerifierKey& log) {
  Checkpoint out = TRY(parse_checkpoint(note.text));
  if (out.origin != log.name()) return Error{Errc::refused, "a checkpoint of another log"};
  TRY(verify_note(note, {log}));
  return out;
}

Result<std::string> global_origin(std::string_view log_id) {
  const auto fine = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (log_id.empty() || log_id.size() > kLogIdMax || !std::ranges::all_of(log_id, fine)) {
    return Error{Errc::malformed, "a log id is 1 to 64 of A-Z a-z 0-9 - _ ."};
  }
  return std::string(kOriginPrefix) + std::string(log_id);
}

std::string tenant_origin(std::string_view global_origin, const TenantId& tenant) {
  return std::string(global_origin) + std::string(kTenantPart) + tenant.text();
}

}  // namespace countersign::ledger
