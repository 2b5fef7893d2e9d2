// What every engine answers about passkeys, budgets, protected accounts and incidents, and what goes with a user.
#include "store/protection.h"

#include "store/engines_test.h"
#include "store/passkeys.h"
#include "store/visits.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DATENANT");
const TenantId kOther = TenantId::trusted("DAOTHER");

class Protected : public Contract {
 protected:
  StoredIncident incident(int second) {
    return {.tenant = kTenant, .id = IncidentId::make(random_), .kind = "not_me", .user = UserId::make(random_),
            .opened = kNow + seconds(second), .closed = {}, .sealed_evidence = {6, 0, 6}};
  }
  void stored(const StoredIncident& incident) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_incident(txn, incident); }), std::nullopt);
  }
  void stored(const StoredCredential& credential) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_credential(txn, credential); }), std::nullopt);
  }
  StoredCredential credential_of(const Enrolment& enrolment, std::uint8_t digest) {
    return {.tenant = enrolment.tenant, .digest = {digest, 0}, .user = enrolment.user, .enrolment = enrolment.id};
  }
  bool known(std::uint8_t digest, const TenantId& tenant = kTenant) {
    return get([&](Txn& txn) { return credential_by_digest(txn, tenant, Bytes{digest, 0}); }).has_value();
  }
  Protection protection(const User& user) {
    return get([&](Txn& txn) { return protection_of(txn, user.tenant, user.id); });
  }
};

INSTANTIATE_TEST_SUITE_P(Store, Protected, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

TEST_P(Protected, APasskeyIsRegisteredOnceInATenant) {
  const Enrolment passkey = enrolment(user(kTenant, "alice"), "webauthn-platform", 0);
  StoredCredential made = credential_of(passkey, 1);
  stored(made);
  const auto found = get([&](Txn& txn) { return credential_by_digest(txn, kTenant, made.digest); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->digest, made.digest);
  EXPECT_EQ(found->user, made.user);
  EXPECT_EQ(found->enrolment, made.enrolment);
  EXPECT_EQ(write([&](Txn& txn) { return insert_credential(txn, made); }), Errc::conflict);
  EXPECT_FALSE(known(1, kOther));
  made.tenant = kOther;
  stored(made);
  ASSERT_EQ(write([&](Txn& txn) { return delete_credential_of(txn, kOther, made.enrolment); }), std::nullopt);
  EXPECT_FALSE(known(1, kOther));
  EXPECT_TRUE(known(1));
}

TEST_P(Protected, APasskeyGoesWithItsEnrolment) {
  const User alice = stored_user(kTenant, "alice");
  const Enrolment one = stored_enrolment(alice, "webauthn-platform", 0);
  const Enrolment two = stored_enrolment(alice, "webauthn-platform", 1);
  const Enrolment other = stored_enrolment(alice, "totp", 2);
  stored(credential_of(one, 1));
  stored(credential_of(two, 2));
  stored(credential_of(other, 3));
  EXPECT_FALSE(put([&](Txn& txn) { return delete_enrolment(txn, kOther, one.id); }));
  EXPECT_TRUE(known(1));
  EXPECT_TRUE(put([&](Txn& txn) { return delete_enrolment(txn, kTenant, one.id); }));
  EXPECT_FALSE(known(1));
  EXPECT_TRUE(known(2));
  ASSERT_EQ(write([&](Txn& txn) { return delete_enrolments(txn, kTenant, alice.id, "webauthn-platform"); }),
            std::nullopt);
  EXPECT_FALSE(known(2));
  EXPECT_TRUE(known(3));
}

TEST_P(Protected, APasskeyOfAPhoneGoesWithThePhone) {
  const User alice = stored_user(kTenant, "alice");
  const Phone hers = phone(alice, 0);
  Enrolment on_phone = enrolment(alice, "webauthn-platform", 0);
  on_phone.phone = hers.id;
  ASSERT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(insert_phone(txn, hers));
    TRY(insert_enrolment(txn, on_phone));
    return insert_credential(txn, credential_of(on_phone, 1));
  }), std::nullopt);
  stored(credential_of(stored_enrolment(alice, "webauthn-platform", 1), 2));
  EXPECT_FALSE(put([&](Txn& txn) { return delete_phone(txn, kOther, hers.id); }));
  EXPECT_TRUE(known(1));
  EXPECT_TRUE(put([&](Txn& txn) { return delete_phone(txn, kTenant, hers.id); }));
  EXPECT_FALSE(known(1));
  EXPECT_TRUE(known(2));
}

TEST_P(Protected, ABudgetIsWrittenByTheFastestOnly) {
  StoredFatigue budget{.tenant = kTenant, .owner = "net:0a", .state = "first", .touched = kNow};
  const auto put_one = [&] { return put([&](Txn& txn) { return put_fatigue(txn, budget); }); };
  const auto read_one = [&] { return get([&](Txn& txn) { return fatigue_of(txn, kTenant, "net:0a"); }); };
  EXPECT_FALSE(read_one());
  EXPECT_TRUE(put_one());
  EXPECT_FALSE(put_one());  // as if it were new
  ASSERT_TRUE(read_one());
  EXPECT_EQ(read_one()->state, "first");
  budget.version = read_one()->version;
  EXPECT_EQ(budget.version, 1);
  budget.state = "second";
  budget.touched = kNow + seconds(1);
  EXPECT_TRUE(put_one());
  EXPECT_FALSE(put_one());
  EXPECT_EQ(read_one()->state, "second");
  EXPECT_EQ(read_one()->touched, budget.touched);
  EXPECT_EQ(read_one()->version, 2);
}

