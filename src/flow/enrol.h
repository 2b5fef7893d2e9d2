// Enrolment through the API and activation of an authenticator (duo-api §3: enroll, enroll_status).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/identity/tenant.h"
#include "flow/sign_in.h"

namespace countersign::flow {

struct EnrolRequest {
  Application app;
  std::string username;  // empty: a random one is made
  seconds valid{86400};
  int bypass_codes = 0;  // 0 to 10
};
struct Enrolled {
  UserId user;
  std::string username;
  std::string activation_code;  // "<20 characters>": what the authenticator sends; single use
  std::string activation_url;   // "<public_url>/activate/<code>"
  Instant expires{};
  std::vector<std::string> bypass_codes;
};
// conflict: the username exists already.
void enrol_user(const Ports& ports, EnrolRequest request, Done<Enrolled> done);

// A fresh enrolment without state yet, and the seal that completes it; for every flow that binds a factor.
Enrolment new_enrolment(const Ports& ports, const TenantId& tenant, const UserId& user, std::string_view kind);
Result<void> seal_state(const Ports& ports, Enrolment& enrolment, ByteView state);

enum class EnrolStatus { success, invalid, waiting };
Result<EnrolStatus> enrol_status(const Ports& ports, const TenantId& tenant, const UserId& user,
                                 const Secret& activation_code);

// A new activation code for a phone; older ones of that phone stay valid until they expire.
struct ActivationLink {
  std::string code;
  std::string url;
  Instant expires{};
};
void new_activation(const Ports& ports, const TenantId& tenant, const PhoneId& phone, seconds valid,
                    Done<ActivationLink> done);

// A phone of this user to be stored, with the code that binds an authenticator to it.
struct PhoneForActivation {
  Phone phone;
  std::string code;
  store::Activation activation;
};
Result<PhoneForActivation> phone_for_activation(const Ports& ports, const User& user, seconds valid);

struct ActivateRequest {
  Secret code;
  Bytes public_key;  // ES256, uncompressed point
  std::string platform;
};
struct Activated {
  Phone phone;
  std::string tenant_name;
  std::string username;
  Secret totp_secret;  // the phone's own offline codes: SHA-1, 6 digits, 30 s
};
// Binds the authenticator: push and totp enrolments of the phone are made (or replaced).
// refused: unknown, used or expired code, one and the same.   malformed: not a public key.
void activate(const Ports& ports, ActivateRequest request, Done<Activated> done);

}  // namespace countersign::flow
