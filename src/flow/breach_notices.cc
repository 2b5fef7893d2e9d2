#include "flow/breach_notices.h"

#include <set>

#include "core/codec/hex.h"
#include "core/crypto/hash.h"
#include "flow/ledger.h"
#include "flow/notices.h"
#include "flow/push.h"
#include "flow/run_again.h"
#include "flow/scope_people.h"
#include "flow/subscribe.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr int kPage = 500;
constexpr std::size_t kCodeLength = 12, kCodeMax = 64, kGroup = 4;

// The same for the same user of the same scope: nobody is told twice.
std::string id_of(const std::string& scope, const TenantId& tenant, const UserId& user) {
  const std::string text = scope + "/" + tenant.text() + "/" + user.text();
  return codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(text))).substr(0, 32);
}

std::string grouped(std::string_view code) {
  std::string out;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i > 0 && i % kGroup == 0) out += '-';
    out += code[i];
  }
  return out;
}

Result<Bytes> digest_of(const Ports& ports, std::string_view code) {
  return ports.keys.token_digest("breach-notice", Secret(code));
}

NoticeDraft draft_of(const std::string& code) {
  return {
      NoticeKind::breach,
      "Records of your sign-ins were read by somebody who was not allowed to: when, where and to what you signed in. "
      "Be careful with calls and messages that know such things; nobody of ours asks for a code. A letter about this "
      "is real only if it bears the code " +
          code + "."};
}

class Notifying {
  const Administration& by_;
  const Ports& ports_ = by_.ports;
  const std::function<void(const PreparedNotice&)>& on_notice_;
  std::string scope_;
  std::set<std::string> told_;

 public:
  Notifying(const Administration& by, std::string scope, const std::function<void(const PreparedNotice&)>& on_notice)
      : by_(by), on_notice_(on_notice), scope_(std::move(scope)) {}

  Result<void> look_up_told() {
    return each_notice(ports_, scope_, [&](const store::BreachNotice& one) {
      told_.insert(one.id);
      return true;
    });
  }

  // `user` nullptr: the administrator.
  Result<void> tell(const TenantId& tenant, const User* user) {
    PreparedNotice out;
    store::BreachNotice& notice = out.notice;
    notice.id = id_of(scope_, tenant, user ? user->id : UserId());
    if (told_.contains(notice.id)) return {};
    notice.scope = scope_;
    notice.tenant = tenant;
    if (user) notice.user = user->id;
    const std::string code = random_text(ports_.random, kCodeLength, kIdAlphabet);
    notice.code_digest = TRY(digest_of(ports_, code));
    notice.prepared = ports_.clock.now();
    std::optional<store::StoredNotice> in_app;
    if (user) in_app = TRY(seal_notice(ports_, *user, draft_of(grouped(code))));
    const Result<bool> written =
        store::write_and_wait(ports_.store, [&](store::Txn& txn) { return write(txn, out.notice, in_app); });
    if (!written && written.error().code == Errc::conflict) return {};  // somebody else tells him in this moment
    if (!written) return written.error();
    told_.insert(notice.id);
    if (!user) out.code = Secret(grouped(code));
    if (notice.delivered) ports_.wake(kOutboxKey);
    on_notice_(out);
    return {};
  }

  Result<void> record_count(const TenantId& tenant, std::uint64_t count) const {
    ledger::Event event = begin_event(ports_, ledger::EventType::notice, tenant, ledger_actor(by_.actor));
    event.object = "breach";
    event.case_reference = scope_;
    event.count = count;
    return record_now(ports_, event);
  }

 private:
  Result<bool> write(store::Txn& txn, store::BreachNotice& notice,
                     const std::optional<store::StoredNotice>& in_app) const {
    notice.delivered.reset();
    if (in_app) {
      for (const Phone& phone : TRY(store::phones_of(txn, notice.tenant, notice.user))) {
        if (phone.activated) notice.delivered = notice.prepared;
      }
      TRY(note(ports_, txn, *in_app));
    }
    TRY(store::insert_breach_notice(txn, notice));
    return true;
  }
};

Result<NoticedTenant> notify_tenant(const Administration& by, const Scope& scope, const ExposedTenant& exposed,
                                    Notifying& notifying) {
  NoticedTenant out{exposed.tenant, {}};
  const Result<ExposedPeople> people = people_of(by, scope, exposed);
  if (!people && people.error().code == Errc::unavailable) return people.error();
  if (!people) out.users_unknown = people.error().what;
  std::vector<User> users;
  TRY(by.ports.store.read([&](store::Txn& txn) -> Result<void> {
    users.clear();
    if (!people) return {};
    for (const ExposedPerson& person : people->people) {
      const auto id = UserId::parse(person.key);
      if (!id) continue;
      auto user = TRY(store::user_by_id(txn, exposed.tenant, *id));
      if (user) users.push_back(*std::move(user));
    }
    return {};
  }));
  TRY(notifying.record_count(exposed.tenant, users.size() + 1));
  TRY(notifying.tell(exposed.tenant, nullptr));
  for (const User& user : users) TRY(notifying.tell(exposed.tenant, &user));
  return out;
}

}  // namespace

Result<void> notify(const Administration& by, const NoticesQuery& query,
                    const std::function<void(const PreparedNotice&)>& on_notice,
                    const std::function<void(const NoticedTenant&)>& on_tenant) {
  const Scope scope = TRY(kept_scope(by.ports, query.scope));
  Notifying notifying(by, scope.id, on_notice);
  TRY(notifying.look_up_told());
  bool found = !query.tenant;
  for (const ExposedTenant& exposed : scope.tenants) {
    if (query.tenant && exposed.tenant != *query.tenant) continue;
    found = true;
    on_tenant(TRY(notify_tenant(by, scope, exposed, notifying)));
  }
  if (!found) return Error{Errc::not_found, "the scope does not name this tenant"};
  return {};
}

Result<void> each_notice(const Ports& ports, const std::string& scope,
                         const std::function<bool(const store::BreachNotice&)>& on_notice) {
  store::NoticesPage page{scope, "", kPage};
  for (;;) {
    std::vector<store::BreachNotice> rows;
    TRY(store::read(ports.store, [&](store::Txn& txn) {
      rows.clear();
      return store::breach_notices_of(txn, page, [&](const store::BreachNotice& one) { rows.push_back(one); });
    }));
    for (const store::BreachNotice& one : rows) {
      if (!on_notice(one)) return {};
    }
    if (rows.size() < static_cast<std::size_t>(kPage)) return {};
    page.after_id = rows.back().id;
  }
}

Result<std::optional<store::BreachNotice>> notice_of_code(const Ports& ports, std::string_view code) {
  std::string plain;
  for (const char c : code.substr(0, kCodeMax)) {
    if (c == '-' || c == ' ') continue;
    plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const Bytes digest = TRY(digest_of(ports, plain));
  return store::read(ports.store, [&](store::Txn& txn) { return store::breach_notice_by_code(txn, digest); });
}

}  // namespace countersign::flow
