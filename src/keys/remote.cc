#include "keys/remote.h"

#include <algorithm>
#include <utility>

namespace countersign::keys {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBackoffFirst{10};
constexpr std::size_t kSeveralHead = 5;         // before the questions that cross together
constexpr std::chrono::seconds kSteady{1};  // who lived so long did not fail at once

Error away() { return {Errc::unavailable, "the keys' process is away"}; }

template <auto kMethod, class... Arguments>
void write_question(Writer& to, const Arguments&... arguments) {
  put(to, line_of<kMethod>().number);
  (put(to, arguments), ...);
}

template <class Answer, class Write>
Result<Answer> ask_on(Child& child, const Child::Lease& lane, const Write& write) {
  if (!lane) return Result<Answer>(away());
  write(lane->message());
  const Result<void> sent = lane->send();
  if (!sent && sent.error().code == Errc::exhausted) return Result<Answer>(sent.error());
  const Result<ByteView> answer = sent ? lane->receive() : Result<ByteView>(sent.error());
  if (!answer) {
    child.give_up();
    return Result<Answer>(away());
  }
  return get_answer<Answer>(*answer);
}

}  // namespace

RemoteKeys::RemoteKeys(Options options)
    : files_(std::move(options.files)), program_(std::move(options.program)), tell_(std::move(options.tell)) {}

Result<std::unique_ptr<RemoteKeys>> RemoteKeys::open(Options options) {
  std::unique_ptr<RemoteKeys> out(new RemoteKeys(std::move(options)));
  out->child_ = TRY(out->start(Office::keyd));
  out->watch_ = std::thread([keys = out.get()] { keys->watch(); });
  return out;
}

RemoteKeys::~RemoteKeys() {
  if (!watch_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (child_) child_->kill();
    if (starting_) starting_->kill();
  }
  changed_.notify_all();
  watch_.join();
}

// A keys' process that is ready, or dead and reaped.
Result<std::shared_ptr<Child>> RemoteKeys::start(Office office) {
  std::shared_ptr<Child> child = TRY(Child::spawn(program_, {files_, office}));
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) child->kill();
    starting_ = child;
    ++started_;
  }
  Result<std::string> ready = child->wait_until_ready();
  const std::lock_guard lock(mutex_);
  starting_ = nullptr;
  if (ready) {
    if (!ready->empty()) tell_("keyd: " + *ready);
    return child;
  }
  child->kill();
  child->wait_until_dead();
  return ready.error();
}

// Starts another after `delay`, until that worked; false: nobody needs one any more.
bool RemoteKeys::replace(milliseconds& delay) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, delay, [this] { return stopping_; });
      if (stopping_) return false;
    }
    Result<std::shared_ptr<Child>> started = start(Office::keyd);
    const std::lock_guard lock(mutex_);
    if (started && !stopping_) {
      child_ = *std::move(started);
      changed_.notify_all();
      return true;
    }
    if (started) {
      (*started)->kill();
      (*started)->wait_until_dead();
      return false;
    }
    tell_("keyd cannot be started again: " + started.error().what);
    delay = std::clamp(2 * delay, kBackoffFirst, kBackoffMax);
  }
}

void RemoteKeys::watch() {
  std::shared_ptr<Child> child = child_;
  milliseconds delay{0};
  for (;;) {
    const auto began = steady_clock::now();
    const std::string end = child->wait_until_dead();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (child_ != child) {  // renew() put another in its place
        child = child_;
        continue;
      }
      child_ = nullptr;
    }
    tell_("keyd ended by " + end + " and is started again");
    const bool steady = steady_clock::now() - began >= kSteady;
    delay = steady ? milliseconds{0} : std::clamp(2 * delay, kBackoffFirst, kBackoffMax);
    if (!replace(delay)) return;
    const std::lock_guard lock(mutex_);
    child = child_;
  }
}

Result<void> RemoteKeys::renew() {
  std::shared_ptr<Child> fresh = TRY(start(Office::keyd));
  std::shared_ptr<Child> old;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kAnswerWait, [this] { return child_ || stopping_; });  // watch() may be starting one
    if (child_ && !stopping_) old = std::exchange(child_, fresh);
  }
  if (!old) {
    fresh->kill();
    fresh->wait_until_dead();
    return away();
  }
  changed_.notify_all();
  old->retire();
  return {};
}

std::shared_ptr<Child> RemoteKeys::wait_for_child(steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [this] { return child_ || stopping_; });
  return child_;
}

pid_t RemoteKeys::process() {
  const std::lock_guard lock(mutex_);
  return child_ ? child_->process() : 0;
}

std::uint64_t RemoteKeys::started() {
  const std::lock_guard lock(mutex_);
  return started_;
}

template <class Answer, class Write>
Result<Answer> RemoteKeys::cross(const Write& write) {
  const auto until = steady_clock::now() + kRestartWait;
  for (;;) {
    const std::shared_ptr<Child> child = wait_for_child(until);
    if (!child) return Result<Answer>(away());
    const Child::Lease lane = child->lease();
    if (lane) return ask_on<Answer>(*child, lane, write);
    // It died, or was replaced, before it was asked.
    if (steady_clock::now() >= until) return Result<Answer>(away());
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [&] { return child_ != child || stopping_; });
  }
}

