#include "server/bundle_check.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "core/codec/hex.h"
#include "core/codec/json_read.h"
#include "core/crypto/hash.h"
#include "core/history/opening.h"
#include "core/ledger/proof.h"
#include "flow/bundle.h"

namespace countersign::server {
namespace {

constexpr std::size_t kFileMax = std::size_t{1} << 30, kManifestMax = std::size_t{64} << 20;
constexpr std::size_t kFilesMax = 1'000'000;

Error refused(const std::string& what) { return {Errc::refused, what}; }

struct Manifest {
  std::string tenant;
  std::int64_t returned = 0, events = 0;
  bool supplier = false;
  std::vector<std::int64_t> days;
  std::map<std::string, std::string> files;  // their hashes, in hex
};

std::string sha256_of(std::string_view content) {
  return codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(content)));
}

bool is_name(std::string_view path) {
  if (path.starts_with("proofs/")) path.remove_prefix(7);
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !path.empty() && path.size() <= 64 && path.front() != '.' && path.front() != '-' &&
         std::ranges::all_of(path, plain);
}

Result<Manifest> read_manifest(std::string_view text) {
  const codec::Json json = TRY(codec::parse_json(text, kManifestMax));
  const codec::Json &version = *TRY(json.need("bundle")), &tenant = *TRY(json.need("tenant"));
  const codec::Json &returned = *TRY(json.need("returned")), &events = *TRY(json.need("events"));
  const codec::Json &supplier = *TRY(json.need("supplier")), &days = *TRY(json.need("days"));
  const codec::Json& files = *TRY(json.need("files"));
  if (TRY(version.as_int()) != 1) return Error{Errc::malformed, "not a manifest of version 1"};
  Manifest out;
  out.tenant = TRY(tenant.as_string());
  out.returned = TRY(returned.as_int());
  out.events = TRY(events.as_int());
  out.supplier = TRY(supplier.as_bool());
  for (const codec::Json& day : days.items()) out.days.push_back(TRY(day.as_int()));
  for (const codec::Json& file : files.items()) {
    const codec::Json &path = *TRY(file.need("path")), &sha256 = *TRY(file.need("sha256"));
    const std::string name(TRY(path.as_string()));
    if (!is_name(name) || out.files.size() >= kFilesMax) return Error{Errc::malformed, "not a name of a file"};
    const std::string hash(TRY(sha256.as_string()));
    if (!out.files.emplace(name, hash).second) return Error{Errc::malformed, name + " is listed twice"};
  }
  return out;
}

// The key of the policy that has signed the manifest.
Result<std::string> check_signature(const std::filesystem::path& folder, const std::string& manifest,
                                    const ledger::Policy& policy) {
  const std::string text = TRY(read_whole(folder / "manifest.note"));
  const ledger::Note note = TRY(ledger::parse_note(text));
  std::vector<ledger::VerifierKey> keys;
  for (const ledger::Policy::Log& log : policy.logs) {
    keys.push_back(TRY(log.key.named(log.key.name() + std::string(flow::kManifestKey))));
  }
  const std::vector<ledger::NoteSigner> signers = TRY(ledger::verify_note(note, keys));
  const std::string& name = keys[signers.front().key].name();
  if (note.text != name + "\n" + sha256_of(manifest) + "\n") {
    return refused("manifest.json is not the one that was signed");
  }
  return name;
}

Result<void> check_files(const std::filesystem::path& folder, const Manifest& manifest) {
  for (const auto& [path, hash] : manifest.files) {
    const std::string content = TRY(read_whole(folder / path));
    if (sha256_of(content) != hash) return refused(path + " is not what the manifest says");
  }
  std::error_code error;
  std::filesystem::recursive_directory_iterator at(folder, error);
  if (error) return Error{Errc::not_found, folder.string() + ": cannot be read"};
  for (const auto& entry : at) {
    const std::string path = entry.path().lexically_relative(folder).generic_string();
    const bool own = path == "manifest.json" || path == "manifest.note";
    if (!entry.is_directory(error) && !own && !manifest.files.contains(path)) {
      return refused(path + " is not in the manifest");
    }
  }
  return {};
}

