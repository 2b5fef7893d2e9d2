// Signs real requests and sends them over TLS keep-alive connections, one thread, many connections:
//   load auth|preauth|check|ping|exchange HOST PORT CA TENANTS USERS hotp|totp CONNECTIONS SECONDS RATE COUNTERS_FILE
// RATE 0: as fast as answers come; otherwise so many a second, latencies counted from when a request was due.
// Prints one JSON line. COUNTERS_FILE keeps the users' HOTP counters between runs; for `exchange` it
// is what `codes` wrote, and the run ends with the codes.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "bench/population.h"
#include "core/codec/base64.h"
#include "core/codec/http_date.h"
#include "core/codec/jwt.h"
#include "core/crypto/otp.h"

namespace countersign::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Nanos = std::chrono::nanoseconds;

constexpr std::size_t kWebApplicationsMax = 1'000;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

struct Options {
  std::string mode, host, port, ca;
  Population world;
  int connections = 64;
  double run_s = 5;
  double rate = 0;
  std::string counters_file;
};

// Makes the next signed request; each user once before any user twice.
class Requests {
  const Options& options_;
  std::vector<std::uint32_t> counters_;
  std::vector<std::unique_ptr<crypto::MacKey>> signers_;
  std::int64_t stride_;
  std::int64_t at_;
  std::string date_;
  std::int64_t date_s_ = 0;
  std::vector<std::pair<std::int64_t, std::string>> codes_;  // application and code, to be exchanged
  std::int64_t tokens_ = 0;

 public:
  explicit Requests(const Options& options)
      : options_(options), counters_(static_cast<std::size_t>(options.world.users)),
        signers_(static_cast<std::size_t>(options.world.tenants)) {
    stride_ = std::max<std::int64_t>(1, options.world.users * 618 / 1000);
    while (std::gcd(stride_, options.world.users) != 1) ++stride_;
    at_ = std::time(nullptr) * 7919 % options.world.users;
    if (options.mode == "exchange") {
      read_codes();
      return;
    }
    std::ifstream in(options.counters_file, std::ios::binary);
    in.read(reinterpret_cast<char*>(counters_.data()), static_cast<std::streamsize>(counters_.size() * 4));
  }

  bool left() const { return options_.mode != "exchange" || !codes_.empty(); }

  void save() const {
    if (options_.mode == "exchange") return;
    std::ofstream out(options_.counters_file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(counters_.data()), static_cast<std::streamsize>(counters_.size() * 4));
  }

  std::string next() {
    if (options_.mode == "ping") {
      return "GET /auth/v2/ping HTTP/1.1\r\nHost: " + options_.host + ":" + options_.port + "\r\n\r\n";
    }
    if (options_.mode == "exchange") return exchange();
    at_ = (at_ + stride_) % options_.world.users;
    const std::int64_t user = at_;
    if (options_.mode == "check") return sign(options_.world.tenant_of(user), "GET", "/auth/v2/check", "");
    std::string body;
    if (options_.mode == "auth") {
      body = "factor=passcode&passcode=" + code(user) + "&username=" + username(user);
    } else {
      body = "username=" + username(user);
    }
    return sign(options_.world.tenant_of(user), "POST", "/auth/v2/" + options_.mode, body);
  }

 private:
  void read_codes() {
    std::ifstream in(options_.counters_file);
    std::int64_t app = 0;
    for (std::string code; in >> app >> code;) codes_.emplace_back(app, code);
    signers_.resize(std::max<std::size_t>(signers_.size(), kWebApplicationsMax));
  }