template <auto kMethod, class... Arguments>
auto RemoteKeys::ask(const Arguments&... arguments) {
  return cross<typename Asked<decltype(kMethod)>::Answer>(
      [&](Writer& to) { write_question<kMethod>(to, arguments...); });
}

template <auto kMethod, class Answer, class... Arguments>
void RemoteKeys::ask_soon(const Then<Answer>& then, const Arguments&... arguments) {
  if (!gathering_) return then(ask<kMethod>(arguments...));
  Waiting one{std::make_unique<Writer>(), [then](const Result<Bytes>& answer) {
                then(answer ? get_answer<Answer>(*answer) : Result<Answer>(answer.error()));
              }};
  write_question<kMethod>(*one.question, arguments...);
  bool first = false;
  {
    const std::lock_guard lock(waiting_mutex_);
    first = waiting_.empty() && !crossing_;
    waiting_.push_back(std::move(one));
  }
  if (first) gathering_();
}

// What comes to wait while others cross, crosses after them: so one thread at most waits for keyd, and the less often
// the more there is to ask.
void RemoteKeys::settle() {
  std::vector<Waiting> all;
  {
    const std::lock_guard lock(waiting_mutex_);
    if (crossing_) return;  // whoever crosses has it called again
    crossing_ = true;
    all.swap(waiting_);
  }
  // Whatever is thrown out of a `then`.
  const std::unique_ptr<RemoteKeys, void (*)(RemoteKeys*)> end(this, [](RemoteKeys* keys) { keys->end_crossing(); });
  for (std::span<Waiting> rest(all); !rest.empty();) {
    std::size_t count = 0;
    for (std::size_t size = 0; count < rest.size() && count < kSeveralMax; ++count) {
      size += rest[count].question->view().size() + 4;
      if (count > 0 && size > kPieceMax - kSeveralHead) break;
    }
    ask_together(rest.first(count));
    rest = rest.subspan(count);
  }
}

void RemoteKeys::end_crossing() {
  bool more = false;
  {
    const std::lock_guard lock(waiting_mutex_);
    crossing_ = false;
    more = !waiting_.empty();
  }
  if (more) gathering_();
}

void RemoteKeys::ask_together(std::span<Waiting> some) {
  const auto answers = cross<std::vector<Bytes>>([some](Writer& to) {
    to.number(kSeveral, 1);
    to.number(some.size(), 4);
    for (const Waiting& one : some) to.text(one.question->view());
  });
  const bool whole = answers && answers->size() == some.size();
  for (std::size_t i = 0; i < some.size(); ++i) {
    some[i].then(whole ? Result<Bytes>((*answers)[i]) : Result<Bytes>(answers ? away() : answers.error()));
  }
}

template <auto kMethod, class... Arguments>
auto RemoteKeys::ask_clerk(const Arguments&... arguments) {
  using Answer = typename Asked<decltype(kMethod)>::Answer;
  const Result<std::shared_ptr<Child>> clerk = start(Office::clerk);
  if (!clerk) return Result<Answer>(clerk.error());
  Result<Answer> answer = ask_on<Answer>(**clerk, (*clerk)->lease(),
                                         [&](Writer& to) { write_question<kMethod>(to, arguments...); });
  (*clerk)->kill();
  (*clerk)->wait_until_dead();
  return answer;
}

Result<Bytes> RemoteKeys::seal(const Place& place, const Secret& plain) { return ask<&Keys::seal>(place, plain); }

Result<bool> RemoteKeys::verify_signature(const Application* app, crypto::HashKind hash, const Texts& texts,
                                          ByteView mac) {
  return ask<&Keys::verify_signature>(app ? std::optional(*app) : std::nullopt, hash, texts, mac);
}

void RemoteKeys::verify_signature_soon(const Application* app, crypto::HashKind hash, const Texts& texts,
                                       ByteView mac, const Then<bool>& then) {
  ask_soon<&Keys::verify_signature>(then, app ? std::optional(*app) : std::nullopt, hash, texts, mac);
}

void RemoteKeys::match_passcode_soon(const std::vector<Enrolment>& enrolments, const Secret& passcode, Instant now,
                                     const Then<PasscodeMatch>& then) {
  ask_soon<&Keys::match_passcode>(then, enrolments, passcode, now);
}

void RemoteKeys::sign_token_soon(const Application& app, std::string_view signing_input, const Then<Bytes>& then) {
  ask_soon<&Keys::sign_token>(then, app, signing_input);
}

Result<Bytes> RemoteKeys::sign_token(const Application& app, std::string_view signing_input) {
  return ask<&Keys::sign_token>(app, signing_input);
}

Result<PasscodeMatch> RemoteKeys::match_passcode(const std::vector<Enrolment>& enrolments, const Secret& passcode,
                                                 Instant now) {
  return ask<&Keys::match_passcode>(enrolments, passcode, now);
}

