#include "flow/notices.h"

#include <algorithm>
#include <cstdlib>

#include "flow/subscribe.h"
#include "store/breach.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

keys::Place place_of(const TenantId& tenant, std::string_view id) {
  return {.tenant = tenant, .table = "notices", .column = "text", .row = id};
}

Result<store::StoredNotice> seal(const Ports& ports, const TenantId& tenant, const UserId& user,
                                 const NoticeDraft& draft) {
  store::StoredNotice out;
  out.tenant = tenant;
  out.user = user;
  out.id = draft.id.empty() ? random_uuid(ports.random) : draft.id;
  out.kind = name(draft.kind);
  out.created = ports.clock.now();
  out.sealed = TRY(ports.keys.seal(place_of(tenant, out.id), Secret(draft.text)));
  return out;
}

// Those that this fetching delivers. When the mark is lost in a crash the next fetching makes it.
void mark_delivered(const Ports& ports, const std::vector<store::BreachNotice>& fresh) {
  if (fresh.empty()) return;
  ports.store.write(
      [&ports, fresh](store::Txn& txn) -> Result<void> {
        for (const store::BreachNotice& one : fresh) {
          TRY(store::mark_breach_notice(txn, one, store::NoticeState::delivered, ports.clock.now()));
        }
        return {};
      },
      [](Result<void>) {});
}

}  // namespace

std::string_view name(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::factor_added: return "factor_added";
    case NoticeKind::factor_removed: return "factor_removed";
    case NoticeKind::attack_stopped: return "attack_stopped";
    case NoticeKind::weaker_method: return "weaker_method";
    case NoticeKind::cookie_copied: return "cookie_copied";
    case NoticeKind::breach: return "breach";
  }
  std::abort();
}

Result<store::StoredNotice> seal_notice(const Ports& ports, const User& user, const NoticeDraft& draft) {
  return seal(ports, user.tenant, user.id, draft);
}

Result<store::StoredNotice> seal_notice(const Ports& ports, const Phone& phone, const NoticeDraft& draft) {
  return seal(ports, phone.tenant, phone.user, draft);
}

Result<void> note(const Ports& ports, store::Txn& txn, const store::StoredNotice& notice, const PhoneId& cause) {
  const std::vector<Phone> phones = TRY(store::phones_of(txn, notice.tenant, notice.user));
  if (std::none_of(phones.begin(), phones.end(), [](const Phone& phone) { return phone.activated; })) return {};
  TRY(store::insert_notice(txn, notice));
  for (const Phone& phone : phones) {
    if (phone.id != cause) TRY(queue_look(ports, txn, phone, LookFor::notice));
  }
  return {};
}

Result<std::vector<Notice>> notices_of(const Ports& ports, const Phone& phone) {
  std::vector<store::StoredNotice> stored;
  std::vector<store::BreachNotice> fresh;
  TRY(ports.store.read([&](store::Txn& txn) -> Result<void> {
    fresh.clear();
    stored = TRY(store::notices_page(txn, phone.tenant, phone.user, kNoticesShown));
    for (const store::StoredNotice& one : stored) {
      if (one.kind != name(NoticeKind::breach)) continue;
      const auto notice = TRY(store::breach_notice_by_id(txn, one.tenant, one.id));
      if (notice && !notice->delivered) fresh.push_back(*notice);
    }
    return {};
  }));
  std::vector<Notice> out;
  for (const store::StoredNotice& one : stored) {
    const Secret text = TRY(ports.keys.unseal(place_of(one.tenant, one.id), one.sealed));
    out.push_back({one.id, one.kind, std::string(text.reveal()), one.created});
  }
  mark_delivered(ports, fresh);
  return out;
}

}  // namespace countersign::flow
