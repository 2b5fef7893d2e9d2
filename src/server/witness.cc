#include "server/witness.h"

#include <filesystem>
#include <fstream>

#include "core/codec/hex.h"
#include "core/crypto/hash.h"
#include "server/data_dir.h"

namespace countersign::server {
namespace {

constexpr std::string_view kAddCheckpoint = "/add-checkpoint";
constexpr std::size_t kFileMax = 64 * 1024;
constexpr std::size_t kNameBytes = 4, kFileNameBytes = 32;  // of a SHA-256

// not_found: no such file.   malformed: it is too long or cannot be read.
Result<std::string> read_file(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) return Error{Errc::not_found, file + ": is not there"};
  std::ifstream in(file, std::ios::binary);
  std::string text(kFileMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty() || text.size() > kFileMax) return Error{Errc::malformed, file + ": cannot be read"};
  return text;
}

std::string short_name(ByteView bytes, std::size_t length) {
  return codec::to_hex(ByteView(crypto::hash(crypto::HashKind::sha256, bytes)).first(length));
}

// The file of a head is the text of its checkpoint.
Result<ledger::Head> read_head(const std::string& file, const std::string& origin) {
  const Result<std::string> text = read_file(file);
  if (!text && text.error().code == Errc::not_found) return ledger::Head{0, ledger::empty_root()};
  const auto kept = text ? ledger::parse_checkpoint(*text) : Result<ledger::Checkpoint>(text.error());
  if (!kept || kept->origin != origin) {
    return Error{Errc::malformed, file + ": is not what a witness keeps of " + origin +
                                      "; restore it, for a witness that forgot must not sign"};
  }
  return kept->head;
}

Result<void> keep(const std::string& file, const std::string& origin, const ledger::Head& head) {
  return write_file(file, TRY(ledger::print(ledger::Checkpoint{origin, head, {}})), Readers::owner);
}

Result<ledger::SigningKey> make_key(const std::string& file, std::string_view name, Random& random) {
  crypto::Ed25519Key key = crypto::Ed25519Key::generate(random);
  const std::string called =
      name.empty() ? "witness-" + short_name(key.public_key().bytes(), kNameBytes) : std::string(name);
  auto verifier = TRY(ledger::VerifierKey::make(called, ledger::KeyType::cosignature, key.public_key()));
  ledger::SigningKey made{std::move(verifier), std::move(key)};
  TRY(write_file(file, ledger::print_signing_key(made).reveal(), Readers::owner));
  return made;
}

net::HttpResponse plain(int status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body), .headers = {}};
}

}  // namespace

Result<ledger::SigningKey> open_witness_key(const std::string& dir, std::string_view name, Random& random) {
  const std::string file = dir + "/witness.key";
  const Result<std::string> text = read_file(file);
  if (!text && text.error().code == Errc::not_found) return make_key(file, name, random);
  if (!text) return text.error();
  auto key = ledger::parse_signing_key(Secret(std::string_view(*text)));
  if (!key || key->verifier.type() != ledger::KeyType::cosignature) {
    return Error{Errc::malformed, file + ": is not a witness's key"};
  }
  if (!name.empty() && key->verifier.name() != name) {
    return Error{Errc::refused, file + ": the key is called " + key->verifier.name() +
                                    "; a witness keeps its name, or gets another --data"};
  }
  return key;
}

Result<std::unique_ptr<Witness>> Witness::open(Parts parts, const std::string& dir,
                                               const std::vector<ledger::VerifierKey>& logs) {
  std::unique_ptr<Witness> out(new Witness(std::move(parts)));
  const std::string folder = dir + "/heads";
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  if (error) return Error{Errc::unavailable, folder + ": cannot be made: " + error.message()};
  for (const ledger::VerifierKey& key : logs) {
    if (key.type() != ledger::KeyType::ed25519) {
      return Error{Errc::malformed, key.name() + ": a log's key is of type 0x01; this one is a witness's"};
    }
    Kept& kept = out->logs_[key.name()];
    kept.log.keys.push_back(key);
    kept.file = folder + "/" + short_name(bytes_of(key.name()), kFileNameBytes);
    kept.log.last = TRY(read_head(kept.file, key.name()));
  }
  return out;
}

// One request after the other for each log, and the head on disk before the signature is made: no order of requests,
// and no power cut, gets two roots signed for one size.
Result<ledger::WitnessAnswer> Witness::answer(std::string_view body) {
  const Result<ledger::AddCheckpoint> request = ledger::parse_add_checkpoint(body);
  if (!request) return ledger::unreadable(request.error());
  const auto found = logs_.find(request->checkpoint.origin);
  if (found == logs_.end()) return std::get<ledger::WitnessAnswer>(ledger::judge(*request, nullptr));
  Kept& kept = found->second;
  const std::lock_guard lock(kept.turn);
  const auto verdict = ledger::judge(*request, &kept.log);
  if (const auto* refusal = std::get_if<ledger::WitnessAnswer>(&verdict)) return *refusal;
  const auto& accepted = std::get<ledger::CosignHead>(verdict);
  if (accepted.head != kept.log.last) TRY(keep(kept.file, found->first, accepted.head));
  kept.log.last = accepted.head;
  const std::int64_t now_s = std::chrono::floor<seconds>(parts_.clock.now()).time_since_epoch().count();
  return ledger::cosigned({TRY(ledger::cosign(accepted.text, now_s, parts_.key, parts_.sign))});
}

net::HttpResponse Witness::serve(const net::HttpRequest& request) {
  if (!request.path.ends_with(kAddCheckpoint)) return plain(404, "Not found.\n");
  if (request.method != "POST") {
    net::HttpResponse out = plain(405, "Only POST.\n");
    out.headers.push_back({"allow", "POST"});
    return out;
  }
  Result<ledger::WitnessAnswer> answered = answer(request.body);
  if (!answered) return plain(503, "Not kept, so not cosigned.\n");
  return {.status = static_cast<int>(answered->status),
          .content_type = std::move(answered->content_type),
          .body = std::move(answered->body),
          .headers = {}};
}

}  // namespace countersign::server