TEST_P(Protected, ABudgetIsItsTenantsAlone) {
  StoredFatigue budget{.tenant = kTenant, .owner = "net:0a", .state = "mine", .touched = kNow};
  EXPECT_TRUE(put([&](Txn& txn) { return put_fatigue(txn, budget); }));
  EXPECT_FALSE(get([](Txn& txn) { return fatigue_of(txn, kOther, "net:0a"); }));
  budget.tenant = kOther;
  budget.version = 1;
  EXPECT_FALSE(put([&](Txn& txn) { return put_fatigue(txn, budget); }));
  EXPECT_EQ(get([](Txn& txn) { return fatigue_of(txn, kTenant, "net:0a"); })->version, 1);
}

TEST_P(Protected, OldBudgetsAreClearedOutAFewAtATime) {
  for (int i = 0; i < 5; ++i) {
    const StoredFatigue budget{.tenant = kTenant, .owner = "net:" + std::to_string(i), .state = "s",
                               .touched = kNow + seconds(i)};
    EXPECT_TRUE(put([&](Txn& txn) { return put_fatigue(txn, budget); }));
  }
  EXPECT_EQ(put([](Txn& txn) { return delete_fatigue_before(txn, kNow + seconds(4), 3); }), 3);
  EXPECT_EQ(put([](Txn& txn) { return delete_fatigue_before(txn, kNow + seconds(4), 3); }), 1);
}

TEST_P(Protected, AnAccountIsProtectedSinceTheFirstTime) {
  const User alice = stored_user(kTenant, "alice");
  const auto gate = [&] { return get([&](Txn& txn) { return user_gate(txn, kTenant, alice.id); })->protected_at; };
  EXPECT_FALSE(protection(alice).since);
  EXPECT_FALSE(gate());
  for (const int at : {0, 5}) {
    ASSERT_EQ(write([&](Txn& txn) { return protect_user(txn, kTenant, alice.id, kNow + seconds(at)); }), std::nullopt);
  }
  EXPECT_EQ(protection(alice).since, kNow);
  EXPECT_EQ(gate(), kNow);
  EXPECT_EQ(get([&](Txn& txn) { return user_by_id(txn, kTenant, alice.id); })->protected_at, kNow);
  EXPECT_EQ(get([&](Txn& txn) { return user_by_name(txn, kTenant, "alice"); })->protected_at, kNow);
  EXPECT_EQ(get([&](Txn& txn) { return users_page(txn, kTenant, "", 9); }).at(0).protected_at, kNow);
  ASSERT_EQ(write([&](Txn& txn) { return unprotect_user(txn, kTenant, alice.id); }), std::nullopt);
  EXPECT_FALSE(protection(alice).since);
  EXPECT_FALSE(gate());
}

TEST_P(Protected, NoOtherTenantProtectsOrFreesAnAccount) {
  const User alice = stored_user(kTenant, "alice");
  const auto both = [&](const TenantId& tenant) {
    ASSERT_EQ(write([&](Txn& txn) { return protect_user(txn, tenant, alice.id, kNow); }), std::nullopt);
    ASSERT_EQ(write([&](Txn& txn) { return note_passkey_shown(txn, tenant, alice.id, kNow); }), std::nullopt);
  };
  both(kOther);
  EXPECT_FALSE(protection(alice).since);
  EXPECT_FALSE(protection(alice).passkey_shown);
  both(kTenant);
  ASSERT_EQ(write([&](Txn& txn) { return unprotect_user(txn, kOther, alice.id); }), std::nullopt);
  EXPECT_EQ(protection(alice).since, kNow);
  EXPECT_EQ(protection(alice).passkey_shown, kNow);
  const auto foreign = read(*store_, [&](Txn& txn) { return protection_of(txn, kOther, alice.id); });
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, Errc::not_found);
}

TEST_P(Protected, TheLastPasskeyShownMovesForwardOnly) {
  const User alice = stored_user(kTenant, "alice");
  for (const int at : {5, 3}) {
    ASSERT_EQ(write([&](Txn& txn) { return note_passkey_shown(txn, kTenant, alice.id, kNow + seconds(at)); }),
              std::nullopt);
  }
  EXPECT_EQ(protection(alice).passkey_shown, kNow + seconds(5));
}

