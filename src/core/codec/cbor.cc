#include "core/codec/cbor.h"

#include <cbor.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/codec/utf8.h"

namespace countersign::codec {
namespace {

constexpr std::uint64_t kIntMax = std::numeric_limits<std::int64_t>::max();

Error malformed(const char* what) { return Error{Errc::malformed, what}; }

// What libcbor's decoder found at one place: a head, and for a string what follows. Nothing is copied.
struct Token {
  enum class Kind { unsupported, natural, negative, bytes, text, array, map, boolean, null };
  Kind kind = Kind::unsupported;
  std::uint64_t argument = 0;  // the head's: a number, or how much follows
  ByteView content;
};

template <Token::Kind kKind, class Number>
void see_number(void* token, Number number) {
  *static_cast<Token*>(token) = {kKind, number, {}};
}
template <Token::Kind kKind>
void see_string(void* token, cbor_data data, std::size_t size) {
  *static_cast<Token*>(token) = {kKind, size, ByteView(data, size)};
}

// Floats, tags, undefined, indefinite lengths and their end keep the callbacks that do nothing: unsupported.
cbor_callbacks callbacks() {
  using enum Token::Kind;
  cbor_callbacks out = cbor_empty_callbacks;
  out.uint8 = see_number<natural, std::uint8_t>;
  out.uint16 = see_number<natural, std::uint16_t>;
  out.uint32 = see_number<natural, std::uint32_t>;
  out.uint64 = see_number<natural, std::uint64_t>;
  out.negint8 = see_number<negative, std::uint8_t>;
  out.negint16 = see_number<negative, std::uint16_t>;
  out.negint32 = see_number<negative, std::uint32_t>;
  out.negint64 = see_number<negative, std::uint64_t>;
  out.byte_string = see_string<bytes>;
  out.string = see_string<text>;
  out.array_start = see_number<array, std::size_t>;
  out.map_start = see_number<map, std::size_t>;
  out.boolean = see_number<boolean, bool>;
  out.null = [](void* token) { static_cast<Token*>(token)->kind = null; };
  return out;
}

// RFC 8949 §4.2.1: the shortest head for an argument.
std::size_t head_size(std::uint64_t argument) {
  if (argument < 24) return 1;
  if (argument <= 0xff) return 2;
  if (argument <= 0xffff) return 3;
  return argument <= 0xffff'ffff ? 5 : 9;
}

class Reader {
  ByteView bytes_;
  std::size_t at_ = 0;
  std::size_t items_left_ = kCborItemsMax;
  cbor_callbacks callbacks_ = callbacks();

 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}
  std::size_t at() const { return at_; }

  // `depth`: how many arrays and maps stand around the item.
  Result<Cbor> item(int depth) {
    if (items_left_-- == 0) return malformed("CBOR of too many items");
    const Token token = TRY(next());
    switch (token.kind) {
      case Token::Kind::natural:
      case Token::Kind::negative: return number(token);
      case Token::Kind::bytes: return Cbor(Bytes(token.content.begin(), token.content.end()));
      case Token::Kind::text: return text(token);
      case Token::Kind::boolean: return Cbor(token.argument != 0);
      case Token::Kind::null: return Cbor();
      case Token::Kind::array: return array(token, depth);
      case Token::Kind::map: return map(token, depth);
      case Token::Kind::unsupported: return malformed("CBOR of a kind that is not used here");
    }
    std::abort();
  }

 private:
  Result<Token> next() {
    Token token;
    const ByteView rest = bytes_.subspan(at_);
    const cbor_decoder_result step = cbor_stream_decode(rest.data(), rest.size(), &callbacks_, &token);
    if (step.status != CBOR_DECODER_FINISHED) return malformed("CBOR that is cut off or that nobody defined");
    at_ += step.read;
    // The argument of false and true is their value, not their head's.
    const bool simple = token.kind == Token::Kind::boolean || token.kind == Token::Kind::null;
    if (token.kind != Token::Kind::unsupported && !simple &&
        step.read != head_size(token.argument) + token.content.size()) {
      return malformed("CBOR with a longer head than needed");
    }
    return token;
  }

  static Result<Cbor> number(const Token& token) {
    if (token.argument > kIntMax) return malformed("a CBOR integer beyond 64 bits");
    const auto n = static_cast<std::int64_t>(token.argument);
    return Cbor(token.kind == Token::Kind::natural ? n : -1 - n);
  }

  static Result<Cbor> text(const Token& token) {
    const std::string_view content = text_of(token.content);
    if (!valid_utf8(content)) return malformed("CBOR text that is not UTF-8");
    return Cbor(std::string(content));
  }

