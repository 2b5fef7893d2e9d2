#include "core/ledger/note.h"

#include <gtest/gtest.h>

#include "core/codec/hex.h"
#include "core/ledger/checkpoint.h"
#include "testing/vectors.h"

namespace countersign::ledger {
namespace {

using countersign::testing::load_vectors;
using nlohmann::json;

constexpr std::string_view kText = "first line\n\nthird line\n";

SigningKey key_of(std::uint8_t seed, std::string_view name, KeyType type = KeyType::ed25519) {
  auto key = *crypto::Ed25519Key::from_seed(Bytes(32, seed));
  auto verifier = *VerifierKey::make(name, type, key.public_key());
  return {std::move(verifier), std::move(key)};
}

Note signed_by(const SigningKey& key, std::string_view text = kText) {
  return {std::string(text), {*sign_note(text, key.verifier, sign_with(key.key))}};
}

TEST(Note, AgreesWithThePublishedKeys) {
  const auto file = load_vectors("tlog/signed-note.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  int good = 0, bad = 0;
  for (const auto& v : (*file)["verifierKeys"]) {
    const std::string text = v["vkey"];
    const auto key = VerifierKey::parse(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(key->text(), text);
    ++good;
  }
  for (const auto& v : (*file)["badVerifierKeys"]) {
    const auto key = VerifierKey::parse(v["vkey"].get<std::string>());
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, v["why"] == "unknown algorithm, hash adjusted" ? Errc::refused : Errc::malformed);
    ++bad;
  }
  EXPECT_EQ(good, 3);
  EXPECT_EQ(bad, 2);
}

TEST(Note, SignsAsPublished) {
  const auto file = load_vectors("tlog/signed-note.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  const auto& signing = (*file)["signing"];
  ASSERT_EQ(signing.size(), 2u);
  const std::string text = signing[0]["text"], skey = signing[0]["skey"];
  const auto first = *parse_signing_key(Secret(std::string_view(skey)));
  EXPECT_EQ(print_signing_key(first).reveal(), skey);
  Note note = signed_by(first, text);
  EXPECT_EQ(print(note), signing[0]["note"].get<std::string>());
  const auto second = key_of(0, "EnochRoot");
  EXPECT_EQ(second.verifier.text(), signing[1]["vkey"].get<std::string>());
  note.signatures.push_back(*sign_note(text, second.verifier, sign_with(second.key)));
  EXPECT_EQ(print(note), signing[1]["note"].get<std::string>());
}

std::string note_of(const json& v) {
  if (v.contains("note")) return v["note"];
  const Bytes bytes = *codec::from_hex(v["noteHex"].get<std::string>());
  return std::string(text_of(bytes));
}

TEST(Note, JudgesThePublishedNotes) {
  const auto file = load_vectors("tlog/signed-note.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  int count = 0;
  for (const auto& v : (*file)["verify"]) {
    ++count;
    std::vector<VerifierKey> keys;
    for (const auto& vkey : v["trusted"]) keys.push_back(*VerifierKey::parse(vkey.get<std::string>()));
    const auto note = parse_note(note_of(v));
    if (v["result"] == "error" && v["error"] == "malformed") {
      ASSERT_FALSE(note) << v;
      EXPECT_EQ(note.error().code, Errc::malformed);
      continue;
    }
    ASSERT_TRUE(note) << v;
    EXPECT_EQ(print(*note), note_of(v));
    const auto signers = verify_note(*note, keys);
    if (v["result"] == "error") {
      ASSERT_FALSE(signers) << v;
      EXPECT_EQ(signers.error().code, Errc::refused);
      continue;
    }
    ASSERT_TRUE(signers) << v;
    ASSERT_EQ(signers->size(), v["verified"].size());
    for (std::size_t i = 0; i < signers->size(); ++i) {
      EXPECT_TRUE(keys[(*signers)[i].key].text().starts_with(v["verified"][i].get<std::string>() + "+"));
    }
  }
  EXPECT_EQ(count, 13);
}

TEST(Note, TextMayHoldEmptyLines) {
  const auto key = key_of(1, "log");
  const auto note = *parse_note(print(signed_by(key)));
  EXPECT_EQ(note.text, kText);
  EXPECT_TRUE(verify_note(note, {key.verifier}));
}

TEST(Note, PassesOverUnknownKeysAndAlgorithms) {
  const auto known = key_of(1, "log"), other = key_of(2, "log");
  Note note = signed_by(known);
  note.signatures.insert(note.signatures.begin(), {"log", known.verifier.id() ^ 1, Bytes(2420, 7)});
  note.signatures.push_back(*sign_note(kText, other.verifier, sign_with(other.key)));
  note.signatures.push_back({"someone", known.verifier.id(), Bytes(64, 7)});
  const auto signers = verify_note(note, {known.verifier});
  ASSERT_TRUE(signers);
  EXPECT_EQ(signers->size(), 1u);
  EXPECT_EQ(verify_note(note, {}).error().code, Errc::refused);
  EXPECT_EQ(verify_note(note, {key_of(3, "log").verifier}).error().code, Errc::refused);
}

TEST(Note, IsRefusedForOneBadSignatureOfAKnownKey) {
  const auto first = key_of(1, "log"), second = key_of(2, "witness");
  Note note = signed_by(first);
  note.signatures.push_back(*sign_note(kText, second.verifier, sign_with(second.key)));
  EXPECT_EQ(verify_note(note, {first.verifier, second.verifier})->size(), 2u);
  note.signatures[1].signature[3] ^= 1;
  EXPECT_EQ(verify_note(note, {first.verifier, second.verifier}).error().code, Errc::refused);
  EXPECT_TRUE(verify_note(note, {first.verifier}));
}

TEST(Note, CountsASignerOnce) {
  const auto key = key_of(1, "log");
  Note note = signed_by(key);
  note.signatures.push_back(note.signatures[0]);
  EXPECT_EQ(verify_note(note, {key.verifier})->size(), 1u);
}

TEST(Note, NoticesEveryChangedByte) {
  const auto key = key_of(1, "log");
  const std::string text = print(signed_by(key, "a\nb\n"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const int bit : {1, 0x20, 0x80}) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      const auto note = parse_note(changed);
      EXPECT_FALSE(note && verify_note(*note, {key.verifier})) << i;
    }
  }
}

TEST(Note, RefusesWhatHasNotItsForm) {
  const std::string good = print(signed_by(key_of(1, "log"), "a\n"));
  ASSERT_TRUE(parse_note(good));
  const std::string line = good.substr(3);
  std::string many = "a\n\n";
  for (std::size_t i = 0; i <= kNoteSignaturesMax; ++i) many += line;
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("\n\n"), "a\n" + line, "\n" + line, good + "\n", "a\r\n\n" + line,
        "a\n\n" + line.substr(1), std::string("a\n\n\u2014 log AAAAAA==\n"),
        std::string("a\n\n\u2014 l\u00a0g AAAAAAA=\n"), std::string("a\n\n\u2014 l+g AAAAAAA=\n"),
        std::string("a\n\n\u2014  AAAAAAA=\n"), many, std::string(kNoteMax, 'a') + "\n\n" + line}) {
    const auto note = parse_note(text);
    ASSERT_FALSE(note) << text.substr(0, 100);
    EXPECT_EQ(note.error().code, Errc::malformed);
  }
  EXPECT_TRUE(parse_note("a\n\n\u2014 log AAAAAAA=\n"));
  EXPECT_EQ(parse_signature_lines("").error().code, Errc::malformed);
  EXPECT_EQ(parse_signature_lines(line)->size(), 1u);
}

TEST(Note, KeysHaveNamesOfTheirForm) {
  const auto key = crypto::Ed25519Key::from_seed(Bytes(32, 1))->public_key();
  for (const std::string name : {"", "a b", "a+b", "a\nb", "a\u2003b", "\xff", "a\tb"}) {
    EXPECT_EQ(VerifierKey::make(name, KeyType::ed25519, key).error().code, Errc::malformed) << name;
  }
  EXPECT_EQ(VerifierKey::make(std::string(256, 'x'), KeyType::ed25519, key).error().code, Errc::malformed);
  EXPECT_TRUE(VerifierKey::make("\u00fcber/Log-1", KeyType::ed25519, key));
  for (const std::string text : {"", "a", "a+b", "a+00000000+", "a+530d903a+AQ==", "a+530D903A+!"}) {
    EXPECT_EQ(VerifierKey::parse(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(parse_signing_key(Secret("a+b+c")).error().code, Errc::malformed);
}

TEST(Note, PassesOnWhatTheSignerSays) {
  const auto key = key_of(1, "log"), witness = key_of(1, "log", KeyType::cosignature);
  const Sign away = [](ByteView) -> Result<Bytes> { return Error{Errc::exhausted, "cap"}; };
  const Sign cut = [](ByteView) -> Result<Bytes> { return Bytes(63); };
  EXPECT_EQ(sign_note(kText, key.verifier, away).error().code, Errc::exhausted);
  EXPECT_EQ(sign_note(kText, key.verifier, cut).error().code, Errc::unavailable);
  EXPECT_EQ(sign_note("no newline", key.verifier, sign_with(key.key)).error().code, Errc::malformed);
  EXPECT_EQ(sign_note(kText, witness.verifier, sign_with(key.key)).error().code, Errc::malformed);
  EXPECT_EQ(cosign(kText, 1, key.verifier, sign_with(key.key)).error().code, Errc::malformed);
  EXPECT_EQ(cosign(kText, -1, witness.verifier, sign_with(key.key)).error().code, Errc::malformed);
}

TEST(Cosignature, IsOverTheTimeToo) {
  const auto key = key_of(4, "witness.example/w1", KeyType::cosignature);
  Note note{std::string(kText), {*cosign(kText, 1'679'315'147, key.verifier, sign_with(key.key))}};
  EXPECT_EQ(VerifierKey::parse(key.verifier.text())->id(), key.verifier.id());
  const auto signers = verify_note(*parse_note(print(note)), {key.verifier});
  ASSERT_TRUE(signers);
  EXPECT_EQ((*signers)[0].time_s, 1'679'315'147);
  for (const std::size_t at : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{71}}) {
    Note changed = note;
    changed.signatures[0].signature[at] ^= 0x80;
    EXPECT_EQ(verify_note(changed, {key.verifier}).error().code, Errc::refused);
  }
  note.signatures[0].signature.pop_back();
  EXPECT_EQ(verify_note(note, {key.verifier}).error().code, Errc::refused);
}

TEST(Cosignature, IsNoSignatureOfTheTextAlone) {
  const auto key = key_of(4, "w"), witness = key_of(4, "w", KeyType::cosignature);
  EXPECT_NE(key.verifier.id(), witness.verifier.id());
  Note note{std::string(kText), {*cosign(kText, 5, witness.verifier, sign_with(witness.key))}};
  note.signatures[0].key_id = key.verifier.id();
  EXPECT_EQ(verify_note(note, {key.verifier}).error().code, Errc::refused);
}

TEST(Checkpoint, IsPrintedAsPublished) {
  const auto file = load_vectors("tlog/checkpoint-and-cosignature.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  const auto& v = (*file)["checkpoint"];
  const Note note = *parse_note(v["note"].get<std::string>());
  EXPECT_EQ(print(note), v["note"].get<std::string>());
  const auto checkpoint = *parse_checkpoint(note.text);
  EXPECT_EQ(checkpoint.origin, v["origin"].get<std::string>());
  EXPECT_EQ(checkpoint.head.size, v["treeSize"].get<std::uint64_t>());
  EXPECT_EQ(codec::to_hex(checkpoint.head.root), v["rootHashHex"].get<std::string>());
  EXPECT_TRUE(checkpoint.extensions.empty());
  EXPECT_EQ(*print(checkpoint), note.text);
  ASSERT_EQ(note.signatures.size(), 1u);
  EXPECT_EQ(note.signatures[0].name, v["signatures"][0]["name"].get<std::string>());
  EXPECT_EQ(note.signatures[0].key_id, 0x033de0aeu);
  EXPECT_EQ(codec::to_hex(note.signatures[0].signature), v["signatures"][0]["signatureHex"].get<std::string>());
}

TEST(Checkpoint, IsCosignedAsPublished) {
  const auto file = load_vectors("tlog/checkpoint-and-cosignature.json");
  if (!file) GTEST_SKIP() << "vectors not present";
  const auto& v = (*file)["cosigned"];
  const Note note = *parse_note(v["note"].get<std::string>());
  EXPECT_EQ(print(note), v["note"].get<std::string>());
  ASSERT_EQ(note.signatures.size(), 2u);
  const auto& line = note.signatures[1];
  EXPECT_EQ(line.name, v["cosignature"]["name"].get<std::string>());
  EXPECT_EQ(line.key_id, 0x8d66cf3fu);
  ASSERT_EQ(line.signature.size(), 72u);
  EXPECT_EQ(codec::to_hex(ByteView(line.signature).first(8)), "00000000641850cb");
  EXPECT_EQ(codec::to_hex(ByteView(line.signature).subspan(8)), v["cosignature"]["signatureHex"].get<std::string>());
  EXPECT_EQ(cosigned_message(note.text, v["cosignature"]["timestamp"]), v["signedMessage"].get<std::string>());
}

TEST(Checkpoint, IsReadInOneSpellingOnly) {
  const std::string root = print(leaf_hash({}));
  const Checkpoint good{"log", {7, leaf_hash({})}, {"more", "and more"}};
  EXPECT_EQ(*parse_checkpoint(*print(good)), good);
  EXPECT_EQ(*parse_checkpoint("log\n0\n" + print(empty_root()) + "\n"), (Checkpoint{"log", {0, empty_root()}, {}}));
  for (const std::string& text :
       {std::string(), "log\n7\n" + root, "\n7\n" + root + "\n", "log\n07\n" + root + "\n", "log\n+7\n" + root + "\n",
        "log\n-7\n" + root + "\n", "log\n\n" + root + "\n", "log\n9223372036854775808\n" + root + "\n",
        "log\n7 \n" + root + "\n", "log\n7\n" + root + "=\n", "log\n7\n" + root + "\n\n", "log\n7\n" + root + "\n\nx\n",
        "log\n0\n" + root + "\n", "lo\tg\n7\n" + root + "\n", std::string("log\n7\n"), std::string("log\n7\nAAAA\n")}) {
    const auto checkpoint = parse_checkpoint(text);
    ASSERT_FALSE(checkpoint) << text;
    EXPECT_EQ(checkpoint.error().code, Errc::malformed);
  }
  EXPECT_EQ(print(Checkpoint{"a\nb", {}, {}}).error().code, Errc::malformed);
  EXPECT_EQ(print(Checkpoint{"a", {0, Hash{}}, {}}).error().code, Errc::malformed);
  EXPECT_EQ(print(Checkpoint{"a", {1, Hash{}}, {""}}).error().code, Errc::malformed);
}

TEST(Checkpoint, IsOpenedByItsLogsKeyAlone) {
  const auto key = key_of(1, "countersign/x"), other = key_of(2, "countersign/x"),
             elsewhere = key_of(1, "countersign/y");
  const Checkpoint checkpoint{"countersign/x", {3, leaf_hash({})}, {}};
  const Note note = *sign_checkpoint(checkpoint, key.verifier, sign_with(key.key));
  EXPECT_EQ(*open_checkpoint(note, key.verifier), checkpoint);
  EXPECT_EQ(open_checkpoint(note, other.verifier).error().code, Errc::refused);
  EXPECT_EQ(open_checkpoint(note, elsewhere.verifier).error().code, Errc::refused);
  EXPECT_EQ(sign_checkpoint(checkpoint, elsewhere.verifier, sign_with(key.key)).error().code, Errc::malformed);
}

TEST(Checkpoint, OriginsNameTheLogAndTheTenant) {
  EXPECT_EQ(*global_origin("eu-1.example"), "countersign/eu-1.example");
  EXPECT_EQ(tenant_origin("countersign/eu-1", *TenantId::parse("DA2")), "countersign/eu-1/tenant/DA2");
  for (const std::string id : {"", "a/b", "a b", "a+b", "\u00fc"}) {
    EXPECT_EQ(global_origin(id).error().code, Errc::malformed);
  }
  EXPECT_EQ(global_origin(std::string(65, 'a')).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::ledger
