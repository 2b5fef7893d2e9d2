#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/policy/policy.h"

namespace countersign::policy {
namespace {

constexpr std::size_t kAddressTextMax = 45;  // eight groups of four, the last two as an IPv4 address
constexpr int kMappedPrefix = 96;            // RFC 4291 §2.5.5.2: ::ffff:0:0/96
constexpr std::string_view kMapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};

// 4 or 16 bytes, or nothing where `text` is no address. inet_pton computes, it asks nobody.
std::string bytes_of_address(std::string_view text) {
  if (text.empty() || text.size() > kAddressTextMax || text.find('\0') != text.npos) return {};
  std::array<char, kAddressTextMax + 1> terminated{};
  std::copy(text.begin(), text.end(), terminated.begin());
  std::array<char, 16> out;
  if (inet_pton(AF_INET, terminated.data(), out.data()) == 1) return std::string(out.data(), 4);
  if (inet_pton(AF_INET6, terminated.data(), out.data()) == 1) return std::string(out.data(), 16);
  return {};
}

bool mapped(std::string_view address) { return address.size() == 16 && address.starts_with(kMapped); }

// Clears what lies beyond the prefix, so that one block has one form.
void mask(std::string& base, int prefix) {
  for (int i = 0; i < static_cast<int>(base.size()); ++i) {
    const int kept = std::clamp(prefix - 8 * i, 0, 8);
    base[static_cast<std::size_t>(i)] &= static_cast<char>(static_cast<unsigned char>(0xff00 >> kept));
  }
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const Error bad{Errc::malformed, "a network is an address or ADDRESS/BITS, such as 192.0.2.0/24 or 2001:db8::/32"};
  const std::size_t slash = text.find('/');
  Network network;
  network.base = bytes_of_address(text.substr(0, slash));
  if (network.base.empty()) return bad;
  const int bits_max = static_cast<int>(network.base.size()) * 8;
  network.prefix = bits_max;
  if (slash != text.npos) {
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, failed] = std::from_chars(bits.data(), bits.data() + bits.size(), network.prefix);
    const bool padded = bits.size() > 1 && bits[0] == '0';
    if (failed != std::errc() || end != bits.data() + bits.size() || padded) return bad;
    if (network.prefix < 0 || network.prefix > bits_max || bits[0] == '-') return bad;
  }
  if (mapped(network.base) && network.prefix >= kMappedPrefix) {
    network.base.erase(0, kMapped.size());
    network.prefix -= kMappedPrefix;
  }
  mask(network.base, network.prefix);
  return network;
}

bool Network::contains(std::string_view address) const {
  std::string bytes = bytes_of_address(address);
  if (mapped(bytes)) bytes.erase(0, kMapped.size());
  if (bytes.size() != base.size()) return false;
  mask(bytes, prefix);
  return bytes == base;
}

bool Network::contains(const Network& other) const {
  if (base.size() != other.base.size() || other.prefix < prefix) return false;
  std::string bytes = other.base;
  mask(bytes, prefix);
  return bytes == base;
}

std::string Network::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = base.size() == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, base.data(), out.data(), out.size());
  return std::string(out.data()) + "/" + std::to_string(prefix);
}

}  // namespace countersign::policy
