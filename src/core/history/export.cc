#include "core/history/export.h"

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/wipe.h"
#include "core/history/epoch.h"

namespace countersign::history {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kMadeMax = 253'402'300'799;  // 9999-12-31T23:59:59Z

std::string base64(ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); }

void write(codec::JsonWriter& to, const ExportHead& head) {
  to.key("export").integer(kVersion).key("tenant").string(head.tenant.text());
  to.key("tenant_name").string(head.tenant_name).key("first_day").integer(head.first_day);
  to.key("last_day").integer(head.last_day).key("made").integer(unix_s(head.made));
}
void write(codec::JsonWriter& to, const ExportSlot& slot) {
  to.key("slot").string(slot.id).key("kind").string(slot.kind).key("name").string(slot.name);
  to.key("public_key").string(base64(slot.key.bytes())).key("credential").string(base64(slot.credential));
  to.key("salt").string(base64(slot.salt)).key("wrapped").string(base64(slot.wrapped));
}
void write(codec::JsonWriter& to, const ExportDay& day) {
  to.key("day").integer(day.day).key("key").string(base64(day.key.reveal_bytes()));
}
void write(codec::JsonWriter& to, const ExportEpoch& epoch) {
  to.key("epoch").string(base64(epoch.header)).key("trailer").string(base64(epoch.trailer));
}
void write(codec::JsonWriter& to, const ExportRow& row) {
  to.key("row").string(base64(row.row)).key("open").string(base64(bytes_of(row.open)));
}
void write(codec::JsonWriter& to, const ExportEnd& end) { to.key("end").integer(end.rows); }

// The members of one line: taken by name, and all of them.
class Members {
  const codec::Json& line_;
  std::size_t taken_ = 0;

  Result<const codec::Json*> take(std::string_view name) {
    if (line_.count(name) != 1) return Error{Errc::malformed, "a line of an export lacks " + std::string(name)};
    ++taken_;
    return line_.find(name);
  }

 public:
  explicit Members(const codec::Json& line) : line_(line) {}

  Result<std::string> text(std::string_view name) {
    const codec::Json* const member = TRY(take(name));
    return std::string(TRY(member->as_string()));
  }
  Result<Bytes> bytes(std::string_view name) {
    const codec::Json* const member = TRY(take(name));
    const std::string_view text = TRY(member->as_string());
    return codec::from_base64(codec::Base64::url, text);
  }
  Result<std::int64_t> number(std::string_view name, std::int64_t most) {
    const codec::Json* const member = TRY(take(name));
    const std::int64_t value = TRY(member->as_int());
    if (value < 0 || value > most) return Error{Errc::malformed, std::string(name) + " is out of range"};
    return value;
  }
  Result<ExportLine> whole(ExportLine line) const {
    if (taken_ != line_.members().size()) return Error{Errc::malformed, "a line of an export has too many members"};
    return line;
  }
};

Result<ExportLine> read_head(Members& in) {
  if (TRY(in.number("export", kMadeMax)) != kVersion) return Error{Errc::malformed, "an export of another version"};
  ExportHead out;
  const std::string tenant = TRY(in.text("tenant"));
  out.tenant = TRY(TenantId::parse(tenant));
  out.tenant_name = TRY(in.text("tenant_name"));
  out.first_day = TRY(in.number("first_day", kDayMax));
  out.last_day = TRY(in.number("last_day", kDayMax));
  out.made = from_unix_s(TRY(in.number("made", kMadeMax)));
  return in.whole(std::move(out));
}

Result<ExportLine> read_slot(Members& in) {
  ExportSlot out;
  out.id = TRY(in.text("slot"));
  out.kind = TRY(in.text("kind"));
  out.name = TRY(in.text("name"));
  const Bytes key = TRY(in.bytes("public_key"));
  out.key = TRY(crypto::X25519PublicKey::from_bytes(key));
  out.credential = TRY(in.bytes("credential"));
  out.salt = TRY(in.bytes("salt"));
  out.wrapped = TRY(in.bytes("wrapped"));
  return in.whole(std::move(out));
}

Result<ExportLine> read_day(Members& in) {
  ExportDay out;
  out.day = TRY(in.number("day", kDayMax));
  out.key = crypto::into_secret(TRY(in.bytes("key")));
  if (out.key.size() != kDayKeySize) return Error{Errc::malformed, "a day key has 32 bytes"};
  return in.whole(std::move(out));
}

Result<ExportLine> read_epoch(Members& in) {
  ExportEpoch out;
  out.header = TRY(in.bytes("epoch"));
  out.trailer = TRY(in.bytes("trailer"));
  return in.whole(std::move(out));
}

Result<ExportLine> read_row(Members& in) {
  ExportRow out;
  out.row = TRY(in.bytes("row"));
  const Bytes open = TRY(in.bytes("open"));
  out.open = text_of(open);
  return in.whole(std::move(out));
}

Result<ExportLine> read_end(Members& in) {
  ExportEnd out;
  out.rows = static_cast<std::uint64_t>(TRY(in.number("end", INT64_MAX)));
  return in.whole(std::move(out));
}

struct Kind {
  std::string_view name;
  Result<ExportLine> (*read)(Members& in);
};
constexpr Kind kKinds[] = {{"export", read_head}, {"slot", read_slot}, {"day", read_day},
                           {"epoch", read_epoch}, {"row", read_row},   {"end", read_end}};

}  // namespace

std::string encode(const ExportLine& line) {
  codec::JsonWriter w;
  w.begin_object();
  std::visit([&w](const auto& one) { write(w, one); }, line);
  return w.end_object().take();
}

Result<ExportLine> decode_export_line(std::string_view line) {
  const codec::Json json = TRY(codec::parse_json(line, kExportLineMax));
  if (json.members().empty()) return Error{Errc::malformed, "this is not an export: a line is no object"};
  const std::string& first = json.members().front().first;
  Members in(json);
  for (const Kind& kind : kKinds) {
    if (first == kind.name) return kind.read(in);
  }
  return Error{Errc::malformed, "this is not an export that this program knows"};
}

}  // namespace countersign::history
