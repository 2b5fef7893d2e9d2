// Who keeps the private half of a tenant's history (security.md §1.3): the service, or the tenant itself, and what the
// tenant does to keep it. Every change is an event in the activity log and in the ledger. The functions that take an
// Administration wait for their commit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "flow/administer.h"
#include "store/custody_links.h"
#include "store/epochs.h"

namespace countersign::flow {

inline constexpr seconds kCustodyLinkLifetime{3600};

struct CustodyView {
  Tenant tenant;
  store::Keeping keeping;
  std::vector<store::RecipientKey> recipients;  // retired ones too
  std::vector<store::KeySlot> slots;
};
// not_found: no such tenant.
Result<CustodyView> custody_of(const Ports& ports, const TenantId& tenant);

enum class OldKeys { keep, forget };
// New epochs are sealed to the tenant's keys alone; with `forget` the service destroys its private halves, and rows of
// before open for nobody who was not their recipient.
// conflict: the tenant has no key, or no slot to open it with.
Result<void> give_custody_to_tenant(const Administration& by, const Tenant& tenant, OldKeys old);
// New epochs are sealed to a new key of the service, too. The tenant's keys stay recipients until they are retired.
// conflict: the service keeps them already.
Result<void> give_custody_to_service(const Administration& by, const Tenant& tenant);

enum class RecipientKind { tenant, siem };  // a person's key file; a program that takes everything
struct RecipientDraft {
  RecipientKind kind = RecipientKind::tenant;
  std::string name;
  crypto::X25519PublicKey key;
};
// malformed: the name, or a key of small order.   conflict: it is there already.   exhausted: eight are there.
Result<store::RecipientKey> add_recipient(const Administration& by, const Tenant& tenant, const RecipientDraft& draft);
// not_found: no such key in use.   conflict: the last key of a tenant that keeps its own, or the service's own key.
Result<void> retire_recipient(const Administration& by, const Tenant& tenant, const history::RecipientId& id);

// Takes one way to the tenant's key away. Whoever had it may know the key itself: it should be renewed.
// not_found: no such slot.   conflict: the last one of a tenant that keeps its own keys.
Result<void> remove_slot(const Administration& by, const Tenant& tenant, std::string_view slot);

enum class LinkPurpose { slot, renew };
struct MadeLink {
  std::string url;  // holds the token, which is stored nowhere
  Instant expires{};
};
// A link for the tenant's administrator, good once and for an hour.
Result<MadeLink> make_custody_link(const Administration& by, const Tenant& tenant, LinkPurpose purpose);

// What whoever opens a link is told. Of the slots those of the key that a passkey can be added to.
struct Invitation {
  Tenant tenant;
  std::vector<store::KeySlot> slots;       // empty: a new key is made
  crypto::X25519PublicKey key;             // of the slots
};
// refused: not a link that is good, for whatever reason.
Result<Invitation> open_invitation(const Ports& ports, const Secret& token);

// What comes back: a public half, and the private half wrapped for a passkey.
struct SlotUpload {
  Secret token;
  std::string name;
  crypto::X25519PublicKey key;
  Bytes credential, salt, wrapped;
  std::string address;  // where it came from
};
// Uses the link up. `done` gets whether a new key of the tenant began.
// refused: not a link that is good.   malformed: not of its form (docs/protocols/history-export.md), or another key
// than the tenant's.   exhausted: eight recipients are there.
void take_slot(const Ports& ports, SlotUpload upload, Done<bool> done);

// For the .cc files of custody.
namespace custody {
// malformed: agrees with nobody. An epoch sealed to such a key could not begin.
Result<void> check_key(const Ports& ports, const crypto::X25519PublicKey& key);
// exhausted: an epoch takes no more.
Result<void> room_for_one(const std::vector<store::RecipientKey>& recipients);
// The live key of the tenant that passkeys open; nullptr: none.
const store::RecipientKey* passkey_key(const CustodyView& view);
Result<CustodyView> read(store::Txn& txn, const TenantId& tenant);
}  // namespace custody

}  // namespace countersign::flow