bool is_reading(const ledger::Event& event) {
  using enum ledger::EventType;
  static constexpr ledger::EventType kReading[] = {read, list, count, export_, key_release, directory_unwrap, viewed};
  return event.outcome != ledger::Outcome::denied && std::ranges::find(kReading, event.type) != std::end(kReading);
}

// What the proven events say: the rows that were read, and the trailers of epochs, in hex.
struct Proven {
  flow::RowsByEpoch rows;
  std::map<std::string, std::string> closed;
};

Result<Proven> check_reads(const std::filesystem::path& folder, const Manifest& manifest,
                                      const ledger::Policy& policy) {
  std::map<std::uint64_t, std::string> proofs;
  for (const auto& [path, hash] : manifest.files) {
    if (!path.starts_with("proofs/")) continue;
    const std::size_t end = path.find('.');
    if (end == path.npos || path.substr(end) != ".event-proof") return refused(path + " is no proof");
    proofs[TRY(ledger::parse_size(path.substr(7, end - 7)))] = path;
  }
  std::string reads;
  Proven out;
  std::set<std::int64_t> days;
  for (const auto& [seq, path] : proofs) {
    const std::string text = TRY(read_whole(folder / path));
    const ledger::EventProof proof = TRY(ledger::parse_event_proof(text));
    const Result<ledger::ProvedEvent> proved = ledger::verify_event_proof(proof, policy);
    if (!proved) return refused(path + ": " + proved.error().what);
    if (proved->index != seq) return refused(path + " proves another event");
    if (proved->event.tenant.text() != manifest.tenant) return refused(path + " is of another tenant");
    reads += proved->text + "\n";
    if (proved->event.type == ledger::EventType::epoch_closed) out.closed[proved->event.object] = proved->event.detail;
    if (!is_reading(proved->event)) continue;
    days.insert(proved->event.days.begin(), proved->event.days.end());
    TRY(flow::add_rows(out.rows, proved->event.rows));
  }
  const std::string listed = TRY(read_whole(folder / "reads.jsonl"));
  if (!manifest.files.contains("reads.jsonl") || listed != reads) return refused("reads.jsonl says otherwise");
  if (static_cast<std::int64_t>(proofs.size()) != manifest.events || !std::ranges::equal(days, manifest.days)) {
    return refused("the manifest counts other reads, or other days");
  }
  return out;
}

// One file of exposed rows.
class Exposed {
  const Manifest& manifest_;
  const Proven& proven_;
  struct Epoch {
    Bytes trailer;
    std::map<std::uint64_t, Bytes> hashes;
  };
  std::map<history::EpochId, Epoch> epochs_;
  std::uint64_t rows_ = 0;
  bool begun_ = false, ended_ = false;

  Result<void> take(const history::ExportHead& head) {
    if (begun_ || head.tenant.text() != manifest_.tenant) return refused("exposed rows of another tenant");
    begun_ = true;
    return {};
  }
  Result<void> take(const history::ExportEpoch& line) {
    const history::EpochHeader header = TRY(history::decode_header(line.header));
    const bool fresh = epochs_.emplace(header.id, Epoch{line.trailer, {}}).second;
    if (header.tenant.text() != manifest_.tenant || !fresh) return refused("an epoch of another tenant, or one twice");
    return {};
  }
  Result<void> take(const history::ExportRow& line) {
    const history::RowPlace place = TRY(history::place_of(line.row));
    const auto epoch = epochs_.find(place.epoch);
    if (epoch == epochs_.end()) return refused("a row without its epoch");
    if (!epoch->second.hashes.emplace(place.number, history::row_hash(line.open, line.row)).second) {
      return refused("a row twice");
    }
    const auto named = proven_.rows.find(codec::to_hex(place.epoch));
    const bool is_named = named != proven_.rows.end() && named->second.has(place.number);
    if (!manifest_.supplier && !is_named) {
      return refused("row " + std::to_string(place.number) + " of epoch " + codec::to_hex(place.epoch) +
                     " is named by no read");
    }
    ++rows_;
    return {};
  }
  Result<void> take(const history::ExportEnd& line) {
    if (line.rows != rows_) return refused("exposed rows were cut off");
    ended_ = true;
    return {};
  }
  Result<void> take(const history::ExportSlot&) { return refused("exposed rows hold what opens them"); }
  Result<void> take(const history::ExportDay&) { return refused("exposed rows hold what opens them"); }

