// Typed identifiers: a user's id and a phone's id do not mix, and a bare string is neither.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/random.h"
#include "core/base/result.h"

namespace countersign {

// Ids made here are a two-letter prefix and 18 of these; no 0/O or 1/I, so that people can read them out.
inline constexpr std::string_view kIdAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
inline constexpr std::size_t kIdLength = 20;
inline constexpr std::size_t kIdLengthMax = 64;

// Tag has `static constexpr std::string_view kPrefix` (empty: ids are UUIDs).
template <class Tag>
class Id {
  std::string text_;

  explicit Id(std::string text) : text_(std::move(text)) {}

 public:
  Id() = default;  // the empty id: "none"

  // malformed: empty, longer than 64, or a character outside A-Z a-z 0-9 - _.
  static Result<Id> parse(std::string_view text) {
    if (text.empty() || text.size() > kIdLengthMax) return Error{Errc::malformed, "not an id"};
    for (char c : text) {
      const bool fine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                        c == '-' || c == '_';
      if (!fine) return Error{Errc::malformed, "not an id"};
    }
    return Id(std::string(text));
  }
  static Id make(Random& random) {
    if constexpr (Tag::kPrefix.empty()) {
      return Id(random_uuid(random));
    } else {
      return Id(std::string(Tag::kPrefix) + random_text(random, kIdLength - Tag::kPrefix.size(), kIdAlphabet));
    }
  }
  // For text that this program wrote itself (a column of its own database).
  static Id trusted(std::string_view text) { return Id(std::string(text)); }

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;
};

struct TenantTag { static constexpr std::string_view kPrefix = "DA"; };
struct AppTag { static constexpr std::string_view kPrefix = "DI"; };
struct UserTag { static constexpr std::string_view kPrefix = "DU"; };
struct GroupTag { static constexpr std::string_view kPrefix = "DG"; };
struct PhoneTag { static constexpr std::string_view kPrefix = "DP"; };
struct EnrolmentTag { static constexpr std::string_view kPrefix = "DH"; };
struct AttemptTag { static constexpr std::string_view kPrefix = ""; };
struct EventTag { static constexpr std::string_view kPrefix = ""; };
struct VisitTag { static constexpr std::string_view kPrefix = "DV"; };
struct BrowserTag { static constexpr std::string_view kPrefix = "DB"; };
struct IncidentTag { static constexpr std::string_view kPrefix = "DX"; };
struct NoticeTag { static constexpr std::string_view kPrefix = "DN"; };

using TenantId = Id<TenantTag>;
using AppId = Id<AppTag>;  // also the integration key on the wire
using UserId = Id<UserTag>;
using GroupId = Id<GroupTag>;
using PhoneId = Id<PhoneTag>;
using EnrolmentId = Id<EnrolmentTag>;
using AttemptId = Id<AttemptTag>;  // Duo's txid
using EventId = Id<EventTag>;
using VisitId = Id<VisitTag>;
using BrowserId = Id<BrowserTag>;
using IncidentId = Id<IncidentTag>;
using NoticeId = Id<NoticeTag>;

}  // namespace countersign

template <class Tag>
struct std::hash<countersign::Id<Tag>> {
  std::size_t operator()(const countersign::Id<Tag>& id) const {
    return std::hash<std::string>()(id.text());
  }
};