Result<Bytes> RemoteKeys::resync(const Enrolment& enrolment, const Secret& code1, const Secret& code2,
                                 const Secret& code3) {
  return ask<&Keys::resync>(enrolment, code1, code2, code3);
}

Result<bool> RemoteKeys::verify_device_signature(const Enrolment& enrolment, std::string_view message,
                                                 ByteView signature) {
  return ask<&Keys::verify_device_signature>(enrolment, message, signature);
}

Result<Assertion> RemoteKeys::verify_assertion(const Enrolment& enrolment, const factor::webauthn::Ceremony& ceremony,
                                               ByteView user_handle,
                                               const factor::webauthn::AuthenticationResponse& response) {
  return ask<&Keys::verify_assertion>(enrolment, ceremony, user_handle, response);
}

Result<factor::webauthn::Credential> RemoteKeys::credential_of(const Enrolment& enrolment) {
  return ask<&Keys::credential_of>(enrolment);
}

Result<std::string> RemoteKeys::push_number(const TenantId& tenant, const AttemptId& attempt, int digits) {
  return ask<&Keys::push_number>(tenant, attempt, digits);
}

Result<Secret> RemoteKeys::unseal_number_for_send(const Phone& phone) {
  return ask<&Keys::unseal_number_for_send>(phone);
}

Result<Secret> RemoteKeys::unseal(const Place& place, ByteView sealed) { return ask<&Keys::unseal>(place, sealed); }

Result<Bytes> RemoteKeys::token_digest(std::string_view purpose, const Secret& token) {
  return ask<&Keys::token_digest>(purpose, token);
}

Result<NewEpoch> RemoteKeys::begin_epoch(const EpochOrder& order) { return ask<&Keys::begin_epoch>(order); }

Result<void> RemoteKeys::prepare_month(const std::string& month, const std::vector<TenantId>& tenants) {
  return ask<&Keys::prepare_month>(month, tenants);
}

Result<crypto::X25519PublicKey> RemoteKeys::make_tenant_key(const TenantId& tenant) {
  return ask<&Keys::make_tenant_key>(tenant);
}

Result<void> RemoteKeys::forget_tenant_keys(const TenantId& tenant) { return ask<&Keys::forget_tenant_keys>(tenant); }

Result<Secret> RemoteKeys::release_epoch(const Release& why, const history::EpochHeader& header) {
  return ask<&Keys::release_epoch>(why, header);
}

Result<std::uint32_t> RemoteKeys::tag_in_epoch(const history::EpochHeader& header, history::IndexedField field,
                                               std::string_view value) {
  return ask<&Keys::tag_in_epoch>(header, field, value);
}

Result<Secret> RemoteKeys::release_day(const Release& why, std::int64_t day) {
  return ask<&Keys::release_day>(why, day);
}

Result<void> RemoteKeys::shred_month(const TenantId& tenant, const std::string& month) {
  return ask<&Keys::shred_month>(tenant, month);
}

Result<std::vector<std::string>> RemoteKeys::months_of(const TenantId& tenant) { return ask<&Keys::months_of>(tenant); }

Result<Bytes> RemoteKeys::ledger_key() { return ask<&Keys::ledger_key>(); }

Result<Bytes> RemoteKeys::sign_note(std::string_view text) { return ask<&Keys::sign_note>(text); }

Result<Bytes> RemoteKeys::share_key(const TenantId& tenant, const std::string& name) {
  return ask<&Keys::share_key>(tenant, name);
}

Result<void> RemoteKeys::adopt_key(const TenantId& tenant, const std::string& name, ByteView sealed) {
  return ask<&Keys::adopt_key>(tenant, name, sealed);
}

Result<Bytes> RemoteKeys::reseal(const Place& place, ByteView sealed) { return ask<&Keys::reseal>(place, sealed); }

Result<RootList> RemoteKeys::root_keys() { return ask<&Keys::root_keys>(); }

Result<std::string> RemoteKeys::add_root_key(Instant now) {
  const std::lock_guard lock(changing_roots_);
  const std::string id = TRY(ask_clerk<&Keys::add_root_key>(now));
  TRY(renew());
  return id;
}

Result<void> RemoteKeys::know_root_key(const std::string& id) {
  const auto known = [this, &id]() -> Result<bool> {
    const RootList list = TRY(root_keys());
    return std::ranges::find(list.keys, id, &RootKeyState::id) != list.keys.end();
  };
  if (TRY(known())) return {};
  const std::lock_guard lock(changing_roots_);
  TRY(renew());
  if (TRY(known())) return {};
  return Error{Errc::not_found, "there is no root key " + id};
}

Result<void> RemoteKeys::use_root_key(const std::string& id) {
  const std::lock_guard lock(changing_roots_);
  TRY(ask_clerk<&Keys::use_root_key>(id));
  return renew();
}

Result<void> RemoteKeys::drop_root_key(const std::string& id) {
  const std::lock_guard lock(changing_roots_);
  TRY(ask_clerk<&Keys::drop_root_key>(id));
  return renew();
}

}  // namespace countersign::keys
