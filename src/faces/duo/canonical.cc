#include "faces/duo/canonical.h"

#include <algorithm>

#include "core/codec/form.h"
#include "core/codec/hex.h"
#include "core/codec/percent.h"
#include "core/crypto/hash.h"

namespace countersign::duo {
namespace {

// Decodes leniently ("%" without two digits is itself) and encodes in the one canonical way.
void append_normal(std::string& to, std::string_view raw, std::string& scratch) {
  if (raw.find_first_of("%+") == raw.npos) return codec::append_percent_encoded(to, raw);
  scratch.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const int byte = raw[i] == '%' ? codec::percent_byte(raw, i + 1) : -1;
    if (byte >= 0) {
      scratch.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      scratch.push_back(raw[i] == '+' ? ' ' : raw[i]);
    }
  }
  codec::append_percent_encoded(to, scratch);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

// "name:443" is "name", "[::1]:443" is "[::1]"; net/ has checked the form host[:port].
std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon == host.npos || host.find(']', colon) != host.npos) return host;
  return host.substr(0, colon);
}

std::string sha512_hex(std::span<const ByteView> parts) {
  std::array<std::uint8_t, crypto::kDigestMax> digest;
  const std::size_t size = crypto::hash_into(crypto::HashKind::sha512, parts, digest);
  return codec::to_hex(ByteView(digest.data(), size));
}

}  // namespace

Result<CanonicalParameters> CanonicalParameters::of(std::string_view form) {
  if (form.size() > codec::kFormBytesMax) return Error{Errc::exhausted, "more than 64 KiB of parameters"};
  CanonicalParameters out;
  out.text_.reserve(form.size() + 32);
  std::string scratch;
  while (!form.empty()) {
    const std::size_t end = form.find('&');
    const std::string_view piece = form.substr(0, end);
    form.remove_prefix(end == form.npos ? form.size() : end + 1);
    if (piece.empty()) continue;
    if (out.pairs_.size() == codec::kFormPairsMax) return Error{Errc::exhausted, "more than 200 parameters"};
    const std::size_t equals = piece.find('=');
    Pair pair;
    pair.begin = static_cast<std::uint32_t>(out.text_.size());
    append_normal(out.text_, piece.substr(0, equals), scratch);
    pair.equals = static_cast<std::uint32_t>(out.text_.size());
    out.text_.push_back('=');
    if (equals != piece.npos) append_normal(out.text_, piece.substr(equals + 1), scratch);
    pair.end = static_cast<std::uint32_t>(out.text_.size());
    out.pairs_.push_back(pair);
  }
  return out;
}

std::string_view CanonicalParameters::key(const Pair& p) const {
  return std::string_view(text_).substr(p.begin, p.equals - p.begin);
}
std::string_view CanonicalParameters::value(const Pair& p) const {
  return std::string_view(text_).substr(p.equals + 1, p.end - p.equals - 1);
}
std::string_view CanonicalParameters::whole(const Pair& p) const {
  return std::string_view(text_).substr(p.begin, p.end - p.begin);
}

std::string CanonicalParameters::joined(const std::vector<Pair>& pairs) const {
  std::string out;
  out.reserve(text_.size() + pairs.size());
  for (const Pair& pair : pairs) {
    if (!out.empty()) out.push_back('&');
    out += whole(pair);
  }
  return out;
}

std::string CanonicalParameters::by_key_then_value() const {
  std::vector<Pair> pairs = pairs_;
  std::sort(pairs.begin(), pairs.end(), [this](const Pair& a, const Pair& b) {
    const int keys = key(a).compare(key(b));
    return keys != 0 ? keys < 0 : value(a) < value(b);
  });
  return joined(pairs);
}

std::vector<std::string> CanonicalParameters::other_orders() const {
  std::vector<std::string> out;
  const std::string first = by_key_then_value();
  const auto add = [&](std::string text) {
    if (text != first && std::find(out.begin(), out.end(), text) == out.end()) out.push_back(std::move(text));
  };
  std::vector<Pair> pairs = pairs_;
  std::sort(pairs.begin(), pairs.end(), [this](const Pair& a, const Pair& b) {
    const int keys = key(a).compare(key(b));
    return keys != 0 ? keys < 0 : a.begin < b.begin;
  });
  add(joined(pairs));
  std::sort(pairs.begin(), pairs.end(), [this](const Pair& a, const Pair& b) { return whole(a) < whole(b); });
  add(joined(pairs));
  return out;
}

std::string host_name(std::string_view host) {
  std::string name = lowered(without_port(host));
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') return name.substr(1, name.size() - 2);
  return name;
}

std::vector<std::string> host_lines(std::string_view host) {
  std::vector<std::string> out;
  const auto add = [&](std::string line) {
    if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(std::move(line));
  };
  add(lowered(host));
  add(lowered(without_port(host)));
  add(std::string(host));
  add(std::string(without_port(host)));
  return out;
}

std::string body_line(std::string_view body) {
  const ByteView parts[] = {bytes_of(body)};
  return sha512_hex(parts);
}

std::string header_line(const std::vector<net::Header>& headers) {
  std::vector<const net::Header*> ours;
  for (const net::Header& header : headers) {
    if (header.name.starts_with("x-duo-")) ours.push_back(&header);
  }
  std::sort(ours.begin(), ours.end(), [](const net::Header* a, const net::Header* b) {
    const int names = a->name.compare(b->name);
    return names != 0 ? names < 0 : a < b;  // of one name: as sent
  });
  std::string text;
  for (const net::Header* header : ours) {
    if (!text.empty()) text.push_back('\0');
    text.append(header->name).push_back('\0');
    text += header->value;
  }
  return body_line(text);
}

void write_canonical(SignatureVersion version, const SignedLines& lines, std::string& out) {
  out.clear();
  if (version != SignatureVersion::v1) out.append(lines.date).push_back('\n');
  out.append(lines.method).push_back('\n');
  out.append(lines.host).push_back('\n');
  out.append(lines.path).push_back('\n');
  out += lines.parameters;
  if (version == SignatureVersion::v4 || version == SignatureVersion::v5) out.append("\n").append(lines.body);
  if (version == SignatureVersion::v5) out.append("\n").append(lines.headers);
}

}  // namespace countersign::duo
