// What every engine answers, table by table.
#include "store/engines_test.h"

namespace countersign::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Store, Contract, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

const TenantId kTenant = TenantId::trusted("DATENANT");
const TenantId kOther = TenantId::trusted("DAOTHER");

TEST_P(Contract, GivesATenantBackAsStored) {
  Tenant stored = tenant("Acme");
  stored.parent = TenantId::trusted("DAPARENT");
  stored.logo_png = {0x89, 'P', 0, 'G'};
  ASSERT_EQ(write([&](Txn& txn) { return insert_tenant(txn, stored); }), std::nullopt);
  const auto found = get([&](Txn& txn) { return tenant_by_name(txn, "Acme"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, stored.id);
  EXPECT_EQ(found->parent, stored.parent);
  EXPECT_EQ(found->logo_png, stored.logo_png);
  EXPECT_EQ(found->created, kNow);
  EXPECT_EQ(get([&](Txn& txn) { return tenant_by_id(txn, stored.id); })->name, "Acme");
  EXPECT_FALSE(get([&](Txn& txn) { return tenant_by_id(txn, kOther); }));
}

TEST_P(Contract, RefusesASecondTenantOfOneName) {
  ASSERT_EQ(write([&](Txn& txn) { return insert_tenant(txn, tenant("Acme")); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_tenant(txn, tenant("Acme")); }), Errc::conflict);
  EXPECT_EQ(get([](Txn& txn) { return tenants(txn); }).size(), 1u);
}

TEST_P(Contract, ChangesATenantOnTheVersionReadOnly) {
  Tenant stored = tenant("Acme");
  ASSERT_EQ(write([&](Txn& txn) { return insert_tenant(txn, stored); }), std::nullopt);
  stored.name = "Acme Inc";
  EXPECT_TRUE(put([&](Txn& txn) { return update_tenant(txn, stored); }));
  EXPECT_FALSE(put([&](Txn& txn) { return update_tenant(txn, stored); }));
  EXPECT_EQ(get([&](Txn& txn) { return tenant_by_id(txn, stored.id); })->version, 1);
}

TEST_P(Contract, FindsAnApplicationByItsKeyAlone) {
  const Application stored{.tenant = kTenant, .id = AppId::make(random_), .type = AppType::websdk, .name = "VPN",
                           .signatures = {.allow_v1 = true, .allow_sha1 = false}, .sealed_secret = {0, 1},
                           .created = kNow, .redirect_uris = {"https://vpn.example/cb", "http://localhost:3000/"}};
  ASSERT_EQ(write([&](Txn& txn) { return insert_app(txn, stored); }), std::nullopt);
  auto found = get([&](Txn& txn) { return app_by_id(txn, stored.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, kTenant);
  EXPECT_EQ(found->type, AppType::websdk);
  EXPECT_TRUE(found->enabled);
  EXPECT_TRUE(found->signatures.allow_v1);
  EXPECT_FALSE(found->signatures.allow_sha1);
  EXPECT_EQ(found->sealed_secret, stored.sealed_secret);
  EXPECT_EQ(found->redirect_uris, stored.redirect_uris);
  EXPECT_TRUE(get([&](Txn& txn) { return app_by_name(txn, kTenant, "VPN"); }));
  EXPECT_FALSE(get([&](Txn& txn) { return app_by_name(txn, kOther, "VPN"); }));
  EXPECT_EQ(get([&](Txn& txn) { return apps(txn, kTenant); }).size(), 1u);
  EXPECT_TRUE(get([&](Txn& txn) { return apps(txn, kOther); }).empty());
  found->enabled = false;
  found->redirect_uris.clear();
  EXPECT_TRUE(put([&](Txn& txn) { return update_app(txn, *found); }));
  EXPECT_FALSE(put([&](Txn& txn) { return update_app(txn, *found); }));
  EXPECT_TRUE(get([&](Txn& txn) { return app_by_id(txn, stored.id); })->redirect_uris.empty());
}

TEST_P(Contract, RefusesAnIntegrationKeyThatAnotherTenantHas) {
  Application app{.tenant = kTenant, .id = AppId::make(random_), .name = "a", .signatures = {},
                  .sealed_secret = {}, .created = kNow};
  ASSERT_EQ(write([&](Txn& txn) { return insert_app(txn, app); }), std::nullopt);
  app.tenant = kOther;
  EXPECT_EQ(write([&](Txn& txn) { return insert_app(txn, app); }), Errc::conflict);
}

TEST_P(Contract, CollectsThePoliciesOfTenantApplicationAndTheUsersGroups) {
  const User alice = stored_user(kTenant, "alice");
  const Group mine = group(kTenant, "mine");
  const AppId app = AppId::make(random_);
  const auto put_one = [&](const TenantId& of, PolicyScope scope, const std::string& owner) {
    ASSERT_EQ(write([&](Txn& txn) { return put_policy(txn, of, {scope, owner, owner + " says"}); }), std::nullopt);
  };
  ASSERT_EQ(write([&](Txn& txn) { return join_group(txn, kTenant, mine.id, alice.id); }), std::nullopt);
  put_one(kTenant, PolicyScope::tenant, kTenant.text());
  put_one(kTenant, PolicyScope::app, app.text());
  put_one(kTenant, PolicyScope::app, "DIANOTHER");
  put_one(kTenant, PolicyScope::group, mine.id.text());
  put_one(kTenant, PolicyScope::group, "DGNOTMINE");
  put_one(kOther, PolicyScope::tenant, kOther.text());
  put_one(kOther, PolicyScope::app, app.text());
  put_one(kOther, PolicyScope::group, mine.id.text());
  const auto found = get([&](Txn& txn) { return policies_for(txn, kTenant, app, alice.id); });
  ASSERT_EQ(found.size(), 3u);
  for (const StoredPolicy& policy : found) EXPECT_EQ(policy.text, policy.owner + " says");
}

TEST_P(Contract, ReplacesAPolicy) {
  for (const char* text : {"first", "second"}) {
    ASSERT_EQ(write([&](Txn& txn) { return put_policy(txn, kTenant, {PolicyScope::app, "DIX", text}); }), std::nullopt);
  }
  EXPECT_EQ(get([](Txn& txn) { return policy_of(txn, kTenant, PolicyScope::app, "DIX"); })->text, "second");
  EXPECT_FALSE(get([](Txn& txn) { return policy_of(txn, kTenant, PolicyScope::group, "DIX"); }));
  EXPECT_FALSE(get([](Txn& txn) { return policy_of(txn, kOther, PolicyScope::app, "DIX"); }));
}

TEST_P(Contract, FindsAUserByCanonicalNameWithGroups) {
  User stored = user(kTenant, "Zoë\\Alice");
  stored.email = "a@example.org";
  stored.status = UserStatus::bypass;
  stored.groups = {group(kTenant, "a").id, group(kTenant, "b").id};
  stored.last_login = kNow;
  ASSERT_EQ(write([&](Txn& txn) { return insert_user(txn, stored); }), std::nullopt);
  const auto found = get([&](Txn& txn) { return user_by_name(txn, kTenant, "zoë\\alice"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, stored.id);
  EXPECT_EQ(found->username, "Zoë\\Alice");
  EXPECT_EQ(found->email, "a@example.org");
  EXPECT_EQ(found->status, UserStatus::bypass);
  EXPECT_EQ(found->groups.size(), 2u);
  EXPECT_EQ(found->last_login, kNow);
  EXPECT_FALSE(found->failures.locked_at);
  EXPECT_EQ(get([&](Txn& txn) { return user_by_id(txn, kTenant, stored.id); })->groups.size(), 2u);
}

TEST_P(Contract, HidesUsersFromOtherTenants) {
  const User alice = stored_user(kTenant, "alice");
  EXPECT_FALSE(get([&](Txn& txn) { return user_by_id(txn, kOther, alice.id); }));
  EXPECT_FALSE(get([&](Txn& txn) { return user_by_name(txn, kOther, "alice"); }));
  EXPECT_FALSE(get([&](Txn& txn) { return user_gate(txn, kOther, alice.id); }));
  EXPECT_TRUE(get([&](Txn& txn) { return users_page(txn, kOther, "", 10); }).empty());
  User foreign = alice;
  foreign.tenant = kOther;
  EXPECT_FALSE(put([&](Txn& txn) { return update_user(txn, foreign); }));
  EXPECT_FALSE(put([&](Txn& txn) { return delete_user(txn, kOther, alice.id); }));
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(add_failure(txn, kOther, alice.id, 1, kNow));
    return {};
  }), Errc::not_found);
  EXPECT_TRUE(get([&](Txn& txn) { return user_by_id(txn, kTenant, alice.id); }));
}

TEST_P(Contract, RefusesASecondUserOfOneCanonicalName) {
  stored_user(kTenant, "alice");
  EXPECT_EQ(write([&](Txn& txn) { return insert_user(txn, user(kTenant, "ALICE")); }), Errc::conflict);
  EXPECT_EQ(write([&](Txn& txn) { return insert_user(txn, user(kOther, "ALICE")); }), std::nullopt);
}

TEST_P(Contract, PagesUsersInBinaryOrderOfName) {
  for (const char* name : {"b", "Z", "a_b", "ab", "ä", "a-b"}) stored_user(kTenant, name);
  std::vector<std::string> seen;
  for (std::string after;;) {
    const auto page = get([&](Txn& txn) { return users_page(txn, kTenant, after, 2); });
    if (page.empty()) break;
    ASSERT_LE(page.size(), 2u);
    for (const User& found : page) seen.push_back(found.username);
    after = seen.back();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a-b", "a_b", "ab", "b", "Z", "ä"}));
}

TEST_P(Contract, DeletesAUserWithEverythingBound) {
  User alice = stored_user(kTenant, "alice");
  const User bob = stored_user(kTenant, "bob");
  const Phone hers = phone(alice, 0);
  const Phone his = phone(bob, 0);
  ASSERT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(insert_phone(txn, hers));
    TRY(insert_phone(txn, his));
    TRY(insert_enrolment(txn, enrolment(alice, "totp", 0)));
    TRY(insert_enrolment(txn, enrolment(bob, "totp", 0)));
    TRY(insert_attempt(txn, attempt(alice)));
    TRY(join_group(txn, kTenant, GroupId::trusted("DGX"), alice.id));
    return {};
  }), std::nullopt);
  EXPECT_TRUE(put([&](Txn& txn) { return delete_user(txn, kTenant, alice.id); }));
  EXPECT_FALSE(get([&](Txn& txn) { return user_by_id(txn, kTenant, alice.id); }));
  EXPECT_FALSE(get([&](Txn& txn) { return phone_of_device(txn, hers.id); }));
  EXPECT_TRUE(get([&](Txn& txn) { return enrolments_of(txn, kTenant, alice.id); }).empty());
  EXPECT_FALSE(get([&](Txn& txn) { return open_attempt_of(txn, kTenant, alice.id); }));
  EXPECT_TRUE(get([&](Txn& txn) { return phone_of_device(txn, his.id); }));
  EXPECT_EQ(get([&](Txn& txn) { return enrolments_of(txn, kTenant, bob.id); }).size(), 1u);
}

TEST_P(Contract, LocksAtTheThresholdAndForgets) {
  const User alice = stored_user(kTenant, "alice");
  const auto fail = [&](Instant now) {
    return put([&](Txn& txn) { return add_failure(txn, kTenant, alice.id, 2, now); });
  };
  const auto gate = [&] { return *get([&](Txn& txn) { return user_gate(txn, kTenant, alice.id); }); };
  EXPECT_EQ(fail(kNow), 1);
  EXPECT_FALSE(gate().failures.locked_at);
  EXPECT_EQ(fail(kNow + seconds(1)), 2);
  EXPECT_EQ(gate().failures.locked_at, kNow + seconds(1));
  EXPECT_EQ(fail(kNow + seconds(9)), 3);  // after a lock that ran out: locked anew
  EXPECT_EQ(gate().failures.locked_at, kNow + seconds(9));
  ASSERT_EQ(write([&](Txn& txn) { return clear_failures(txn, kTenant, alice.id); }), std::nullopt);
  EXPECT_EQ(gate().failures.count, 0);
  EXPECT_FALSE(gate().failures.locked_at);
}

TEST_P(Contract, MovesTheLastLoginForwardOnly) {
  const User alice = stored_user(kTenant, "alice");
  for (const int at : {5, 3}) {
    ASSERT_EQ(write([&](Txn& txn) { return touch_login(txn, kTenant, alice.id, kNow + seconds(at)); }), std::nullopt);
  }
  EXPECT_EQ(get([&](Txn& txn) { return user_by_id(txn, kTenant, alice.id); })->last_login, kNow + seconds(5));
}

TEST_P(Contract, KeepsGroupsAndTheirMembersApartByTenant) {
  const User alice = stored_user(kTenant, "alice");
  Group staff = group(kTenant, "staff");
  ASSERT_EQ(write([&](Txn& txn) { return insert_group(txn, staff); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_group(txn, group(kTenant, "staff")); }), Errc::conflict);
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_EQ(write([&](Txn& txn) { return join_group(txn, kTenant, staff.id, alice.id); }), std::nullopt);
  }
  EXPECT_EQ(get([&](Txn& txn) { return groups_of(txn, kTenant, alice.id); }).size(), 1u);
  EXPECT_TRUE(get([&](Txn& txn) { return groups_of(txn, kOther, alice.id); }).empty());
  EXPECT_FALSE(get([&](Txn& txn) { return group_by_id(txn, kOther, staff.id); }));
  EXPECT_EQ(get([&](Txn& txn) { return group_by_name(txn, kTenant, "staff"); })->id, staff.id);
  staff.status = UserStatus::disabled;
  EXPECT_TRUE(put([&](Txn& txn) { return update_group(txn, staff); }));
  EXPECT_EQ(get([&](Txn& txn) { return groups(txn, kTenant); }).front().status, UserStatus::disabled);
  EXPECT_TRUE(put([&](Txn& txn) { return leave_group(txn, kTenant, staff.id, alice.id); }));
  EXPECT_FALSE(put([&](Txn& txn) { return leave_group(txn, kTenant, staff.id, alice.id); }));
}

