// Scopes as they are kept: one JSON text, and after it the references, a line each; sealed in pieces that a question to
// the keys has room for.
#include <charconv>

#include "core/codec/hex.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/hash.h"
#include "flow/ledger.h"
#include "flow/run_again.h"
#include "flow/scope.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kPieceSize = 512 * 1024;
constexpr std::size_t kPiecesMax = 1'024;
constexpr int kScopesShown = 1'000;
constexpr std::string_view kPrefix = "SC";

std::string piece_id(const std::string& id, std::size_t piece) {
  return piece == 0 ? id : id + "." + std::to_string(piece);
}
keys::Place place_of(const std::string& piece) { return {TenantId(), "scopes", "result", piece}; }

std::string lines_of(const std::vector<std::string>& refs) {
  std::string out;
  for (const std::string& ref : refs) out += ref + "\n";
  return out;
}

// What was asked for; the references themselves by their hash.
std::string query_json(const ScopeQuery& query) {
  codec::JsonWriter w;
  w.begin_object().key("by").string(name(query.by)).key("value").string(query.value);
  w.key("from_ms").integer(unix_ms(query.from)).key("to_ms").integer(unix_ms(query.to));
  if (!query.refs.empty()) {
    const std::string all = lines_of(query.refs);
    w.key("refs").integer(static_cast<std::uint64_t>(query.refs.size()));
    w.key("refs_sha256").string(codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(all))));
  }
  return w.end_object().take();
}

void write(codec::JsonWriter& w, const store::Grant& grant) {
  w.begin_object().key("id").string(grant.id).key("parent").string(grant.parent).key("kind").string(grant.kind);
  w.key("tenant").string(grant.tenant.text()).key("made").integer(unix_ms(grant.made)).end_object();
}

void write(codec::JsonWriter& w, const ScopeChange& change) {
  w.begin_object().key("tree").string(change.tree).key("seq").integer(change.seq);
  w.key("at").integer(unix_ms(change.at)).key("object").string(change.object).end_object();
}

void write(codec::JsonWriter& w, const ExposedTenant& tenant) {
  w.begin_object().key("tenant").string(tenant.tenant.text()).key("released").integer(tenant.released);
  w.key("returned").integer(tenant.returned).key("viewed").integer(tenant.viewed);
  if (tenant.first) w.key("first").integer(unix_ms(*tenant.first)).key("last").integer(unix_ms(*tenant.last));
  w.key("events").string(tenant.events.text()).key("reads").string(tenant.reads.text());
  w.key("days").begin_array();
  for (const std::int64_t day : tenant.days) w.integer(day);
  w.end_array();
  if (tenant.distinct) {
    w.key("users").integer(tenant.distinct->users).key("numbers").integer(tenant.distinct->numbers);
    w.key("by_tags").boolean(tenant.distinct->by == Distinct::By::tags);
  }
  w.end_object();
}

std::string scope_json(const Scope& scope) {
  codec::JsonWriter w;
  w.begin_object().key("v").integer(1).key("by").string(name(scope.query.by)).key("value").string(scope.query.value);
  w.key("from").integer(unix_ms(scope.query.from)).key("to").integer(unix_ms(scope.query.to));
  w.key("made").integer(unix_ms(scope.made)).key("events").integer(scope.events);
  w.key("descendants").begin_array();
  for (const store::Grant& grant : scope.descendants) write(w, grant);
  w.end_array().key("changes").begin_array();
  for (const ScopeChange& change : scope.changes) write(w, change);
  w.end_array().key("tenants").begin_array();
  for (const ExposedTenant& tenant : scope.tenants) write(w, tenant);
  return w.end_array().end_object().take();
}

// ---- And back ----

