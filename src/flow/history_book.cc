#include "flow/history_book.h"

#include <algorithm>

#include "core/history/canary.h"
#include "flow/canaries.h"
#include "flow/key_exchange.h"
#include "flow/ports.h"
#include "flow/run_again.h"
#include "keys/history_keys.h"
#include "core/record/auth_event.h"

namespace countersign::flow {
namespace {

constexpr std::int64_t kRecentDays = 3;  // whose rows say how long tags should be

std::string cache_key(const TenantId& tenant, std::int64_t day) { return tenant.text() + "|" + std::to_string(day); }

// What an epoch is begun with.
struct Beginning {
  store::Custody custody = store::Custody::service;
  std::vector<crypto::X25519PublicKey> recipients;
  std::uint64_t rows_a_day = 0;
};

std::uint64_t busiest(const std::vector<store::StoredEpoch>& epochs) {
  std::uint64_t most = 0, of_day = 0;
  std::int64_t day = 0;
  for (const store::StoredEpoch& epoch : epochs) {
    if (epoch.day != day) of_day = 0;
    day = epoch.day;
    of_day += epoch.rows.value_or(0) - epoch.canaries;
    most = std::max(most, of_day);
  }
  return most;
}

Result<Beginning> look(const Ports& ports, const TenantId& tenant, std::int64_t day) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Beginning> {
    Beginning out;
    const Result<store::Keeping> keeping = store::keeping_of(txn, tenant);
    if (!keeping && keeping.error().code != Errc::not_found) return keeping.error();
    if (keeping) out.custody = keeping->custody;  // a tenant that is being made begins with its first event
    for (const store::RecipientKey& key : TRY(store::recipients_of(txn, tenant))) {
      if (!key.retired) out.recipients.push_back(key.key);
    }
    out.rows_a_day = busiest(TRY(store::epochs_of(txn, tenant, day - kRecentDays, day - 1)));
    return out;
  });
}

// The first key of a tenant in custody of the service. Two at once both stay: an epoch is wrapped to each.
Result<crypto::X25519PublicKey> first_key(const Ports& ports, const TenantId& tenant) {
  store::RecipientKey made;
  made.tenant = tenant;
  made.key = TRY(ports.keys.make_tenant_key(tenant));
  made.id = history::recipient_id(made.key);
  made.kind = "service";
  made.name = "service";
  made.created = ports.clock.now();
  TRY(offer_key(ports, tenant, keys::pair_name(made.key)));
  TRY(write_again(ports.store, [&](store::Txn& txn) { return store::insert_recipient(txn, made); }));
  return made.key;
}

}  // namespace

struct HistoryBook::Epoch {
  mutable store::OpenEpoch row;  // its counters are written by whoever commits
  history::EpochKey key;
  Secret index;
  int tag_bits = 0;
  history::CanaryMarks marks;
  mutable std::atomic<std::uint64_t> next = 0;
  mutable std::atomic<std::uint64_t> canary_due;  // from which number on

  Epoch(history::EpochKey with, const Secret& secret, const history::EpochHeader& header,
        const std::pair<history::CanaryMarks, std::uint64_t>& canaries)
      : key(std::move(with)),
        index(history::index_key(secret)),
        tag_bits(header.tag_bits),
        marks(canaries.first),
        canary_due(marks.due(0, canaries.second)) {
    row.tenant = header.tenant;
    row.day = header.day;
    row.id = header.id;
    row.writer = header.writer;
    row.header = history::encode(header);
  }

  std::optional<int> tag(history::IndexedField field, std::string_view value) const {
    if (value.empty() || tag_bits == 0) return std::nullopt;
    return static_cast<int>(history::tag(index, field, value, tag_bits));
  }

  // Whether whoever seals this number makes the canary of its block: one of all threads does.
  bool takes_canary(std::uint64_t number) const {
    std::uint64_t due = canary_due.load(std::memory_order_relaxed);
    if (number < due) return false;
    const std::uint64_t next_due = marks.due(number / history::kCanaryEvery + 1, history::kCanaryEvery);
    return canary_due.compare_exchange_strong(due, next_due, std::memory_order_relaxed);
  }
};

HistoryBook::HistoryBook() : open_(kOpenMax) {}
HistoryBook::~HistoryBook() = default;

