// The keys behind the process wall: asks `countersign keyd`, which it starts, watches and starts again.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "keys/child.h"
#include "keys/keyd.h"
#include "keys/keys.h"
#include "keys/questions.h"

namespace countersign::keys {

// How long a question waits for a keys' process that is being started again.
inline constexpr std::chrono::milliseconds kRestartWait{250};
inline constexpr std::chrono::milliseconds kBackoffMax{1000};

// Thread-safe. A question that is under way when keyd dies is answered unavailable, because nobody knows what became of
// it; one that comes meanwhile waits for the next keyd.
class RemoteKeys final : public Keys {
  const LocalKeys::Files files_;
  const std::string program_;
  const std::function<void(std::string_view)> tell_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Child> child_;     // the one that answers; shared with the questions it is asked
  std::shared_ptr<Child> starting_;  // the one that does not yet
  bool stopping_ = false;
  std::uint64_t started_ = 0;
  std::mutex changing_roots_;
  std::thread watch_;
  // A question that waits for others, and who is told of its answer.
  struct Waiting {
    std::unique_ptr<Writer> question;
    Then<Bytes> then;
  };
  std::mutex waiting_mutex_;
  std::vector<Waiting> waiting_;
  bool crossing_ = false;  // a thread is in settle()
  std::function<void()> gathering_;

 public:
  struct Options {
    LocalKeys::Files files;
    std::string program = "/proc/self/exe";                    // what `keyd` is a role of
    std::function<void(std::string_view)> tell = [](auto) {};  // what the operator should know: it died, it is back
  };
  // Errors as LocalKeys::open, and unavailable: it cannot be started.
  static Result<std::unique_ptr<RemoteKeys>> open(Options options);
  ~RemoteKeys() override;

  // For tests and metrics: the process that answers now, 0 for none, and how many there were.
  pid_t process();
  std::uint64_t started();

  Result<Bytes> seal(const Place& place, const Secret& plain) override;
  Result<bool> verify_signature(const Application* app, crypto::HashKind hash, const Texts& texts,
                                ByteView mac) override;
  void verify_signature_soon(const Application* app, crypto::HashKind hash, const Texts& texts, ByteView mac,
                             const Then<bool>& then) override;
  void match_passcode_soon(const std::vector<Enrolment>& enrolments, const Secret& passcode, Instant now,
                           const Then<PasscodeMatch>& then) override;
  void sign_token_soon(const Application& app, std::string_view signing_input, const Then<Bytes>& then) override;
  void gather(std::function<void()> soon) override { gathering_ = std::move(soon); }
  void settle() override;
  Result<Bytes> sign_token(const Application& app, std::string_view signing_input) override;
  Result<PasscodeMatch> match_passcode(const std::vector<Enrolment>& enrolments, const Secret& passcode,
                                       Instant now) override;
  Result<Bytes> resync(const Enrolment& enrolment, const Secret& code1, const Secret& code2,
                       const Secret& code3) override;
  Result<bool> verify_device_signature(const Enrolment& enrolment, std::string_view message,
                                       ByteView signature) override;
  Result<Assertion> verify_assertion(const Enrolment& enrolment, const factor::webauthn::Ceremony& ceremony,
                                     ByteView user_handle,
                                     const factor::webauthn::AuthenticationResponse& response) override;
  Result<factor::webauthn::Credential> credential_of(const Enrolment& enrolment) override;
  Result<std::string> push_number(const TenantId& tenant, const AttemptId& attempt, int digits) override;
  Result<Secret> unseal_number_for_send(const Phone& phone) override;
  Result<Secret> unseal(const Place& place, ByteView sealed) override;
  Result<Bytes> token_digest(std::string_view purpose, const Secret& token) override;
  Result<Bytes> reseal(const Place& place, ByteView sealed) override;

  Result<NewEpoch> begin_epoch(const EpochOrder& order) override;
  Result<void> prepare_month(const std::string& month, const std::vector<TenantId>& tenants) override;
  Result<crypto::X25519PublicKey> make_tenant_key(const TenantId& tenant) override;
  Result<void> forget_tenant_keys(const TenantId& tenant) override;
  Result<Secret> release_epoch(const Release& why, const history::EpochHeader& header) override;
  Result<std::uint32_t> tag_in_epoch(const history::EpochHeader& header, history::IndexedField field,
                                     std::string_view value) override;
  Result<Secret> release_day(const Release& why, std::int64_t day) override;
  Result<void> shred_month(const TenantId& tenant, const std::string& month) override;
  Result<std::vector<std::string>> months_of(const TenantId& tenant) override;
  Result<Bytes> ledger_key() override;
  Result<Bytes> sign_note(std::string_view text) override;
  Result<Bytes> share_key(const TenantId& tenant, const std::string& name) override;
  Result<void> adopt_key(const TenantId& tenant, const std::string& name, ByteView sealed) override;

  // What changes the list of root keys writes their file, which keyd cannot: a clerk does that, and another keyd, which
  // reads the list anew, takes the place of the one there is; questions go on meanwhile.
  Result<RootList> root_keys() override;
  Result<std::string> add_root_key(Instant now) override;
  Result<void> know_root_key(const std::string& id) override;
  Result<void> use_root_key(const std::string& id) override;
  Result<void> drop_root_key(const std::string& id) override;

 private:
  explicit RemoteKeys(Options options);
  void watch();
  Result<std::shared_ptr<Child>> start(Office office);
  Result<void> renew();
  bool replace(std::chrono::milliseconds& delay);
  std::shared_ptr<Child> wait_for_child(std::chrono::steady_clock::time_point until);
  template <class Answer, class Write>
  Result<Answer> cross(const Write& write);
  template <auto kMethod, class... Arguments>
  auto ask(const Arguments&... arguments);
  template <auto kMethod, class Answer, class... Arguments>
  void ask_soon(const Then<Answer>& then, const Arguments&... arguments);
  void ask_together(std::span<Waiting> some);
  void end_crossing();
  template <auto kMethod, class... Arguments>
  auto ask_clerk(const Arguments&... arguments);
};

}  // namespace countersign::keys