Result<std::string> text_at(const codec::Json& json, std::string_view key) {
  const codec::Json& value = *TRY(json.need(key));
  return std::string(TRY(value.as_string()));
}
Result<std::int64_t> number_at(const codec::Json& json, std::string_view key) {
  const codec::Json& value = *TRY(json.need(key));
  return value.as_int();
}
Result<std::uint64_t> count_at(const codec::Json& json, std::string_view key) {
  return static_cast<std::uint64_t>(TRY(number_at(json, key)));
}
Result<Instant> time_at(const codec::Json& json, std::string_view key) {
  return from_unix_ms(TRY(number_at(json, key)));
}
Result<RowNumbers> numbers_at(const codec::Json& json, std::string_view key) {
  const std::string text = TRY(text_at(json, key));
  RowNumbers out;
  for (const std::uint64_t number : TRY(ledger::parse_row_ranges(text))) out.add(number, number);
  return out;
}

Result<ExposedTenant> read_tenant(const codec::Json& json) {
  ExposedTenant out;
  out.tenant = TenantId::trusted(TRY(text_at(json, "tenant")));
  out.released = TRY(count_at(json, "released"));
  out.returned = TRY(count_at(json, "returned"));
  out.viewed = TRY(count_at(json, "viewed"));
  if (json.find("first") != nullptr) {
    out.first = TRY(time_at(json, "first"));
    out.last = TRY(time_at(json, "last"));
  }
  out.events = TRY(numbers_at(json, "events"));
  out.reads = TRY(numbers_at(json, "reads"));
  const codec::Json& days = *TRY(json.need("days"));
  for (const codec::Json& day : days.items()) out.days.push_back(TRY(day.as_int()));
  if (json.find("users") != nullptr) {
    const codec::Json& by_tags = *TRY(json.need("by_tags"));
    out.distinct = Distinct{TRY(count_at(json, "users")), TRY(count_at(json, "numbers")),
                            TRY(by_tags.as_bool()) ? Distinct::By::tags : Distinct::By::opened};
  }
  return out;
}

Result<Scope> read_scope(const codec::Json& json) {
  Scope out;
  const auto by = scope_by(TRY(text_at(json, "by")));
  if (!by) return Error{Errc::malformed, "a kept scope asks for something unknown"};
  out.query.by = *by;
  out.query.value = TRY(text_at(json, "value"));
  out.query.from = TRY(time_at(json, "from"));
  out.query.to = TRY(time_at(json, "to"));
  out.made = TRY(time_at(json, "made"));
  out.events = TRY(count_at(json, "events"));
  const codec::Json& descendants = *TRY(json.need("descendants"));
  for (const codec::Json& one : descendants.items()) {
    out.descendants.push_back({.id = TRY(text_at(one, "id")),
                               .parent = TRY(text_at(one, "parent")),
                               .kind = TRY(text_at(one, "kind")),
                               .tenant = TenantId::trusted(TRY(text_at(one, "tenant"))),
                               .made = TRY(time_at(one, "made"))});
  }
  const codec::Json& changes = *TRY(json.need("changes"));
  for (const codec::Json& one : changes.items()) {
    out.changes.push_back(
        {TRY(text_at(one, "tree")), TRY(count_at(one, "seq")), TRY(time_at(one, "at")), TRY(text_at(one, "object"))});
  }
  const codec::Json& tenants = *TRY(json.need("tenants"));
  for (const codec::Json& one : tenants.items()) out.tenants.push_back(TRY(read_tenant(one)));
  return out;
}

Error no_scope() { return {Errc::not_found, "no such scope; `countersign incident scopes` shows them"}; }

Result<std::string> open_piece(const Ports& ports, const std::string& piece) {
  const auto stored = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::scope_by_id(txn, piece); }));
  if (!stored) return no_scope();
  const Secret text = TRY(ports.keys.unseal(place_of(piece), stored->sealed_result));
  return std::string(text.reveal());
}

struct Kept {
  Scope scope;  // without its references
  std::size_t pieces = 0, refs = 0;  // of its text, and of its references after that
};

