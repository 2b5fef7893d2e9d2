#include "faces/duo/bson.h"

#include <bit>
#include <cstring>
#include <utility>

#include "core/codec/json_write.h"
#include "core/codec/utf8.h"

namespace countersign::duo {

Document::Document() = default;
Document::Document(const Document&) = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document other) {
  members_.swap(other.members_);
  return *this;
}
Document::~Document() = default;
bool Document::operator==(const Document&) const = default;

Document& Document::text(std::string_view name, std::string value) {
  members_.push_back({std::string(name), std::move(value)});
  return *this;
}
Document& Document::integer(std::string_view name, std::int32_t value) {
  members_.push_back({std::string(name), value});
  return *this;
}
Document& Document::boolean(std::string_view name, bool value) {
  members_.push_back({std::string(name), value});
  return *this;
}
Document& Document::document(std::string_view name, Document value) {
  members_.push_back({std::string(name), std::move(value)});
  return *this;
}

const Member* Document::find(std::string_view name) const {
  for (const Member& member : members_) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

std::string_view Document::text_of(std::string_view name) const {
  const Member* member = find(name);
  const auto* text = member ? std::get_if<std::string>(&member->value) : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

namespace {

// Element types (bsonspec.org, "element").
constexpr char kText = 0x02, kDocument = 0x03, kBoolean = 0x08, kInt32 = 0x10;

void put_int32(std::string& to, std::int32_t value) {
  const auto bits = static_cast<std::uint32_t>(value);
  for (unsigned shift = 0; shift < 32; shift += 8) to.push_back(static_cast<char>(bits >> shift & 0xff));
}

void put_document(std::string& to, const Document& document);

struct PutValue {
  std::string& to;
  const std::string& name;

  void start(char type) { (to += type).append(name).push_back('\0'); }
  void operator()(const std::string& text) {
    start(kText);
    put_int32(to, static_cast<std::int32_t>(text.size() + 1));
    to.append(text).push_back('\0');
  }
  void operator()(std::int32_t value) {
    start(kInt32);
    put_int32(to, value);
  }
  void operator()(bool value) {
    start(kBoolean);
    to.push_back(value ? 1 : 0);
  }
  void operator()(const Document& document) {
    start(kDocument);
    put_document(to, document);
  }
};

void put_document(std::string& to, const Document& document) {
  const std::size_t begin = to.size();
  put_int32(to, 0);
  for (const Member& member : document.members()) std::visit(PutValue{to, member.name}, member.value);
  to.push_back('\0');
  std::string length;
  put_int32(length, static_cast<std::int32_t>(to.size() - begin));
  to.replace(begin, length.size(), length);
}

void write_json(codec::JsonWriter& to, const Document& document);

struct WriteValue {
  codec::JsonWriter& to;
  void operator()(const std::string& text) { to.string(text); }
  void operator()(std::int32_t value) { to.integer(value); }
  void operator()(bool value) { to.boolean(value); }
  void operator()(const Document& document) { write_json(to, document); }
};

void write_json(codec::JsonWriter& to, const Document& document) {
  to.begin_object();
  for (const Member& member : document.members()) {
    to.key(member.name);
    std::visit(WriteValue{to}, member.value);
  }
  to.end_object();
}

const Error kMalformed{Errc::malformed, "not a BSON document"};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  Result<Document> document(int depth) {
    if (depth > kBsonDepthMax) return Error{Errc::exhausted, "BSON deeper than eight levels"};
    const std::size_t whole = rest_.size();
    const std::int32_t length = TRY(int32());
    if (length < 5 || static_cast<std::size_t>(length) > whole) return kMalformed;
    Document out;
    while (true) {
      const std::string_view type = TRY(take(1));
      if (type[0] == '\0') break;
      const std::string name(TRY(name_text()));
      TRY(value(type[0], name, depth, out));
    }
    if (whole - rest_.size() != static_cast<std::size_t>(length)) return kMalformed;
    return out;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  Result<std::string_view> take(std::size_t count) {
    if (count > rest_.size()) return kMalformed;
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  Result<std::int32_t> int32() {
    const std::string_view bytes = TRY(take(4));
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    return std::bit_cast<std::int32_t>(value);
  }
  Result<std::string_view> name_text() {
    const std::size_t end = rest_.find('\0');
    if (end == rest_.npos) return kMalformed;
    const std::string_view out = TRY(take(end + 1)).substr(0, end);
    if (!codec::valid_text(out)) return kMalformed;
    return out;
  }
  Result<void> value(char type, const std::string& name, int depth, Document& into) {
    switch (type) {
      case kText: {
        const std::int32_t length = TRY(int32());
        if (length < 1) return kMalformed;
        const std::string_view text = TRY(take(static_cast<std::size_t>(length)));
        if (text.back() != '\0' || !codec::valid_text(text.substr(0, text.size() - 1))) return kMalformed;
        into.text(name, std::string(text.substr(0, text.size() - 1)));
        return {};
      }
      case kDocument: into.document(name, TRY(document(depth + 1))); return {};
      case kInt32: into.integer(name, TRY(int32())); return {};
      case kBoolean: {
        const std::string_view byte = TRY(take(1));
        if (byte[0] != 0 && byte[0] != 1) return kMalformed;
        into.boolean(name, byte[0] == 1);
        return {};
      }
    }
    return kMalformed;
  }

  std::string_view rest_;
};

}  // namespace

std::string to_bson(const Document& document) {
  std::string out;
  put_document(out, document);
  return out;
}

std::string to_json(const Document& document) {
  codec::JsonWriter out;
  write_json(out, document);
  return out.take();
}

Result<Document> parse_bson(std::string_view bytes) {
  if (bytes.size() > kBsonBytesMax) return Error{Errc::exhausted, "BSON over 64 KiB"};
  Reader reader(bytes);
  Document out = TRY(reader.document(1));
  if (!reader.at_end()) return kMalformed;
  return out;
}

}  // namespace countersign::duo