TEST_P(Contract, GivesPhonesOldestFirst) {
  const User alice = stored_user(kTenant, "alice");
  Phone younger = phone(alice, 2);
  const Phone older = phone(alice, 1);
  for (const Phone& one : {younger, older}) {
    ASSERT_EQ(write([&](Txn& txn) { return insert_phone(txn, one); }), std::nullopt);
  }
  const auto found = get([&](Txn& txn) { return phones_of(txn, kTenant, alice.id); });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, older.id);
  EXPECT_EQ(found[0].sealed_number, older.sealed_number);
  EXPECT_EQ(found[0].masked, "XXX-XXX-0100");
  EXPECT_FALSE(get([&](Txn& txn) { return phone_by_id(txn, kOther, older.id); }));
  EXPECT_EQ(get([&](Txn& txn) { return phone_of_device(txn, older.id); })->tenant, kTenant);
  younger.activated = true;
  younger.last_seen = kNow;
  EXPECT_TRUE(put([&](Txn& txn) { return update_phone(txn, younger); }));
  EXPECT_FALSE(put([&](Txn& txn) { return update_phone(txn, younger); }));
  EXPECT_TRUE(get([&](Txn& txn) { return phone_by_id(txn, kTenant, younger.id); })->activated);
}

TEST_P(Contract, DeletesAPhoneWithItsEnrolments) {
  const User alice = stored_user(kTenant, "alice");
  const Phone mine = phone(alice, 0);
  Enrolment push = enrolment(alice, "push", 0);
  push.phone = mine.id;
  ASSERT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(insert_phone(txn, mine));
    TRY(insert_enrolment(txn, push));
    return insert_enrolment(txn, enrolment(alice, "totp", 1));
  }), std::nullopt);
  EXPECT_EQ(get([&](Txn& txn) { return enrolment_of_phone(txn, kTenant, mine.id, "push"); })->id, push.id);
  EXPECT_FALSE(get([&](Txn& txn) { return enrolment_of_phone(txn, kTenant, mine.id, "hotp"); }));
  EXPECT_FALSE(put([&](Txn& txn) { return delete_phone(txn, kOther, mine.id); }));
  EXPECT_TRUE(put([&](Txn& txn) { return delete_phone(txn, kTenant, mine.id); }));
  EXPECT_EQ(get([&](Txn& txn) { return enrolments_of(txn, kTenant, alice.id); }).size(), 1u);
}

