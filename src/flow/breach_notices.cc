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

NoticeDraft draft_of(const std::string& id, const std::string& code) {
  return {
      NoticeKind::breach,
      "Records of your sign-ins were read by somebody who was not allowed to: when, where and to what you signed in. "
      "Be careful with calls and messages that know such things; nobody of ours asks for a code. A letter about this "
      "is real only if it bears the code " +
          code + ".",
      id};
}

class Notifying {
  const Administration& by_;
  const Ports& ports_ = by_.ports;
  const NotifyPorts& out_;
  std::string scope_;
  std::set<std::string> told_;

  struct Written {
    std::optional<store::StoredNotice> in_app{};
    std::optional<store::StoredMail> mail{};
  };

 public:
  Notifying(const Administration& by, std::string scope, const NotifyPorts& out)
      : by_(by), out_(out), scope_(std::move(scope)) {}

  Result<void> look_up_told() {
    return each_notice(ports_, scope_, [&](const store::BreachNotice& one) {
      told_.insert(one.id);
      return true;
    });
  }

  // `user` nullptr: the administrator.
  Result<void> tell(const BundleFacts& facts, const User* user) {
    const TenantId& tenant = facts.exposed.tenant;
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
    const Written written = TRY(put_in_words(facts, user, notice.id, grouped(code)));
    const Result<bool> kept =
        store::write_and_wait(ports_.store, [&](store::Txn& txn) { return keep(txn, out, written); });
    if (!kept && kept.error().code == Errc::conflict) return {};  // somebody else tells him in this moment
    if (!kept) return kept.error();
    told_.insert(notice.id);
    if (!user && !out.by_mail) {
      out.code = Secret(grouped(code));
      out.not_mailed = ports_.settings.mail == Mailing::none
                           ? "this server sends no mail (mail.url)"
                           : "no address is known; `countersign tenant set` names one";
    }
    if (out.in_app) ports_.wake(kOutboxKey);
    out_.on_notice(out);
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
  // Sealed here, as keys are not asked inside the write.
  Result<Written> put_in_words(const BundleFacts& facts, const User* user, const std::string& id,
                               const std::string& code) const {
    Written out;
    if (user) out.in_app = TRY(seal_notice(ports_, *user, draft_of(id, code)));
    if (ports_.settings.mail == Mailing::none) return out;
    Letter letter = TRY(out_.write(facts, user, code));
    letter.purpose = kBreachNotice;
    letter.reference = id;
    out.mail = user ? TRY(seal_mail_to_user(ports_, *user, letter))
                    : TRY(seal_mail_to_contact(ports_, facts.exposed.tenant, letter));
    return out;
  }

  Result<bool> keep(store::Txn& txn, PreparedNotice& out, const Written& written) const {
    const store::BreachNotice& notice = out.notice;
    out.in_app = false;
    if (written.in_app) {
      for (const Phone& phone : TRY(store::phones_of(txn, notice.tenant, notice.user))) {
        if (phone.activated) out.in_app = true;
      }
      TRY(note(ports_, txn, *written.in_app));
    }
    TRY(store::insert_breach_notice(txn, notice));
    out.by_mail = written.mail && TRY(post(ports_, txn, *written.mail));
    return true;
  }
};

Result<std::vector<User>> users_among(const Ports& ports, const BundleFacts& facts) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<std::vector<User>> {
    std::vector<User> out;
    if (!facts.people) return out;
    for (const ExposedPerson& person : facts.people->people) {
      const auto id = UserId::parse(person.key);
      if (!id) continue;
      auto user = TRY(store::user_by_id(txn, facts.exposed.tenant, *id));
      if (user) out.push_back(*std::move(user));
    }
    return out;
  });
}

Result<NoticedTenant> notify_tenant(const Administration& by, const Scope& scope, const ExposedTenant& exposed,
                                    Notifying& notifying) {
  const BundleFacts facts = TRY(facts_of(by, scope, exposed));
  const std::vector<User> users = TRY(users_among(by.ports, facts));
  TRY(notifying.record_count(exposed.tenant, users.size() + 1));
  TRY(notifying.tell(facts, nullptr));
  for (const User& user : users) TRY(notifying.tell(facts, &user));
  return NoticedTenant{exposed.tenant, facts.people_unknown};
}

}  // namespace

Result<void> notify(const Administration& by, const NoticesQuery& query, const NotifyPorts& ports) {
  const Scope scope = TRY(kept_scope(by.ports, query.scope));
  Notifying notifying(by, scope.id, ports);
  TRY(notifying.look_up_told());
  bool found = !query.tenant;
  for (const ExposedTenant& exposed : scope.tenants) {
    if (query.tenant && exposed.tenant != *query.tenant) continue;
    found = true;
    ports.on_tenant(TRY(notify_tenant(by, scope, exposed, notifying)));
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

namespace {

// A notice whose scope or tenant is gone was real all the same.
Result<CheckedNotice> about(const Ports& ports, const store::BreachNotice& notice) {
  CheckedNotice out{notice, {}, notice.scope, {}};
  Result<ScopeQuery> query = kept_query(ports, notice.scope);
  if (!query && query.error().code == Errc::unavailable) return query.error();
  if (query) out.about = *std::move(query);
  const auto tenant =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::tenant_by_id(txn, notice.tenant); }));
  if (tenant) out.tenant_name = tenant->name;
  return out;
}

}  // namespace

void check_notice(const Ports& ports, std::string code, NoticeAct act, Done<std::optional<CheckedNotice>> done) {
  const auto found = notice_of_code(ports, code);
  if (!found) return done(found.error());
  if (!*found) return done(std::optional<CheckedNotice>());
  Result<CheckedNotice> checked = about(ports, **found);
  if (!checked) return done(checked.error());
  store::write(
      ports.store,
      [&ports, out = *std::move(checked), act](store::Txn& txn) -> Result<std::optional<CheckedNotice>> {
        const Instant now = ports.clock.now();
        // Whoever has its code was reached.
        TRY(store::mark_breach_notice(txn, out.notice, store::NoticeState::delivered, now));
        TRY(store::mark_breach_notice(txn, out.notice, store::NoticeState::opened, now));
        if (act == NoticeAct::acknowledge) {
          TRY(store::mark_breach_notice(txn, out.notice, store::NoticeState::acknowledged, now));
        }
        return std::optional(out);
      },
      std::move(done));
}

}  // namespace countersign::flow