 public:
  Exposed(const Manifest& manifest, const Proven& proven) : manifest_(manifest), proven_(proven) {}

  Result<void> line(std::string_view text) {
    if (ended_) return refused("something follows the end of exposed rows");
    const history::ExportLine line = TRY(history::decode_export_line(text));
    if (!begun_ && !std::holds_alternative<history::ExportHead>(line)) return refused("exposed rows have no head");
    return std::visit([this](const auto& one) { return take(one); }, line);
  }

  Result<std::uint64_t> end() const {
    if (!ended_) return refused("exposed rows were cut off");
    for (const auto& [id, epoch] : epochs_) {
      if (epoch.trailer.empty()) continue;
      const auto closed = proven_.closed.find(codec::to_hex(id));
      if (closed == proven_.closed.end() || closed->second != codec::to_hex(epoch.trailer)) {
        return refused("epoch " + codec::to_hex(id) + " was not closed so by the ledger");
      }
      std::vector<Bytes> hashes;
      for (const auto& [number, hash] : epoch.hashes) hashes.push_back(hash);
      const history::EpochTrailer trailer = TRY(history::decode_trailer(epoch.trailer));
      TRY(history::check(trailer, id, hashes));
    }
    return rows_;
  }
};

Result<std::uint64_t> check_rows(const std::filesystem::path& file, const Manifest& manifest,
                                 const Proven& proven) {
  const std::string content = TRY(read_whole(file));
  if (!content.ends_with('\n')) return refused("exposed rows were cut off");
  Exposed exposed(manifest, proven);
  for (std::string_view text = content; !text.empty();) {
    const std::size_t end = text.find('\n');
    TRY(exposed.line(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return exposed.end();
}

}  // namespace

Result<std::string> read_whole(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) return Error{Errc::not_found, file.string() + ": cannot be read"};
  if (size > kFileMax) return Error{Errc::exhausted, file.string() + ": over 1 GiB"};
  std::string out(size, '\0');
  in.read(out.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::size_t>(in.gcount()) != out.size()) {
    return Error{Errc::not_found, file.string() + ": cannot be read"};
  }
  return out;
}

Result<CheckedBundle> check_bundle(const std::filesystem::path& folder, const ledger::Policy& policy) {
  const std::string text = TRY(read_whole(folder / "manifest.json"));
  CheckedBundle out;
  out.signer = TRY(check_signature(folder, text, policy));
  const Manifest manifest = TRY(read_manifest(text));
  TRY(check_files(folder, manifest));
  const Proven proven = TRY(check_reads(folder, manifest, policy));
  out.tenant = manifest.tenant;
  out.files = manifest.files.size();
  out.reads = static_cast<std::size_t>(manifest.events);
  bool any = false;
  for (const auto& [path, hash] : manifest.files) {
    if (!path.starts_with("exposed") || !path.ends_with(".mfae")) continue;
    any = true;
    out.rows += TRY(check_rows(folder / path, manifest, proven));
  }
  if (!any) return refused("there is no exposed.mfae");
  if (static_cast<std::int64_t>(out.rows) > manifest.returned) return refused("more rows than the manifest counts");
  return out;
}

}  // namespace countersign::server