TEST_P(Protected, AnIncidentIsItsTenantsAlone) {
  const StoredIncident made = incident(0);
  stored(made);
  EXPECT_EQ(write([&](Txn& txn) { return insert_incident(txn, made); }), Errc::conflict);
  const auto found = get([&](Txn& txn) { return incident_by_id(txn, kTenant, made.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, "not_me");
  EXPECT_EQ(found->user, made.user);
  EXPECT_EQ(found->opened, kNow);
  EXPECT_FALSE(found->closed);
  EXPECT_EQ(found->sealed_evidence, made.sealed_evidence);
  EXPECT_FALSE(get([&](Txn& txn) { return incident_by_id(txn, kOther, made.id); }));
  EXPECT_TRUE(get([](Txn& txn) { return incidents_page(txn, kOther, kNow + seconds(9), 9); }).empty());
}

TEST_P(Protected, AnIncidentIsClosedOnceOnTheVersionRead) {
  StoredIncident made = incident(0);
  stored(made);
  const auto close = [&](const StoredIncident& one) { return put([&](Txn& txn) { return close_incident(txn, one); }); };
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(close_incident(txn, made));
    return {};
  }), Errc::malformed);
  made.closed = kNow + seconds(1);
  StoredIncident foreign = made;
  foreign.tenant = kOther;
  EXPECT_FALSE(close(foreign));
  EXPECT_TRUE(close(made));
  EXPECT_FALSE(close(made));
  made.version = 1;
  made.closed = kNow + seconds(9);
  EXPECT_FALSE(close(made));
  EXPECT_EQ(get([&](Txn& txn) { return incident_by_id(txn, kTenant, made.id); })->closed, kNow + seconds(1));
}

TEST_P(Protected, IncidentsComeNewestFirst) {
  for (const int at : {1, 3, 2}) stored(incident(at));
  const auto page = get([](Txn& txn) { return incidents_page(txn, kTenant, kNow + seconds(9), 2); });
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].opened, kNow + seconds(3));
  EXPECT_EQ(page[1].opened, kNow + seconds(2));
  const auto rest = get([](Txn& txn) { return incidents_page(txn, kTenant, kNow + seconds(2), 2); });
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].opened, kNow + seconds(1));
}

// What belongs to a user in every table of the prompt, and an incident, with `n` in every digest.
struct Belongings {
  StoredVisit visit;
  StoredCredential credential;
  Session session;
  StoredIncident incident;
};

TEST_P(Protected, AUserGoesWithAllThatIsHisButIncidents) {
  const auto settle = [&](const User& of, std::uint8_t n) {
    Belongings all{
        .visit = {.tenant = kTenant, .id = VisitId::make(random_), .app = {}, .user = of.id, .state = "open",
                  .sealed_context = {}, .created = kNow, .expires = kNow},
        .credential = {.tenant = kTenant, .digest = {n, 0}, .user = of.id, .enrolment = EnrolmentId::make(random_)},
        .session = {.tenant = kTenant, .digest = {n}, .face = "portal", .user = of.id, .sealed_context = {},
                    .created = kNow, .expires = kNow},
        .incident = incident(0)};
    all.incident.user = of.id;
    EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
      TRY(insert_visit(txn, all.visit));
      TRY(insert_credential(txn, all.credential));
      TRY(insert_session(txn, all.session));
      TRY(insert_incident(txn, all.incident));
      TRY(put_known_browser(txn, {.tenant = kTenant, .user = of.id, .browser = BrowserId::make(random_),
                                  .app = AppId::make(random_), .remembered_until = {}}));
      TRY(put_known_host(txn, kTenant, of.id, Bytes{n}, kNow));
      TRY(put_fatigue(txn, {.tenant = kTenant, .owner = of.id.text(), .state = "s"}));
      return {};
    }), std::nullopt);
    return all;
  };
  const auto left = [&](const User& of, const Belongings& all, std::uint8_t n) {
    return get([&](Txn& txn) -> Result<int> {
      int there = 0;
      there += TRY(visit_by_id(txn, all.visit.id)).has_value();
      there += TRY(credential_by_digest(txn, kTenant, all.credential.digest)).has_value();
      there += TRY(session_by_digest(txn, kTenant, "portal", all.session.digest)).has_value();
      there += !TRY(known_browsers_of(txn, kTenant, of.id)).empty();
      there += TRY(is_known_host(txn, kTenant, of.id, Bytes{n}));
      there += TRY(fatigue_of(txn, kTenant, of.id.text())).has_value();
      return there;
    });
  };
  const User alice = stored_user(kTenant, "alice");
  const User bob = stored_user(kTenant, "bob");
  const Belongings hers = settle(alice, 1);
  const Belongings his = settle(bob, 2);
  EXPECT_EQ(left(alice, hers, 1), 6);
  EXPECT_FALSE(put([&](Txn& txn) { return delete_user(txn, kOther, alice.id); }));
  EXPECT_EQ(left(alice, hers, 1), 6);
  EXPECT_TRUE(put([&](Txn& txn) { return delete_user(txn, kTenant, alice.id); }));
  EXPECT_EQ(left(alice, hers, 1), 0);
  EXPECT_EQ(left(bob, his, 2), 6);
  EXPECT_TRUE(get([&](Txn& txn) { return incident_by_id(txn, kTenant, hers.incident.id); }));
}

}  // namespace
}  // namespace countersign::store
