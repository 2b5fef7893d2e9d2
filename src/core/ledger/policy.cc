#include "core/ledger/policy.h"

#include <algorithm>
#include <charconv>

namespace countersign::ledger {
namespace {

constexpr std::string_view kNone = "none";
constexpr std::size_t kLineWordsMax = 3 + kPolicyNamesMax;

using Words = std::vector<std::string_view>;

Error malformed(std::string_view what, std::string_view word = {}) {
  return {Errc::malformed, "policy: " + std::string(what) + (word.empty() ? "" : " " + std::string(word))};
}

// tlog-policy, Character set.
bool fine_octet(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || byte == '\n' || (byte >= 0x20 && byte != 0x7f);
}

Result<Words> split(std::string_view line) {
  Words words;
  while (true) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    if (words.size() == kLineWordsMax) return malformed("a line is too long");
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// Reads one line after the other into a policy.
class Reader {
  Policy policy_;
  bool quorum_seen_ = false;
  std::vector<bool> grouped_;  // is a member of a group already

  std::optional<std::size_t> find(std::string_view name) const {
    const auto found = std::ranges::find(policy_.members, name, &Policy::Member::name);
    if (found == policy_.members.end()) return std::nullopt;
    return static_cast<std::size_t>(found - policy_.members.begin());
  }

  Result<void> define(Policy::Member member) {
    if (member.name == kNone || find(member.name)) return malformed("a name is taken:", member.name);
    if (policy_.members.size() == kPolicyNamesMax) return malformed("over 64 names");
    policy_.members.push_back(std::move(member));
    grouped_.push_back(false);
    return {};
  }

  template <class Known>
  static Result<VerifierKey> new_key(std::string_view text, KeyType type, const std::vector<Known>& known) {
    VerifierKey key = TRY(VerifierKey::parse(text));
    if (key.type() != type) return malformed("a key is not of the type for this use:", key.name());
    for (const Known& other : known) {
      if (std::ranges::equal(other.key.key().bytes(), key.key().bytes())) return malformed("a key twice:", key.name());
    }
    return key;
  }

  Result<void> log(const Words& words) {
    if (words.size() < 2 || words.size() > 3) return malformed("a log line is: log <vkey> [<url>]");
    if (policy_.logs.size() == kPolicyNamesMax) return malformed("over 64 logs");
    VerifierKey key = TRY(new_key(words[1], KeyType::ed25519, policy_.logs));
    policy_.logs.push_back({std::move(key), std::string(words.size() == 3 ? words[2] : "")});
    return {};
  }

  Result<void> witness(const Words& words) {
    if (words.size() < 3 || words.size() > 4) return malformed("a witness line is: witness <name> <vkey> [<url>]");
    VerifierKey key = TRY(new_key(words[2], KeyType::cosignature, policy_.witnesses));
    TRY(define({std::string(words[1]), policy_.witnesses.size(), 0, {}}));
    policy_.witnesses.push_back({std::move(key), std::string(words.size() == 4 ? words[3] : "")});
    return {};
  }

  static Result<std::size_t> threshold(std::string_view word, std::size_t count) {
    if (word == "any") return std::size_t{1};
    if (word == "all") return count;
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size() || word.front() == '0' || value > count) {
      return malformed("a threshold is any, all or a number from 1 to the number of members, not", word);
    }
    return value;
  }

  Result<void> group(const Words& words) {
    if (words.size() < 4) return malformed("a group line is: group <name> any|all|<k> <name>...");
    Policy::Member member{std::string(words[1]), std::nullopt, TRY(threshold(words[2], words.size() - 3)), {}};
    for (std::size_t i = 3; i < words.size(); ++i) {
      const auto found = find(words[i]);
      if (!found) return malformed("a name is not defined before:", words[i]);
      if (grouped_[*found]) return malformed("a member stands in a group already:", words[i]);
      grouped_[*found] = true;
      member.members.push_back(*found);
    }
    return define(std::move(member));
  }

  Result<void> quorum(const Words& words) {
    if (words.size() != 2) return malformed("a quorum line is: quorum <name>");
    if (quorum_seen_) return malformed("two quorums");
    quorum_seen_ = true;
    if (words[1] == kNone) return {};
    policy_.quorum = find(words[1]);
    if (!policy_.quorum) return malformed("a name is not defined before:", words[1]);
    return {};
  }

 public:
  Result<void> line(std::string_view text) {
    const Words words = TRY(split(text));
    if (words.empty() || words[0].starts_with('#')) return {};
    if (words[0] == "log") return log(words);
    if (words[0] == "witness") return witness(words);
    if (words[0] == "group") return group(words);
    if (words[0] == "quorum") return quorum(words);
    return malformed("a line begins with log, witness, group, quorum or #, not", words[0]);
  }

  Result<Policy> take() {
    if (!quorum_seen_) return malformed("no quorum line");
    return std::move(policy_);
  }
};

}  // namespace

bool Policy::quorum_met(const std::vector<bool>& cosigned) const {
  if (!quorum) return true;
  std::vector<bool> met;  // members stand before the groups they are in
  for (const Member& member : members) {
    if (member.witness) {
      met.push_back(*member.witness < cosigned.size() && cosigned[*member.witness]);
      continue;
    }
    const auto count = std::ranges::count_if(member.members, [&](std::size_t i) { return met[i]; });
    met.push_back(static_cast<std::size_t>(count) >= member.needed);
  }
  return met[*quorum];
}

Result<Policy> parse_policy(std::string_view text) {
  if (text.size() > kPolicyMax) return malformed("over 64 KiB");
  if (!std::ranges::all_of(text, fine_octet)) return malformed("a control character");
  // A file cut short could ask for less than was meant.
  if (!text.ends_with('\n')) return malformed("the last line has no end");
  Reader reader;
  while (!text.empty()) {
    const auto end = text.find('\n');
    TRY(reader.line(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return reader.take();
}

std::string print(const Policy& policy) {
  const auto with_url = [](std::string line, const std::string& url) {
    return line + (url.empty() ? "" : " " + url) + '\n';
  };
  std::string out;
  for (const Policy::Log& log : policy.logs) out += with_url("log " + log.key.text(), log.url);
  for (const Policy::Member& member : policy.members) {
    if (member.witness) {
      const Policy::Witness& witness = policy.witnesses[*member.witness];
      out += with_url("witness " + member.name + ' ' + witness.key.text(), witness.url);
      continue;
    }
    out += "group " + member.name + ' ' + std::to_string(member.needed);
    for (const std::size_t i : member.members) out += ' ' + policy.members[i].name;
    out += '\n';
  }
  return out + "quorum " + (policy.quorum ? policy.members[*policy.quorum].name : std::string(kNone)) + '\n';
}

Result<Trusted> verify_checkpoint(const Note& note, const Policy& policy) {
  Checkpoint checkpoint = TRY(parse_checkpoint(note.text));
  std::vector<VerifierKey> keys;
  for (const Policy::Witness& witness : policy.witnesses) keys.push_back(witness.key);
  for (const Policy::Log& log : policy.logs) {
    if (log.key.name() == checkpoint.origin) keys.push_back(log.key);
  }
  if (keys.size() == policy.witnesses.size()) return Error{Errc::refused, "no log of the policy has this origin"};
  const auto signers = TRY(verify_note(note, keys));
  std::vector<Trusted::Cosigner> cosigners;
  std::vector<bool> cosigned(policy.witnesses.size());
  std::optional<VerifierKey> log;
  for (const NoteSigner& signer : signers) {
    if (signer.key < cosigned.size()) {
      cosigned[signer.key] = true;
      cosigners.push_back({keys[signer.key].name(), signer.time_s.value_or(0)});
    } else {
      log = keys[signer.key];
    }
  }
  if (!log) return Error{Errc::refused, "the log has not signed the checkpoint"};
  if (!policy.quorum_met(cosigned)) return Error{Errc::refused, "fewer witnesses than the policy asks for"};
  return Trusted{std::move(checkpoint), std::move(*log), std::move(cosigners)};
}

}  // namespace countersign::ledger