Result<std::shared_ptr<const HistoryBook::Epoch>> HistoryBook::begin(const Ports& ports, const TenantId& tenant,
                                                                     std::int64_t day) {
  Beginning with = TRY(look(ports, tenant, day));
  if (with.recipients.empty()) {
    if (with.custody == store::Custody::tenant) {
      return Error{Errc::refused, "this tenant keeps its own keys, and none is on record to seal to"};
    }
    with.recipients.push_back(TRY(first_key(ports, tenant)));
  }
  TRY(agree_on_key(ports, tenant, history::month_of(day)));
  keys::EpochOrder order;
  order.tenant = tenant;
  order.day = day;
  order.writer = ports.settings.node;
  order.tag_bits = static_cast<std::uint8_t>(history::tag_bits_for(with.rows_a_day));
  order.recipients = std::move(with.recipients);
  const keys::NewEpoch made = TRY(ports.keys.begin_epoch(order));
  history::EpochKey key = TRY(history::EpochKey::make(made.header, made.key));
  history::CanaryMarks marks = TRY(canary_marks(ports, tenant, made.header.id));
  // The first one early enough for a short day to have one; where nothing is known, anywhere in the first block.
  const std::uint64_t window = with.rows_a_day > 0 ? with.rows_a_day : history::kCanaryEvery;
  auto epoch =
      std::make_shared<const Epoch>(std::move(key), made.key, made.header, std::pair{std::move(marks), window});
  open_.put(cache_key(tenant, day), epoch);
  return epoch;
}

Result<std::shared_ptr<const HistoryBook::Epoch>> HistoryBook::open(const Ports& ports, const TenantId& tenant,
                                                                    std::int64_t day) {
  const std::string key = cache_key(tenant, day);
  const auto find = [&]() -> std::shared_ptr<const Epoch> {
    auto there = open_.find(key);
    return there && there->next.load(std::memory_order_relaxed) < history::kEpochRowsMax ? there : nullptr;
  };
  if (auto there = find()) return there;
  const std::lock_guard lock(beginning_[std::hash<std::string>()(key) % kLocks]);
  if (auto there = find()) return there;  // another thread was first
  return begin(ports, tenant, day);
}

// nullptr: no number was left, or there is nothing to disguise. A sign-in goes on without.
std::shared_ptr<const store::HistoryRow> HistoryBook::canary(const Ports& ports, const Epoch& epoch,
                                                             const Unsealed& beside) {
  const std::uint64_t number = epoch.next.fetch_add(1, std::memory_order_relaxed);
  if (number >= history::kEpochRowsMax) return nullptr;
  auto row = std::make_shared<store::HistoryRow>();
  row->tenant = beside.tenant;
  row->stream = beside.stream;
  row->day = beside.day;
  row->id = epoch.marks.id(number);
  const std::optional<std::string> text = canary_beside(ports.random, beside.text, row->id);
  if (!text) return nullptr;
  Result<Bytes> sealed =
      epoch.key.seal(number, record::open_part(row->tenant, name_of(row->stream), row->day, row->id), *text);
  if (!sealed) return nullptr;
  row->sealed = *std::move(sealed);
  // Tags of nobody: a row without would be told from the others.
  if (!beside.user.empty()) row->user_tag = epoch.tag(history::IndexedField::user, row->id.text());
  if (!beside.number.empty()) row->number_tag = epoch.tag(history::IndexedField::number, row->id.text());
  return row;
}

Result<store::HistoryRow> HistoryBook::seal(const Ports& ports, const Unsealed& event) {
  store::HistoryRow row;
  row.tenant = event.tenant;
  row.stream = event.stream;
  row.day = event.day;
  row.id = event.id;
  const std::string open_part = record::open_part(event.tenant, name_of(event.stream), event.day, event.id);
  for (;;) {
    const std::shared_ptr<const Epoch> epoch = TRY(open(ports, event.tenant, event.day));
    // Taken before sealing and never given back: no nonce comes twice, whatever becomes of the transaction.
    const std::uint64_t number = epoch->next.fetch_add(1, std::memory_order_relaxed);
    if (number >= history::kEpochRowsMax) continue;  // full since we looked
    row.sealed = TRY(epoch->key.seal(number, open_part, event.text));
    row.user_tag = epoch->tag(history::IndexedField::user, event.user);
    row.number_tag = epoch->tag(history::IndexedField::number, event.number);
    row.epoch = std::shared_ptr<store::OpenEpoch>(epoch, &epoch->row);
    if (event.stream == store::Stream::authentication && epoch->takes_canary(number)) {
      row.companion = canary(ports, *epoch, event);
    }
    return row;
  }
}

void HistoryBook::forget_before(std::int64_t day) {
  open_.drop_if([day](std::string_view key) { return std::stoll(std::string(key.substr(key.find('|') + 1))) < day; });
}

void HistoryBook::forget(const TenantId& tenant) {
  const std::string prefix = tenant.text() + "|";
  open_.drop_if([&](std::string_view key) { return key.starts_with(prefix); });
}

std::string_view name_of(store::Stream stream) {
  switch (stream) {
    case store::Stream::authentication: return "authentication";
    case store::Stream::activity: return "activity";
    case store::Stream::telephony: return "telephony";
  }
  return {};
}

}  // namespace countersign::flow
