#include "server/witness_client.h"

#include <algorithm>

#include "server/addresses.h"
#include "store/ledger.h"

namespace countersign::server {
namespace {

constexpr milliseconds kPatience{2'000};
constexpr int kTriesMax = 3;            // a witness that other nodes speak to may have moved on meanwhile
constexpr seconds kToldAgainAfter{60};  // that a witness disagrees
constexpr std::size_t kReplyMax = 64 * 1024;
constexpr std::string_view kHttps = "https://", kHttp = "http://";

struct Address {
  net::ClientOptions to;
  std::string prefix;
};

Error not_a_witness(std::string_view line, std::string_view why) {
  return {Errc::malformed, "ledger.witnesses: " + std::string(line) + ": " + std::string(why)};
}

Result<Address> address_of(std::string_view url) {
  Address out;
  const bool tls = url.starts_with(kHttps);
  if (!tls && !url.starts_with(kHttp)) return Error{Errc::malformed, "a URL begins with https:// or http://"};
  url.remove_prefix(tls ? kHttps.size() : kHttp.size());
  const std::string_view authority = url.substr(0, url.find('/'));
  out.prefix = url.substr(authority.size());
  if (out.prefix.ends_with('/')) out.prefix.pop_back();
  const bool with_port = authority.rfind(':') != authority.npos && !authority.ends_with(']');
  const HostPort at = TRY(parse_host_port(std::string(authority) + (with_port ? "" : tls ? ":443" : ":80")));
  if (!tls && !is_loopback(at.host)) return Error{Errc::malformed, "http:// is for loopback addresses alone"};
  out.to.host = at.host;
  out.to.port = at.port;
  out.to.security = tls ? net::Security::tls : net::Security::plain;
  out.to.reply_max = kReplyMax;
  return out;
}

bool has_line(const ledger::Note& note, const ledger::VerifierKey& key) {
  return std::ranges::any_of(note.signatures, [&](const ledger::NoteSignature& line) {
    return line.name == key.name() && line.key_id == key.id();
  });
}

Result<std::vector<ledger::Hash>> consistency(const flow::Ports& ports, std::uint64_t old_size, std::uint64_t size) {
  return store::read(ports.store, [&](store::Txn& txn) {
    return ledger::consistency_proof(
        old_size, size, [&](const ledger::Node& node) { return store::ledger_node(txn, flow::kGlobalTree, node); });
  });
}

}  // namespace

Result<std::vector<flow::KnownWitness>> read_witnesses(const std::vector<std::string>& lines, std::size_t quorum) {
  std::vector<flow::KnownWitness> out;
  for (const std::string& line : lines) {
    const std::size_t space = line.find(' ');
    if (space == line.npos) return not_a_witness(line, "must be a URL, a space and the witness's key");
    std::string url = line.substr(0, space);
    const auto address = address_of(url);
    if (!address) return not_a_witness(line, address.error().what);
    const auto key = ledger::VerifierKey::parse(std::string_view(line).substr(space + 1));
    if (!key) return not_a_witness(line, key.error().what);
    if (key->type() != ledger::KeyType::cosignature) return not_a_witness(line, "the key is not a witness's");
    const bool twice = std::ranges::any_of(out, [&](const flow::KnownWitness& one) {
      return std::ranges::equal(one.key.key().bytes(), key->key().bytes()) || one.url == url;
    });
    if (twice) return not_a_witness(line, "stands twice");
    if (url.ends_with('/')) url.pop_back();
    out.push_back({std::move(url), *key});
  }
  if (quorum > out.size()) return Error{Errc::malformed, "ledger.quorum: more than there are in ledger.witnesses"};
  return out;
}

Result<std::unique_ptr<WitnessClient>> WitnessClient::make(WitnessPorts ports) {
  std::unique_ptr<WitnessClient> out(new WitnessClient(std::move(ports)));
  for (const flow::KnownWitness& witness : out->ports_.book.witnesses()) {
    Address address = TRY(address_of(witness.url));
    address.to.ca_file = out->ports_.ca_file;
    Line line;
    line.target = address.prefix + "/add-checkpoint";
    line.http.emplace(TRY(net::HttpClient::make(std::move(address.to))));
    out->lines_.push_back(std::move(line));
  }
  return out;
}

Result<net::HttpResponse> WitnessClient::post(Line& line, const Shown& shown, std::uint64_t old_size) {
  ledger::AddCheckpoint request{.old_size = old_size, .proof = {}, .note = shown.note, .checkpoint = {}};
  if (old_size > 0) request.proof = TRY(consistency(ports_.flow, old_size, shown.checkpoint.head.size));
  net::ClientRequest out;
  out.method = "POST";
  out.target = line.target;
  out.headers = {{"content-type", "text/plain; charset=utf-8"}};
  out.body = ledger::print(request);
  out.timeout = kPatience;
  return line.http->send(out);
}

// The witness has another size than we thought: where its head can be one of ours, once more from there.
Result<WitnessClient::Reply> WitnessClient::conflict(std::size_t witness, const Shown& shown, std::string_view body) {
  Line& line = lines_[witness];
  const std::uint64_t size = TRY(ledger::conflict_size(body));
  Reply out;
  out.state.size = size;
  if (size == line.size) {
    out.state.standing = flow::WitnessStanding::disagrees;
    out.state.why = "it has another root for the size of " + std::to_string(size);
    return out;
  }
  line.size = size;
  if (size <= shown.checkpoint.head.size) return out;  // unasked: once more
  const auto ours =
      TRY(store::read(ports_.flow.store, [](store::Txn& txn) { return store::ledger_edge(txn, flow::kGlobalTree); }));
  const std::string seen = "it has seen " + std::to_string(size) + " heads";
  if (size <= ours.size()) return Error{Errc::conflict, seen + "; another node has shown it a newer one"};
  out.state.standing = flow::WitnessStanding::disagrees;
  out.state.why = seen + ", this ledger has " + std::to_string(ours.size()) + ": it was rolled back";
  return out;
}

Result<WitnessClient::Reply> WitnessClient::show(std::size_t witness, const Shown& shown) {
  Line& line = lines_[witness];
  for (int tries = kTriesMax; tries > 0; --tries) {
    if (line.size > shown.checkpoint.head.size) line.size = 0;  // it says itself what it has
    const net::HttpResponse answer = TRY(post(line, shown, line.size));
    Reply out;
    out.state.size = line.size;
    switch (answer.status) {
      case static_cast<int>(ledger::WitnessStatus::ok):
        out.line = TRY(ledger::accept_cosignature(answer.body, shown.note.text, ports_.book.witnesses()[witness].key));
        out.state.standing = flow::WitnessStanding::cosigned;
        out.state.size = line.size = shown.checkpoint.head.size;
        return out;
      case static_cast<int>(ledger::WitnessStatus::conflict):
        out = TRY(conflict(witness, shown, answer.body));
        if (out.state.standing == flow::WitnessStanding::disagrees) return out;
        break;
      case static_cast<int>(ledger::WitnessStatus::unprocessable):
        out.state.standing = flow::WitnessStanding::disagrees;
        out.state.why = "what it has seen, " + std::to_string(line.size) + " heads, is not how this ledger begins";
        return out;
      default:
        return Error{Errc::refused, "it answers " + std::to_string(answer.status) + "; does it know this log's key?"};
    }
  }
  return Error{Errc::conflict, "its size changes faster than it can be asked"};
}

// Loud about a witness that disagrees, also when it has disagreed for long.
void WitnessClient::note_standing(std::size_t witness, flow::WitnessState state) {
  using enum flow::WitnessStanding;
  const Instant now = ports_.flow.clock.now();
  const std::string said = ports_.book.witnesses()[witness].key.name() + ": " + state.why;
  const flow::WitnessStanding standing = state.standing;
  state.at = now;
  const flow::WitnessState before = ports_.book.put(witness, std::move(state));
  const bool changed = before.standing != standing;
  if (standing == disagrees && (changed || now - lines_[witness].told >= kToldAgainAfter)) {
    lines_[witness].told = now;
    ports_.log.error("ledger.forked", oplog::field(record::detail, said));
  }
  if (standing == away && changed) ports_.log.warn("ledger.witness_away", oplog::field(record::detail, said));
  if (standing == cosigned && changed && before.standing != unasked) {
    ports_.log.info("ledger.witness_back", oplog::field(record::detail, said));
  }
}

std::string WitnessClient::ask(const std::string& text) {
  const auto note = ledger::parse_note(text);
  const auto checkpoint = note ? ledger::parse_checkpoint(note->text) : Result<ledger::Checkpoint>(note.error());
  if (!checkpoint) return text;  // we signed it ourselves
  Shown shown{*note, *checkpoint};
  std::size_t cosigned = 0;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const flow::KnownWitness& witness = ports_.book.witnesses()[i];
    if (has_line(shown.note, witness.key)) {
      ++cosigned;
      if (ports_.book.state(i).standing == flow::WitnessStanding::unasked) {  // this server's first look at an old head
        note_standing(i, {flow::WitnessStanding::cosigned, checkpoint->head.size, {}, {}});
      }
      continue;
    }
    const Instant now = ports_.flow.clock.now();
    if (pauses_.left(witness.url, now) > seconds(0)) continue;
    Result<Reply> reply = show(i, shown);
    if (reply && reply->line) {
      shown.note.signatures.push_back(*std::move(reply->line));
      ++cosigned;
    }
    if (reply && reply->state.standing == flow::WitnessStanding::cosigned) {
      pauses_.worked(witness.url);
    } else {
      pauses_.failed(witness.url, now);
    }
    if (!reply && reply.error().code == Errc::conflict) continue;  // nothing is wrong with it
    note_standing(i, reply ? std::move(reply->state)
                           : flow::WitnessState{flow::WitnessStanding::away, lines_[i].size, {}, reply.error().what});
  }
  if (ports_.book.put_cosigned(cosigned)) {
    const bool met = ports_.book.quorum_met();
    if (met) ports_.log.info("ledger.quorum_met", oplog::field(record::count, static_cast<std::int64_t>(cosigned)));
    if (!met)
      ports_.log.error("ledger.quorum_missed", oplog::field(record::count, static_cast<std::int64_t>(cosigned)));
  }
  return ledger::print(shown.note);
}

}  // namespace countersign::server
