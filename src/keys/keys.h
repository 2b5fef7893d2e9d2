// The wall around keys: questions and answers, no secrets handed out. The in-process twin is keys/local.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"
#include "core/crypto/hash.h"
#include "core/factor/webauthn.h"
#include "core/identity/application.h"
#include "core/identity/enrolment.h"
#include "keys/history_keys.h"
#include "keys/root_questions.h"

namespace countersign::keys {

// Where a sealed value stands; bound into it, so that it opens nowhere else.
struct Place {
  TenantId tenant;
  std::string_view table;
  std::string_view column;
  std::string_view row;  // the row's id
};

// One of several enrolments that took a typed code.
struct PasscodeMatch {
  std::uint32_t which = 0;  // its place in the list
  Bytes sealed_next;        // its next state, for the same place
};

// A passkey or security key that signed in.
struct Assertion {
  Bytes sealed_next;           // its next state, for the same place
  bool user_verified = false;
};

template <class T>
using Then = std::function<void(Result<T>)>;

// Thread-safe. Every call: unavailable when the keys are away; refused when a sealed value was moved or altered.
class Keys : public HistoryKeys, public RootQuestions {
 public:
  // Seals a service-class value for its place.
  virtual Result<Bytes> seal(const Place& place, const Secret& plain) = 0;

  // Whether `mac` is the HMAC of one of the texts under the application's secret key. Takes the same time whether or
  // not `app` is known; pass nullptr for an unknown integration key, the answer is then false.
  using Texts = std::vector<std::string_view>;
  virtual Result<bool> verify_signature(const Application* app, crypto::HashKind hash, const Texts& texts,
                                        ByteView mac) = 0;

  // Questions of every sign-in, in no hurry: what waits crosses the process wall together, because a crossing
  // costs as much as ten answers. `then` is called once: here and now, or, after gather(), by settle().
  virtual void verify_signature_soon(const Application* app, crypto::HashKind hash, const Texts& texts, ByteView mac,
                                     const Then<bool>& then) {
    then(verify_signature(app, hash, texts, mac));
  }
  virtual void match_passcode_soon(const std::vector<Enrolment>& enrolments, const Secret& passcode, Instant now,
                                   const Then<PasscodeMatch>& then) {
    then(match_passcode(enrolments, passcode, now));
  }
  virtual void sign_token_soon(const Application& app, std::string_view signing_input, const Then<Bytes>& then) {
    then(sign_token(app, signing_input));
  }
  // From now on they wait, where there is a wall; `soon` is called when the first begins to, and has settle() called,
  // later or on another thread. Before anything is asked.
  virtual void gather(std::function<void()> soon) { static_cast<void>(soon); }
  // Asks what waits, and calls each `then`. Any thread.
  virtual void settle() {}

  // The HS512 signature of a token (RFC 7515 §3.1) under the application's secret key.
  // malformed: not "header.payload" in base64url, so that no request to be signed can pass for a token.
  virtual Result<Bytes> sign_token(const Application& app, std::string_view signing_input) = 0;

  // The first of the enrolments that takes a typed code. One question for all of them: each passes the process wall.
  // refused: no match or used before;  malformed: not a code of any of their kinds.
  virtual Result<PasscodeMatch> match_passcode(const std::vector<Enrolment>& enrolments, const Secret& passcode,
                                               Instant now) = 0;

  // Finds the counter of a HOTP enrolment again from three codes in a row (RFC 4226 §7.4).
  // The answer is its next state, sealed for the same place.   Errors as match_passcode.
  virtual Result<Bytes> resync(const Enrolment& enrolment, const Secret& code1, const Secret& code2,
                               const Secret& code3) = 0;

  // Whether `signature` (ES256, 64 bytes) over `message` is that of the device bound by this push enrolment.
  virtual Result<bool> verify_device_signature(const Enrolment& enrolment, std::string_view message,
                                               ByteView signature) = 0;

  // Checks what a passkey or security key answered (WebAuthn §7.2) against its enrolment, `user_handle` its owner's.
  // Errors as factor::webauthn::verify_authentication; malformed also: an enrolment of another kind.
  virtual Result<Assertion> verify_assertion(const Enrolment& enrolment, const factor::webauthn::Ceremony& ceremony,
                                             ByteView user_handle,
                                             const factor::webauthn::AuthenticationResponse& response) = 0;

  // The public record of a passkey or security key: its id and transports are asked for in options.
  // malformed: an enrolment of another kind.
  virtual Result<factor::webauthn::Credential> credential_of(const Enrolment& enrolment) = 0;

  // The number to type for a push, `digits` long; derived from the attempt, stored nowhere.
  virtual Result<std::string> push_number(const TenantId& tenant, const AttemptId& attempt, int digits) = 0;

  // The same value sealed under the root key that seals now; as it is where that sealed it already. Nothing comes out.
  virtual Result<Bytes> reseal(const Place& place, ByteView sealed) = 0;

  // Opens one number, for sending to it.
  virtual Result<Secret> unseal_number_for_send(const Phone& phone) = 0;

  // Opens a service-class value that the service itself must show or sign with (a secret key shown once to an
  // administrator, the CA's key, an attempt's context). Greppable on purpose.
  virtual Result<Secret> unseal(const Place& place, ByteView sealed) = 0;

  // A keyed hash under which the service finds tokens it gave out (activation codes, remembered devices).
  virtual Result<Bytes> token_digest(std::string_view purpose, const Secret& token) = 0;

  // Nodes with one root key and one database, but a keyring each: a key for the others, sealed under the root key.
  // `name` is a month, whose key is made where there is none; pair_name() of a key pair; or, of no tenant, kLedgerName.
  // not_found: no such pair.   refused: the month's key was destroyed.   malformed: no such name.
  virtual Result<Bytes> share_key(const TenantId& tenant, const std::string& name) = 0;
  // Takes over what another node shared; a month's and the ledger's in place of one's own.
  // refused: altered or moved, or the month's key was destroyed here.   malformed: as above.
  virtual Result<void> adopt_key(const TenantId& tenant, const std::string& name, ByteView sealed) = 0;
};

}  // namespace countersign::keys
