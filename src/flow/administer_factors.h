// Administration of what users prove themselves with: phones, tokens and bypass codes; see administer.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/hash.h"
#include "core/factor/bypass.h"
#include "core/identity/enrolment.h"
#include "core/identity/user.h"
#include "flow/administer.h"
#include "flow/enrol.h"

namespace countersign::flow {

struct PhoneDraft {
  std::string number;                // empty: none
  std::string name;
  std::string platform = "Generic Smartphone";
};
// malformed: the number or a name.
Result<Phone> create_phone(const Administration& by, const User& user, const PhoneDraft& draft);
// By id; the tenant narrows it.   not_found: none, or another tenant's.
Result<Phone> find_phone(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id);
// A code and a link that bind an authenticator to the phone.
Result<ActivationLink> activate_phone(const Administration& by, const Phone& phone, seconds valid);
// With the enrolments on it.
Result<void> delete_phone(const Administration& by, const Phone& phone);

enum class TokenKind { totp, hotp };
struct TokenDraft {
  TokenKind kind = TokenKind::totp;
  int digits = 6;
  seconds step{30};
  crypto::HashKind hash = crypto::HashKind::sha1;
  std::uint64_t counter = 0;         // hotp: the next one
  std::string secret_base32;         // empty: 20 random bytes
  std::string serial;                // empty: none
};
struct CreatedToken {
  Enrolment token;
  Secret secret_base32;              // shown once
  Secret otpauth_uri;                // likewise
};
// malformed: secret, digits or step.
Result<CreatedToken> create_token(const Administration& by, const User& user, const TokenDraft& draft);
// By id; the tenant narrows it.   not_found: none, another tenant's, or no token.
Result<Enrolment> find_token(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id);
bool is_token(const Enrolment& enrolment);
// Finds a HOTP token's counter by three codes in a row.   refused: they do not follow each other;  malformed: no codes.
Result<void> resync_token(const Administration& by, const Enrolment& token, const Secret& code1, const Secret& code2,
                          const Secret& code3);
Result<void> delete_token(const Administration& by, const Enrolment& token);

struct BypassDraft {
  int count = 10;
  int reuse = 1;                     // 0: without limit
  std::optional<seconds> valid;      // none: until used up
};
struct BypassCodes {
  std::vector<std::string> codes;    // shown once
  std::optional<Instant> expires;
};
// Replaces the codes the user had.   malformed: count not 1 to 10, or another number out of range.
Result<BypassCodes> issue_bypass(const Administration& by, const User& user, const BypassDraft& draft);

}  // namespace countersign::flow