TEST_P(Contract, AdvancesAnEnrolmentOncePerVersion) {
  const User alice = stored_user(kTenant, "alice");
  const Enrolment read = stored_enrolment(alice, "totp", 0);
  const Bytes next = {0, 42};
  EXPECT_TRUE(put([&](Txn& txn) { return advance_enrolment(txn, read, next, kNow); }));
  EXPECT_FALSE(put([&](Txn& txn) { return advance_enrolment(txn, read, next, kNow); }));
  const auto found = get([&](Txn& txn) { return enrolment_by_id(txn, kTenant, read.id); });
  EXPECT_EQ(found->sealed_state, next);
  EXPECT_EQ(found->version, 1);
  EXPECT_EQ(found->last_used, kNow);
  EXPECT_FALSE(get([&](Txn& txn) { return enrolment_by_id(txn, kOther, read.id); }));
}

TEST_P(Contract, RelabelsAnEnrolmentOncePerVersion) {
  const Enrolment read = stored_enrolment(stored_user(kTenant, "alice"), "webauthn-roaming", 0);
  EXPECT_TRUE(put([&](Txn& txn) { return relabel_enrolment(txn, read, "Blue key"); }));
  EXPECT_FALSE(put([&](Txn& txn) { return relabel_enrolment(txn, read, "Red key"); }));
  const auto found = get([&](Txn& txn) { return enrolment_by_id(txn, kTenant, read.id); });
  EXPECT_EQ(found->label, "Blue key");
  EXPECT_EQ(found->version, 1);
  EXPECT_EQ(found->sealed_state, read.sealed_state);
}