  // The code's exchange with a client assertion that counts once (RFC 7523), as the Universal Prompt's clients send it.
  std::string exchange() {
    const auto [n, code] = codes_.back();
    codes_.pop_back();
    const std::string app = web_app_id(n), host = options_.host + ":" + options_.port;
    auto& signer = signers_[static_cast<std::size_t>(n)];
    if (!signer) signer = std::make_unique<crypto::MacKey>(crypto::HashKind::sha512, bytes_of(web_secret_key(n)));
    const std::string now = std::to_string(std::time(nullptr)), end = std::to_string(std::time(nullptr) + 300);
    const std::string claims = "{\"iss\":\"" + app + "\",\"sub\":\"" + app + "\",\"aud\":\"https://" + host +
                               "/oauth/v1/token\",\"exp\":" + end + ",\"iat\":" + now + ",\"jti\":\"" +
                               numbered("bench" + now, ++tokens_, 36) + "\"}";
    const std::string input = codec::jwt_signing_input(codec::JwtAlgorithm::hs512, claims);
    const std::string body =
        "grant_type=authorization_code&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&client_assertion_type="
        "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_id=" +
        app + "&code=" + code + "&client_assertion=" + codec::jwt(input, signer->mac(bytes_of(input)));
    return "POST /oauth/v1/token HTTP/1.1\r\nHost: " + host +
           "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  std::string code(std::int64_t user) {
    const crypto::MacKey key(crypto::HashKind::sha1, seed_of(user));
    const std::uint64_t counter = options_.world.codes == Codes::hotp
                                      ? counters_[static_cast<std::size_t>(user)]++
                                      : static_cast<std::uint64_t>(std::time(nullptr)) / 30;
    return crypto::otp_text(crypto::hotp_value(key, counter), 6);
  }

  std::string sign(std::int64_t tenant, const std::string& method, const std::string& path, const std::string& body) {
    auto& signer = signers_[static_cast<std::size_t>(tenant)];
    if (!signer) signer = std::make_unique<crypto::MacKey>(crypto::HashKind::sha512, bytes_of(secret_key(tenant)));
    if (const std::int64_t now = std::time(nullptr); now != date_s_) {
      date_s_ = now;
      date_ = codec::http_date(from_unix_s(now));
    }
    const std::string canonical = date_ + "\n" + method + "\n" + options_.host + "\n" + path + "\n" + body;
    const std::string mac = codec::to_hex(signer->mac(bytes_of(canonical)));
    return method + " " + path + " HTTP/1.1\r\nHost: " + options_.host + ":" + options_.port + "\r\nDate: " + date_ +
           "\r\nAuthorization: Basic " + codec::to_base64(codec::Base64::padded, bytes_of(app_id(tenant) + ":" + mac)) +
           (body.empty() ? "\r\n\r\n"
                         : "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                               std::to_string(body.size()) + "\r\n\r\n" + body);
  }
};

struct Connection {
  int fd = -1;
  SSL* ssl = nullptr;
  std::string out;
  std::string in;
  bool busy = false;
  SteadyClock::time_point due;
};

int connect_to(const Options& options) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(options.port.c_str())));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("cannot connect");
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

struct Tally {
  std::vector<std::int64_t> took_ns;
  std::map<int, std::int64_t> statuses;
  std::int64_t expected = 0;
  std::string first_surprise;
};

class Load {
  const Options& options_;
  Requests requests_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
  int epoll_ = epoll_create1(0);
  Tally tally_;

