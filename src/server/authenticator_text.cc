#include "server/authenticator_text.h"

#include <algorithm>
#include <chrono>

#include "core/codec/utf8.h"
#include "core/crypto/otp.h"
#include "faces/device/wire.h"

namespace countersign::server {
namespace {

// How many columns the text takes: code points, which is right for all but wide and combining characters.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Bytes of the character at `at` that a terminal might obey, 0 for harmless ones: C0, DEL, C1 (U+0080…009F), and the
// marks and isolates of the bidirectional algorithm (U+200E/F, U+202A…E, U+2066…9).
std::size_t unsafe_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at), second = byte(at + 1), third = byte(at + 2);
  if (first < 0x20 || first == 0x7f) return 1;
  if (first == 0xc2 && second < 0xa0) return 2;
  if (first != 0xe2) return 0;
  if (second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae))) return 3;
  if (second == 0x81 && third >= 0xa6 && third <= 0xa9) return 3;
  return 0;
}

std::int64_t seconds_left(Instant until, Instant now) {
  return std::max<std::int64_t>(0, std::chrono::ceil<seconds>(until - now).count());
}

std::string account_of(const codec::Otpauth& otp) {
  return otp.issuer.empty() ? otp.account : otp.account + "@" + otp.issuer;
}

}  // namespace

std::string printable(std::string_view text) {
  if (!codec::valid_utf8(text)) return "?";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t unsafe = unsafe_at(text, at);
    out.push_back(unsafe ? '?' : text[at]);
    at += unsafe ? unsafe : 1;
  }
  return out;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max({widths[i], width_of(row[i]), std::size_t{1}});
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out.append(row[i].empty() ? "-" : row[i]);
      if (i + 1 < row.size()) out.append(widths[i] - std::max<std::size_t>(width_of(row[i]), 1) + 2, ' ');
    }
    out.push_back('\n');
  }
  return out;
}

std::string request_table(const std::vector<FoundRequest>& found, Instant now) {
  std::vector<std::vector<std::string>> rows = {
      {"REQUEST", "ACCOUNT", "APPLICATION", "TYPE", "USER", "FROM", "DIGITS", "LEFT", "INFO"}};
  for (const FoundRequest& f : found) {
    std::string info;
    for (const auto& [key, value] : f.request.pushinfo) info += (info.empty() ? "" : ", ") + key + ": " + value;
    rows.push_back({f.request.id.text(), printable(f.account), printable(f.request.application),
                    printable(f.request.type), printable(f.request.username), printable(f.request.address),
                    std::to_string(f.request.digits), std::to_string(seconds_left(f.request.expires, now)) + " s",
                    printable(info)});
  }
  return table(rows);
}

void write_request(codec::JsonWriter& w, const FoundRequest& found) {
  w.begin_object().key("account").string(found.account);
  device::write_members(w, found.request);
  w.end_object();
}

std::string requests_json(const std::vector<FoundRequest>& found) {
  codec::JsonWriter w;
  w.begin_object().key("requests").begin_array();
  for (const FoundRequest& f : found) write_request(w, f);
  w.end_array().end_object();
  return w.take() + "\n";
}

std::string described(const flow::PendingRequest& request) {
  std::string out = request.application + ": " + request.type + " of " + request.username;
  if (!request.address.empty()) out += " from " + request.address;
  for (std::size_t i = 0; i < request.pushinfo.size(); ++i) {
    out += (i ? ", " : " (") + request.pushinfo[i].first + ": " + request.pushinfo[i].second;
  }
  if (!request.pushinfo.empty()) out += ")";
  return printable(out);
}

Code code_of(const codec::Otpauth& otp, Instant now) {
  Code out;
  out.account = account_of(otp);
  std::uint64_t counter = otp.counter;
  if (otp.kind == codec::OtpKind::totp) {
    counter = static_cast<std::uint64_t>(unix_s(now) / otp.period_s);
    out.seconds_left = static_cast<int>(otp.period_s - unix_s(now) % otp.period_s);
  }
  const crypto::MacKey key(otp.algorithm, otp.secret.reveal_bytes());
  out.code = crypto::otp_text(crypto::hotp_value(key, counter), otp.digits);
  return out;
}

std::string code_table(const std::vector<Code>& codes) {
  std::vector<std::vector<std::string>> rows = {{"ACCOUNT", "CODE", "LEFT"}};
  for (const Code& code : codes) {
    const std::string left = code.seconds_left ? std::to_string(code.seconds_left) + " s" : "once";
    rows.push_back({printable(code.account), code.code, left});
  }
  return table(rows);
}

std::string codes_json(const std::vector<Code>& codes) {
  codec::JsonWriter w;
  w.begin_object().key("codes").begin_array();
  for (const Code& code : codes) {
    w.begin_object().key("account").string(code.account).key("code").string(code.code);
    w.key("seconds_left");
    if (code.seconds_left) w.integer(code.seconds_left);
    if (!code.seconds_left) w.null();
    w.end_object();
  }
  w.end_array().end_object();
  return w.take() + "\n";
}

}  // namespace countersign::server