TEST_P(Contract, DeletesEnrolmentsByKind) {
  const User alice = stored_user(kTenant, "alice");
  for (int i = 0; i < 3; ++i) stored_enrolment(alice, "bypass", i);
  const Enrolment totp = stored_enrolment(alice, "totp", 9);
  ASSERT_EQ(write([&](Txn& txn) { return delete_enrolments(txn, kTenant, alice.id, "bypass"); }), std::nullopt);
  ASSERT_EQ(get([&](Txn& txn) { return enrolments_of(txn, kTenant, alice.id); }).size(), 1u);
  EXPECT_FALSE(put([&](Txn& txn) { return delete_enrolment(txn, kOther, totp.id); }));
  EXPECT_TRUE(put([&](Txn& txn) { return delete_enrolment(txn, kTenant, totp.id); }));
}

TEST_P(Contract, HoldsOneOpenAttemptOfAUser) {
  const User alice = stored_user(kTenant, "alice");
  StoredAttempt first = attempt(alice);
  ASSERT_EQ(write([&](Txn& txn) { return insert_attempt(txn, first); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_attempt(txn, attempt(alice)); }), Errc::conflict);
  EXPECT_EQ(get([&](Txn& txn) { return open_attempt_of(txn, kTenant, alice.id); })->id, first.id);
  EXPECT_EQ(get([&](Txn& txn) { return open_attempts_of_phone(txn, kTenant, first.phone); }).size(), 1u);
  EXPECT_TRUE(get([&](Txn& txn) { return open_attempts_of_phone(txn, kOther, first.phone); }).empty());
  first.state = "allowed";
  EXPECT_TRUE(put([&](Txn& txn) { return update_attempt(txn, first); }));
  EXPECT_FALSE(put([&](Txn& txn) { return update_attempt(txn, first); }));
  EXPECT_EQ(write([&](Txn& txn) { return insert_attempt(txn, attempt(alice)); }), std::nullopt);
  const auto ended = get([&](Txn& txn) { return attempt_by_id(txn, kTenant, first.id); });
  EXPECT_EQ(ended->state, "allowed");
  EXPECT_EQ(ended->sealed_context, first.sealed_context);
  EXPECT_FALSE(get([&](Txn& txn) { return attempt_by_id(txn, kOther, first.id); }));
}