 public:
  explicit Load(const Options& options) : options_(options), requests_(options) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1) die("cannot read " + options.ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    connections_.resize(static_cast<std::size_t>(options.connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& c = connections_[i];
      c.fd = connect_to(options);
      c.ssl = SSL_new(context);
      SSL_set_fd(c.ssl, c.fd);
      SSL_set1_host(c.ssl, options.host.c_str());
      if (SSL_connect(c.ssl) != 1) die("TLS handshake failed");
      fcntl(c.fd, F_SETFL, fcntl(c.fd, F_GETFL) | O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
      idle_.push_back(i);
    }
  }

  void run() {
    const auto start = SteadyClock::now();
    const auto end = start + Nanos(static_cast<std::int64_t>(options_.run_s * 1e9));
    const auto gap = Nanos(options_.rate > 0 ? static_cast<std::int64_t>(1e9 / options_.rate) : 0);
    auto due = start;
    while ((SteadyClock::now() < end && requests_.left()) || idle_.size() < connections_.size()) {
      for (auto now = SteadyClock::now(); !idle_.empty() && due <= now && now < end && requests_.left();
           now = SteadyClock::now()) {
        send_on(idle_.back(), options_.rate > 0 ? due : now);
        idle_.pop_back();
        due = options_.rate > 0 ? due + gap : now;
      }
      wait(options_.rate > 0 && !idle_.empty() ? 0 : 100);
      if (SteadyClock::now() > end + std::chrono::seconds(10)) die("answers are missing");
    }
    report(std::chrono::duration<double>(SteadyClock::now() - start).count());
    requests_.save();
  }

 private:
  void send_on(std::size_t i, SteadyClock::time_point due) {
    Connection& c = connections_[i];
    c.out = requests_.next();
    c.busy = true;
    c.due = due;
    if (SSL_write(c.ssl, c.out.data(), static_cast<int>(c.out.size())) <= 0) die("cannot write");
  }

  void wait(int timeout_ms) {
    epoll_event events[256];
    const int n = epoll_wait(epoll_, events, 256, timeout_ms);
    for (int i = 0; i < n; ++i) receive(static_cast<std::size_t>(events[i].data.u64));
  }

  void receive(std::size_t i) {
    Connection& c = connections_[i];
    char buffer[8192];
    while (true) {
      const int n = SSL_read(c.ssl, buffer, sizeof buffer);
      if (n <= 0) {
        if (SSL_get_error(c.ssl, n) == SSL_ERROR_WANT_READ) break;
        die("the server closed a connection");
      }
      c.in.append(buffer, static_cast<std::size_t>(n));
    }
    const std::size_t head = c.in.find("\r\n\r\n");
    if (head == std::string::npos) return;
    std::size_t length = 0;
    if (const std::size_t at = c.in.find("Content-Length: "); at < head) length = std::strtoul(&c.in[at + 16], nullptr, 10);
    if (c.in.size() < head + 4 + length) return;
    count(c, c.in.substr(head + 4, length));
    c.in.erase(0, head + 4 + length);
    c.busy = false;
    idle_.push_back(i);
  }

  void count(const Connection& c, const std::string& body) {
    tally_.took_ns.push_back(std::chrono::duration_cast<Nanos>(SteadyClock::now() - c.due).count());
    ++tally_.statuses[std::atoi(c.in.c_str() + 9)];
    const char* wanted = options_.mode == "auth"      ? "\"result\":\"allow\""
                         : options_.mode == "preauth" ? "\"result\":\"auth\""
                         : options_.mode == "exchange" ? "\"id_token\":"
                                                      : "OK";
    if (body.find(wanted) != std::string::npos) {
      ++tally_.expected;
    } else if (tally_.first_surprise.empty()) {
      tally_.first_surprise = body;
    }
  }

  void report(double took_s) {
    auto& t = tally_.took_ns;
    if (t.empty()) die("no answers");
    std::sort(t.begin(), t.end());
    const auto at = [&t](double q) { return static_cast<double>(t[static_cast<std::size_t>(q * static_cast<double>(t.size() - 1))]) / 1e6; };
    std::printf("{\"mode\":\"%s\",\"answers\":%zu,\"expected\":%lld,\"per_s\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
                options_.mode.c_str(), t.size(), static_cast<long long>(tally_.expected),
                static_cast<double>(t.size()) / took_s, at(0.5), at(0.99), at(1.0));
    for (const auto& [status, n] : tally_.statuses) {
      if (status != 200) std::fprintf(stderr, "load: %lld answers with status %d\n", static_cast<long long>(n), status);
    }
    if (!tally_.first_surprise.empty()) std::fprintf(stderr, "load: unexpected: %s\n", tally_.first_surprise.c_str());
  }
};

}  // namespace

int run(int argc, char** argv) {
  if (argc != 12) die("usage: load auth|preauth|check|ping|exchange HOST PORT CA TENANTS USERS hotp|totp CONNECTIONS SECONDS RATE COUNTERS_FILE");
  Options options;
  options.mode = argv[1];
  options.host = argv[2];
  options.port = argv[3];
  options.ca = argv[4];
  options.world.tenants = std::atoll(argv[5]);
  options.world.users = std::atoll(argv[6]);
  options.world.codes = std::string_view(argv[7]) == "totp" ? Codes::totp : Codes::hotp;
  options.connections = std::atoi(argv[8]);
  options.run_s = std::atof(argv[9]);
  options.rate = std::atof(argv[10]);
  options.counters_file = argv[11];
  Load load(options);
  load.run();
  return 0;
}

}  // namespace countersign::bench

int main(int argc, char** argv) { return countersign::bench::run(argc, argv); }