// The pieces of the text alone.
Result<Kept> open_text(const Ports& ports, const std::string& id) {
  const bool named = id.size() == kIdLength && id.starts_with(kPrefix) && TenantId::parse(id);
  if (!named) return no_scope();
  std::string text = TRY(open_piece(ports, id));
  Kept out;
  const char* const end = text.data() + std::min(text.find('\n'), text.size());
  const auto first = std::from_chars(text.data(), end, out.pieces);
  if (first.ptr < end && *first.ptr == '+') std::from_chars(first.ptr + 1, end, out.refs);
  if (out.pieces == 0 || out.pieces > kPiecesMax || out.refs > kPiecesMax) {
    return Error{Errc::malformed, "a kept scope is not of its form"};
  }
  text.erase(0, text.find('\n') + 1);
  for (std::size_t i = 1; i < out.pieces; ++i) text += TRY(open_piece(ports, piece_id(id, i)));
  const codec::Json json = TRY(codec::parse_json(text, kPiecesMax * kPieceSize));
  out.scope = TRY(read_scope(json));
  out.scope.id = id;
  return out;
}

Result<std::vector<store::StoredScope>> seal_pieces(const Administration& by, const std::string& id,
                                                    const Scope& scope) {
  const std::string body = scope_json(scope), refs = lines_of(scope.query.refs);
  const auto pieces_of = [](const std::string& text) { return (text.size() + kPieceSize - 1) / kPieceSize; };
  const std::size_t pieces = pieces_of(body), all = pieces + pieces_of(refs);
  if (all > kPiecesMax) return Error{Errc::exhausted, "the scope is too large to be kept; ask for a shorter time"};
  std::vector<store::StoredScope> out;
  for (std::size_t i = 0; i < all; ++i) {
    const std::string head =
        i == 0 ? std::to_string(pieces) + "+" + std::to_string(all - pieces) + "\n" : std::string();
    const std::string piece = piece_id(id, i);
    const Secret text(head + (i < pieces ? body.substr(i * kPieceSize, kPieceSize)
                                         : refs.substr((i - pieces) * kPieceSize, kPieceSize)));
    out.push_back(
        {piece, i == 0 ? query_json(scope.query) : "{}", TRY(by.ports.keys.seal(place_of(piece), text)), scope.made});
  }
  return out;
}

}  // namespace

Result<std::string> keep_scope(const Administration& by, Scope& scope) {
  const std::string id = std::string(kPrefix) + random_text(by.ports.random, kIdLength - kPrefix.size(), kIdAlphabet);
  const std::vector<store::StoredScope> rows = TRY(seal_pieces(by, id, scope));
  ledger::Event event = begin_event(by.ports, ledger::EventType::incident, TenantId(), ledger_actor(by.actor));
  event.object = "scope";
  event.case_reference = id;
  event.query = rows.front().query;
  event.count = scope.tenants.size();
  TRY(write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
    for (const store::StoredScope& row : rows) TRY(store::insert_scope(txn, row));
    return record(txn, {event});
  }));
  scope.id = id;
  return id;
}

Result<Scope> kept_scope(const Ports& ports, std::string_view id) {
  Kept kept = TRY(open_text(ports, std::string(id)));
  std::string refs;
  for (std::size_t i = 0; i < kept.refs; ++i) refs += TRY(open_piece(ports, piece_id(kept.scope.id, kept.pieces + i)));
  for (std::string_view rest = refs; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    kept.scope.query.refs.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::move(kept.scope);
}

Result<ScopeQuery> kept_query(const Ports& ports, std::string_view id) {
  return TRY(open_text(ports, std::string(id))).scope.query;
}

Result<std::vector<store::StoredScope>> kept_scopes(const Ports& ports) {
  auto all = TRY(store::read(ports.store, [&](store::Txn& txn) {
    return store::scopes_page(txn, ports.clock.now() + std::chrono::hours(24), kScopesShown);
  }));
  std::erase_if(all, [](const store::StoredScope& scope) { return scope.id.find('.') != std::string::npos; });
  return all;
}

}  // namespace countersign::flow