TEST_P(Contract, ClearsOutAttemptsThatRanOut) {
  for (int i = 0; i < 5; ++i) {
    StoredAttempt one = attempt(stored_user(kTenant, "user" + std::to_string(i)));
    one.expires = kNow + seconds(i);
    ASSERT_EQ(write([&](Txn& txn) { return insert_attempt(txn, one); }), std::nullopt);
  }
  EXPECT_EQ(get([](Txn& txn) { return run_out_attempts(txn, kNow + seconds(1), 10); }).size(), 2u);
  EXPECT_EQ(put([](Txn& txn) { return delete_attempts_before(txn, kNow + seconds(4), 3); }), 3);
  EXPECT_EQ(put([](Txn& txn) { return delete_attempts_before(txn, kNow + seconds(4), 3); }), 1);
}

TEST_P(Contract, UsesAnActivationOnce) {
  const Activation stored{.tenant = kTenant, .digest = {0, 1, 2}, .user = UserId::make(random_),
                          .phone = PhoneId::make(random_), .expires = kNow, .used = {}};
  ASSERT_EQ(write([&](Txn& txn) { return insert_activation(txn, stored); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_activation(txn, stored); }), Errc::conflict);
  EXPECT_TRUE(put([&](Txn& txn) { return use_activation(txn, stored, kNow); }));
  EXPECT_FALSE(put([&](Txn& txn) { return use_activation(txn, stored, kNow); }));
  const auto found = get([&](Txn& txn) { return activation_by_digest(txn, stored.digest); });
  EXPECT_EQ(found->phone, stored.phone);
  EXPECT_EQ(found->used, kNow);
  EXPECT_FALSE(get([](Txn& txn) { return activation_by_digest(txn, Bytes{9}); }));
}

TEST_P(Contract, ForgetsRememberedDevices) {
  const User alice = stored_user(kTenant, "alice");
  const RememberedDevice stored{.tenant = kTenant, .digest = {1, 0}, .user = alice.id, .app = AppId::make(random_),
                                .expires = kNow};
  ASSERT_EQ(write([&](Txn& txn) { return insert_remembered(txn, stored); }), std::nullopt);
  EXPECT_EQ(get([&](Txn& txn) { return remembered_by_digest(txn, kTenant, stored.digest); })->app, stored.app);
  EXPECT_FALSE(get([&](Txn& txn) { return remembered_by_digest(txn, kOther, stored.digest); }));
  ASSERT_EQ(write([&](Txn& txn) { return forget_remembered(txn, kTenant, alice.id); }), std::nullopt);
  EXPECT_FALSE(get([&](Txn& txn) { return remembered_by_digest(txn, kTenant, stored.digest); }));
}

}  // namespace
}  // namespace countersign::store
