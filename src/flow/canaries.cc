#include "flow/canaries.h"

#include <array>

#include "core/codec/hex.h"
#include "core/codec/json_write.h"
#include "core/record/stored_event.h"
#include "flow/break_glass.h"
#include "flow/guards.h"
#include "flow/ledger.h"
#include "store/ledger.h"

namespace countersign::flow {
namespace {

constexpr std::string_view kPurpose = "history-canary";
constexpr std::string_view kTouched = "canary/";  // before a principal's name, in the tenants that it has read
constexpr std::string_view kMaskedNumber = "XXX-XXX-";
constexpr std::string_view kRefusal =
    "reading was stopped: this credential has read in bulk and was killed; ask whoever is on call";

constexpr std::array<std::string_view, 32> kSurnames = {
    "adeyemi", "andersen", "barros", "bianchi", "carver", "castillo", "dubois", "eriksen",
    "fischer", "fontaine", "garrido", "haddad", "hoffmann", "ivanova", "jansen", "kaplan",
    "kimura", "lindgren", "mensah", "moreau", "nakano", "novak", "okafor", "olsson",
    "pereira", "quinn", "ricci", "sandoval", "tanaka", "ueda", "vargas", "weber"};

std::uint32_t below(Random& random, std::uint32_t limit) {
  std::array<std::uint8_t, 4> bytes{};
  random.fill(bytes);
  const std::uint32_t value = std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
                              std::uint32_t{bytes[2]} << 8 | bytes[3];
  return value % limit;
}

std::string nobodys_name(Random& random) {
  return std::string(1, static_cast<char>('a' + below(random, 26))) +
         std::string(kSurnames[below(random, kSurnames.size())]);
}

// +1 NPA 555 01XX is for fiction: nobody has such a number (numbering plan of North America, line numbers 0100-0199).
std::string nobodys_number(Random& random) {
  const std::string digits = std::to_string(100 + below(random, 100));
  return std::string(kMaskedNumber) + "0" + digits;
}

std::string nobodys_address(Random& random) {
  std::string out = "10";  // RFC 1918 §3: of no network in particular
  for (int i = 0; i < 3; ++i) out += "." + std::to_string(1 + below(random, 254));
  return out;
}

// Each field that is there is there in the decoy, too, and says something else where it could point at a person.
void disguise(Random& random, record::AuthEvent& event) {
  event.user_key = UserId::make(random).text();
  event.user_name = nobodys_name(random);
  if (const auto at = event.email.find('@'); at != std::string::npos) event.email.replace(0, at, event.user_name);
  event.alias.clear();
  const std::string address = nobodys_address(random);
  if (!event.access_device.ip.empty()) event.access_device.ip = address;
  event.access_device.hostname.clear();
  record::AuthDevice& device = event.auth_device;
  const bool phone = device.key.starts_with(PhoneTag::kPrefix);
  if (!device.key.empty()) device.key = phone ? PhoneId::make(random).text() : EnrolmentId::make(random).text();
  if (!device.name.empty()) device.name = device.name.starts_with(kMaskedNumber) ? nobodys_number(random) : "phone";
  if (!device.ip.empty()) device.ip = address;
}

std::optional<std::int64_t> limit_of(const Ports& ports, std::string_view kind) {
  for (const Allowance& one : ports.settings.allowances) {
    if (one.kind == kind) return one.canaries_an_hour;
  }
  return std::nullopt;  // a kind that no allowance names reads nothing at all
}

// The session where there is one: it is what was stolen, most likely.
const std::string& what_reads(const ledger::Actor& actor) {
  return actor.session.empty() ? actor.credential : actor.session;
}

Result<std::string> touched_by(store::Txn& txn, const ledger::Actor& reader) {
  return std::string(kTouched) + TRY(charged_to(txn, reader));
}

Result<ledger::Event> killing(const Ports& ports, store::Txn& txn, const ledger::Event& reading,
                              const std::string& credential) {
  const Instant now = ports.clock.now();
  const auto grant = TRY(store::grant_of(txn, credential));
  TRY(store::kill_grant(txn, credential, now));
  ledger::Actor service;
  service.kind = "service";
  ledger::Event event =
      begin_event(ports, ledger::EventType::kill, grant ? grant->tenant : TenantId(), std::move(service));
  event.object = grant && !grant->kind.empty() ? grant->kind : reading.actor.kind;
  event.count = 1;
  codec::JsonWriter w;
  w.begin_object().key("id").string(credential).key("root").string(credential).end_object();
  event.query = w.take();
  event.detail = "canary";
  return event;
}

}  // namespace

Result<history::CanaryMarks> canary_marks(const Ports& ports, const TenantId& tenant, const history::EpochId& epoch) {
  const Bytes key = TRY(ports.keys.token_digest(kPurpose, Secret(tenant.text() + "/" + codec::to_hex(epoch))));
  return history::CanaryMarks(key);
}

bool is_canary(const history::CanaryMarks& marks, const store::HistoryRow& row) {
  if (row.stream != store::Stream::authentication) return false;
  const Result<history::RowPlace> place = history::place_of(row.sealed);
  return place && marks.id(place->number) == row.id;
}

std::optional<std::string> canary_beside(Random& random, std::string_view text, const EventId& id) {
  record::AuthEvent event;
  if (!record::decode(text, event)) return std::nullopt;
  event.id = id;
  event.txid = AttemptId::trusted(id.text());
  disguise(random, event);
  return record::encode_canary(event);
}

Result<std::string> touch_canaries(const Ports& ports, store::Txn& txn, const ledger::Event& reading,
                                   const std::vector<ledger::RowSet>& canaries) {
  const std::optional<std::int64_t> limit = limit_of(ports, reading.actor.kind);
  if (canaries.empty() || !limit || TRY(glass_over(ports, txn, reading.actor))) return std::string();
  const Instant now = ports.clock.now();
  const std::string principal = TRY(touched_by(txn, reading.actor));
  const std::int64_t tenants =
      TRY(store::note_tenant_read(txn, {principal, reading.tenant, now}, now - std::chrono::hours(1)));
  const std::string& credential = what_reads(reading.actor);
  if (tenants <= *limit || credential.empty()) return std::string();
  ledger::Event touched = reading;
  touched.type = ledger::EventType::canary;
  touched.outcome = ledger::Outcome::denied;
  touched.rows = canaries;
  touched.count = 0;
  for (const ledger::RowSet& set : canaries) touched.count += set.count;
  touched.detail = "a reader in bulk; its credential was killed";
  const ledger::Event killed = TRY(killing(ports, txn, reading, credential));
  TRY(record(txn, {touched, killed}));
  txn.after_commit([tell = ports.tell, counts = ports.counts, kind = reading.actor.kind] {
    if (counts) ++counts->alarms;
    tell(kAlarm, "canaries of too many tenants were read within an hour; a credential of the kind " + kind +
                      " was killed (docs/operating/guards.md)");
  });
  return std::string(kRefusal);
}

Result<void> forget_canaries(store::Txn& txn, const ledger::Actor& reader) {
  const std::string principal = TRY(touched_by(txn, reader));
  return store::forget_tenant_reads(txn, principal);
}

}  // namespace countersign::flow