  // No place is made for what an array or a map says it holds: that is believed item by item.
  static Result<void> enter(int depth) {
    if (depth >= kCborDepthMax) return malformed("CBOR nested too deep");
    return {};
  }

  Result<Cbor> array(const Token& token, int depth) {
    TRY(enter(depth));
    CborArray out;
    for (std::uint64_t i = 0; i < token.argument; ++i) out.push_back(TRY(item(depth + 1)));
    return Cbor(std::move(out));
  }

  Result<Cbor> map(const Token& token, int depth) {
    TRY(enter(depth));
    CborMap out;
    std::vector<Bytes> keys;  // encoded: maps that are keys may differ in order only
    for (std::uint64_t i = 0; i < token.argument; ++i) {
      Cbor key = TRY(item(depth + 1));
      Cbor value = TRY(item(depth + 1));
      keys.push_back(key.encode());
      out.emplace_back(std::move(key), std::move(value));
    }
    std::ranges::sort(keys);
    if (std::ranges::adjacent_find(keys) != keys.end()) return malformed("a CBOR map with a key twice");
    return Cbor(std::move(out));
  }
};

// `encode` is one of libcbor's; it writes a head of at most nine bytes.
template <class... Argument>
void put_head(Bytes& out, std::size_t (*encode)(Argument..., unsigned char*, std::size_t), Argument... argument) {
  std::array<std::uint8_t, 9> head;
  append(out, ByteView(head).first(encode(argument..., head.data(), head.size())));
}

void write(Bytes& out, const Cbor& item);

void write_map(Bytes& out, const CborMap& entries) {
  // RFC 8949 §4.2.1. For the integers and strings that are keys in CTAP2 its own order (§8: type, length, bytes) is
  // the same, because the shortest head begins with the type and grows with the length.
  std::vector<std::pair<Bytes, const Cbor*>> sorted;
  for (const auto& [key, value] : entries) sorted.emplace_back(key.encode(), &value);
  std::ranges::sort(sorted, {}, &std::pair<Bytes, const Cbor*>::first);
  put_head(out, cbor_encode_map_start, entries.size());
  for (const auto& [key, value] : sorted) {
    append(out, key);
    write(out, *value);
  }
}

void write(Bytes& out, const Cbor& item) {
  if (const auto* n = item.as<std::int64_t>()) {
    if (*n >= 0) {
      put_head(out, cbor_encode_uint, static_cast<std::uint64_t>(*n));
    } else {
      put_head(out, cbor_encode_negint, static_cast<std::uint64_t>(-1 - *n));
    }
  } else if (const auto* bytes = item.as<Bytes>()) {
    put_head(out, cbor_encode_bytestring_start, bytes->size());
    append(out, *bytes);
  } else if (const auto* text = item.as<std::string>()) {
    put_head(out, cbor_encode_string_start, text->size());
    append(out, bytes_of(*text));
  } else if (const auto* items = item.as<CborArray>()) {
    put_head(out, cbor_encode_array_start, items->size());
    for (const Cbor& each : *items) write(out, each);
  } else if (const auto* entries = item.as<CborMap>()) {
    write_map(out, *entries);
  } else if (const auto* b = item.as<bool>()) {
    put_head(out, cbor_encode_bool, *b);
  } else {
    put_head(out, cbor_encode_null);
  }
}

template <class Matches>
const Cbor* find(const Cbor& item, Matches matches) {
  const auto* entries = item.as<CborMap>();
  if (!entries) return nullptr;
  for (const auto& [key, value] : *entries) {
    if (matches(key)) return &value;
  }
  return nullptr;
}

}  // namespace

const Cbor* Cbor::at(std::string_view key) const {
  return find(*this, [key](const Cbor& each) {
    const auto* text = each.as<std::string>();
    return text && *text == key;
  });
}

const Cbor* Cbor::at(std::int64_t key) const {
  return find(*this, [key](const Cbor& each) {
    const auto* number = each.as<std::int64_t>();
    return number && *number == key;
  });
}

Bytes Cbor::encode() const {
  Bytes out;
  write(out, *this);
  return out;
}

Result<CborPrefix> read_cbor_prefix(ByteView bytes) {
  if (bytes.size() > kCborBytesMax) return malformed("CBOR over 64 KiB");
  Reader reader(bytes);
  Cbor item = TRY(reader.item(0));
  return CborPrefix{std::move(item), reader.at()};
}

Result<Cbor> read_cbor(ByteView bytes) {
  CborPrefix prefix = TRY(read_cbor_prefix(bytes));
  if (prefix.size != bytes.size()) return malformed("something left over after CBOR");
  return std::move(prefix.item);
}

}  // namespace countersign::codec
