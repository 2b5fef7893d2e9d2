// What a tenant is handed: exactly the exposed rows, provable, and nothing of anybody else.
#include "flow/bundle.h"

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/history/export.h"
#include "core/ledger/proof.h"
#include "flow/checkpoints.h"
#include "flow/close_epochs.h"
#include "flow/ledger.h"
#include "flow/sign_in.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

class Bundle : public ::testing::Test {
 protected:
  testing::SmallWorld world_;
  const Ports& ports_ = *world_.ports;
  Administration by_{ports_, {}};
  Tenant other_ = world_.add_tenant("Quite Another Company");
  std::map<std::string, std::map<std::string, std::string>> written_;  // by tenant and path

  void write_event(const TenantId& tenant, const std::string& user) {
    record::AuthEvent event;
    event.id = EventId::make(world_.random);
    event.tenant = tenant;
    event.at = world_.clock.now();
    event.user_key = event.user_name = user;
    const auto row = seal_event(ports_, event);
    ASSERT_TRUE(row);
    world_.write([&](store::Txn& txn) { return store::append_history(txn, *row); });
  }
  void read(const TenantId& tenant) {
    const Reader thief{.actor = {.kind = "operator", .credential = "c_77"}, .purpose = "support"};
    ASSERT_TRUE(read_history(ports_, thief, {.tenant = tenant}, [](const OpenedEvent&) { return true; }));
  }
  std::string kept() {
    auto scope = find_scope(
        ports_, {.by = ScopeBy::credential, .value = "c_77", .from = Instant(), .to = world_.clock.now() + seconds(1)});
    EXPECT_TRUE(scope) << scope.error().what;
    const auto id = keep_scope(by_, *scope);
    EXPECT_TRUE(id) << id.error().what;
    return *id;
  }
  Result<void> make(const BundleQuery& query) {
    const WriteLetters letters = [](const BundleFacts& facts) {
      return Result<std::vector<BundleFile>>(std::vector<BundleFile>{{"letter.txt", "Dear " + facts.tenant.name}});
    };
    return each_bundle(by_, query, letters, [&](const TenantId& tenant, const BundleFile& file) -> Result<void> {
      EXPECT_TRUE(written_[tenant.text()].emplace(file.path, file.content).second) << file.path;
      return {};
    });
  }
  void publish() { ASSERT_TRUE(publish_checkpoints(ports_, nullptr)); }
};

TEST_F(Bundle, HoldsTheRowsThatLeftAndNoOther) {
  write_event(world_.tenant.id, "ada");
  write_event(world_.tenant.id, "bob");
  read(world_.tenant.id);
  write_event(world_.tenant.id, "cy");
  write_event(other_.id, "dan");
  read(other_.id);
  publish();
  const auto made = make({.scope = kept()});
  ASSERT_TRUE(made) << made.error().what;
  ASSERT_EQ(written_.size(), 2u);
  auto& files = written_.at(world_.tenant.id.text());
  std::string_view text = files.at("exposed.mfae");
  int rows = 0, epochs = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto line = history::decode_export_line(text.substr(0, end));
    ASSERT_TRUE(line) << line.error().what;
    rows += std::holds_alternative<history::ExportRow>(*line);
    if (const auto* epoch = std::get_if<history::ExportEpoch>(&*line)) {
      ++epochs;
      EXPECT_TRUE(epoch->trailer.empty());  // not all of its rows are here
    }
    EXPECT_FALSE(std::holds_alternative<history::ExportDay>(*line));  // nothing that opens
    text.remove_prefix(end + 1);
  }
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(epochs, 1);
  EXPECT_TRUE(files.contains("manifest.note") && files.contains("regulator-gdpr33.json"));
}

TEST_F(Bundle, NamesNoOtherTenant) {
  write_event(world_.tenant.id, "ada");
  write_event(other_.id, "dan");
  read(world_.tenant.id);
  read(other_.id);
  publish();
  ASSERT_TRUE(make({.scope = kept()}));
  for (const auto& [path, content] : written_.at(world_.tenant.id.text())) {
    for (const std::string& name : {other_.id.text(), other_.name}) {
      EXPECT_EQ(content.find(name), std::string::npos) << path;
      for (const auto alphabet : {codec::Base64::url, codec::Base64::padded}) {
        EXPECT_EQ(content.find(codec::to_base64(alphabet, bytes_of(name)).substr(0, 12)), std::string::npos) << path;
      }
    }
  }
}

TEST_F(Bundle, ProvesEveryReadUnderItsManifest) {
  write_event(world_.tenant.id, "ada");
  read(world_.tenant.id);
  publish();
  ASSERT_TRUE(make({.scope = kept(), .tenant = world_.tenant.id}));
  auto& files = written_.at(world_.tenant.id.text());
  const auto log = log_name(ports_);
  const auto policy = ledger::parse_policy("log " + log->key.text() + "\nquorum none\n");
  ASSERT_TRUE(policy);
  int proofs = 0;
  for (const auto& [path, content] : files) {
    if (!path.starts_with("proofs/")) continue;
    const auto proof = ledger::parse_event_proof(content);
    ASSERT_TRUE(proof);
    EXPECT_TRUE(ledger::verify_event_proof(*proof, *policy));
    ++proofs;
  }
  EXPECT_EQ(proofs, 1);
  const auto note = ledger::parse_note(files.at("manifest.note"));
  const auto key = log->key.named(log->origin + std::string(kManifestKey));
  ASSERT_TRUE(ledger::verify_note(*note, {*key}));
  const auto json = codec::parse_json(files.at("manifest.json"));
  EXPECT_EQ(json->find("files")->items().size() + 2, files.size());  // all but itself and its note
}

TEST_F(Bundle, IsInTheTenantsLedgerBeforeItLeaves) {
  write_event(world_.tenant.id, "ada");
  read(world_.tenant.id);
  publish();
  const std::string scope = kept();
  int seen = 0;
  const WriteLetters none = [](const BundleFacts&) {
    return Result<std::vector<BundleFile>>(std::vector<BundleFile>());
  };
  const auto stopped =
      each_bundle(by_, {.scope = scope}, none, [&](const TenantId&, const BundleFile&) -> Result<void> {
        ++seen;
        return Error{Errc::unavailable, "gone"};
      });
  EXPECT_EQ(stopped.error().code, Errc::unavailable);
  EXPECT_EQ(seen, 1);
  const auto found = find_scope(ports_, {.by = ScopeBy::credential,
                                         .value = by_.actor.credential,
                                         .from = Instant(),
                                         .to = world_.clock.now() + seconds(1)});
  EXPECT_GE(found->tenants.at(0).returned, 1u);
}

TEST_F(Bundle, IsOfOneOfItsTenantsOnly) {
  write_event(world_.tenant.id, "ada");
  read(world_.tenant.id);
  publish();
  const std::string scope = kept();
  EXPECT_EQ(make({.scope = scope, .tenant = other_.id}).error().code, Errc::not_found);
  EXPECT_EQ(make({.scope = "SC222222222222222222"}).error().code, Errc::not_found);
  EXPECT_TRUE(written_.empty());
}

TEST_F(Bundle, WaitsForAPublishedHead) {
  write_event(world_.tenant.id, "ada");
  read(world_.tenant.id);
  EXPECT_EQ(make({.scope = kept()}).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace countersign::flow
