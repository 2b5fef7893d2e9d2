#include "net/http_client.h"

#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "net/chunked.h"
#include "net/client_socket.h"

namespace countersign::net {
namespace {

constexpr std::size_t kHeadMax = 64 * 1024;

using Take = std::function<bool(std::string_view)>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// How a reply's body ends.
struct Ending {
  bool chunked = false;
  std::optional<std::size_t> length;  // neither: with the connection
  bool keep = true;
};

Error not_http() { return Error{Errc::malformed, "the reply is not HTTP"}; }

Result<void> take_header(std::string_view line, HttpResponse& reply, Ending& ending) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return not_http();
  Header header{lower(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))};
  if (header.name == "content-length") {
    std::size_t length = 0;
    const char* end = header.value.data() + header.value.size();
    const auto [stop, ec] = std::from_chars(header.value.data(), end, length);
    if (ec != std::errc() || stop != end || ending.length) return not_http();
    ending.length = length;
  } else if (header.name == "transfer-encoding") {
    if (lower(header.value) != "chunked") return not_http();
    ending.chunked = true;
  } else if (header.name == "connection") {
    if (lower(header.value).find("close") != std::string::npos) ending.keep = false;
  } else if (header.name == "content-type") {
    reply.content_type = header.value;
  }
  reply.headers.push_back(std::move(header));
  return {};
}

Result<void> parse_reply_head(std::string_view head, HttpResponse& reply, Ending& ending) {
  std::string_view line = head.substr(0, head.find("\r\n"));
  const bool form = line.size() >= 12 && line.starts_with("HTTP/1.") && line[8] == ' ';
  const auto parsed = form ? std::from_chars(line.data() + 9, line.data() + 12, reply.status)
                           : std::from_chars_result{nullptr, std::errc::invalid_argument};
  if (parsed.ec != std::errc() || parsed.ptr != line.data() + 12 || reply.status < 100) return not_http();
  if (line[7] == '0') ending.keep = false;
  head.remove_prefix(line.size() + 2);
  while (!head.empty()) {
    line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    TRY(take_header(line, reply, ending));
  }
  return {};
}

}  // namespace

struct HttpClient::Line {
  using Deadline = ClientSocket::Deadline;

  Result<void> begin(const ClientRequest& request);
  Result<void> read_head(const ClientRequest& request, HttpResponse& reply, Ending& ending);
  Result<void> read_body(const ClientRequest& request, const Ending& ending, const Take& take, bool streaming);
  Result<HttpResponse> run(const ClientRequest& request, const Take* take);
  std::string bytes_of(const ClientRequest& request) const;
  Result<bool> more() { return socket->read(buffer, deadline); }

  ClientOptions options;
  std::unique_ptr<ClientTls> tls;
  std::unique_ptr<ClientSocket> socket;
  std::string buffer;
  Deadline deadline;
};

std::string HttpClient::Line::bytes_of(const ClientRequest& request) const {
  std::string out = request.method + " " + request.target + " HTTP/1.1\r\n";
  bool has_host = false;
  for (const Header& header : request.headers) {
    if (lower(header.name) == "host") has_host = true;
    out += header.name + ": " + header.value + "\r\n";
  }
  if (!has_host) {
    const bool v6 = options.host.find(':') != std::string::npos;
    const std::uint16_t usual = options.security == Security::tls ? 443 : 80;
    out += "Host: " + (v6 ? "[" + options.host + "]" : options.host);
    if (options.port != usual) out += ":" + std::to_string(options.port);
    out += "\r\n";
  }
  const bool bodiless = request.method == "GET" || request.method == "HEAD" || request.method == "DELETE";
  if (!bodiless || !request.body.empty()) out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  out += "\r\n";
  out += request.body;
  return out;
}

Result<void> HttpClient::Line::begin(const ClientRequest& request) {
  if (socket && (!buffer.empty() || !socket->is_alive())) socket.reset();
  if (!socket) {
    buffer.clear();
    const std::string& name = options.certificate_name.empty() ? options.host : options.certificate_name;
    const Peer peer{options.host, options.port, name};
    socket = TRY(ClientSocket::connect(peer, tls.get(), deadline));
  }
  return socket->write(bytes_of(request), deadline);
}

Result<void> HttpClient::Line::read_head(const ClientRequest& request, HttpResponse& reply, Ending& ending) {
  for (;;) {
    const std::size_t end = buffer.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (buffer.size() > kHeadMax) return not_http();
      const bool came = TRY(more());
      if (!came && buffer.empty()) return Error{Errc::unavailable, "the server closed the connection"};
      if (!came) return not_http();
      continue;
    }
    const std::string head = buffer.substr(0, end + 2);
    buffer.erase(0, end + 4);
    reply = HttpResponse{};
    ending = Ending{};
    TRY(parse_reply_head(head, reply, ending));
    if (reply.status >= 200) break;  // else 100 Continue and the like
  }
  if (request.method == "HEAD" || reply.status == 204 || reply.status == 304) {
    ending.chunked = false;
    ending.length = 0;
  }
  return {};
}

Result<void> HttpClient::Line::read_body(const ClientRequest& request, const Ending& ending, const Take& take,
                                         bool streaming) {
  ChunkedDecoder decoder(streaming ? std::numeric_limits<std::size_t>::max() / 2 : options.reply_max);
  std::size_t taken = 0;
  std::string piece;
  for (;;) {
    piece.clear();
    if (ending.chunked) {
      buffer.erase(0, decoder.feed(buffer, piece));
      if (decoder.state() == ChunkedDecoder::State::malformed) return not_http();
      if (decoder.state() == ChunkedDecoder::State::too_large) return Error{Errc::malformed, "the reply is too large"};
    } else {
      piece = buffer.substr(0, ending.length.value_or(buffer.size() + taken) - taken);
      buffer.erase(0, piece.size());
    }
    taken += piece.size();
    if (!streaming && taken > options.reply_max) return Error{Errc::malformed, "the reply is too large"};
    if (!piece.empty() && !take(piece)) return {};
    const bool whole = ending.chunked ? decoder.state() == ChunkedDecoder::State::done : ending.length == taken;
    if (whole) return {};
    if (streaming) deadline = std::chrono::steady_clock::now() + request.timeout;
    const bool came = TRY(more());
    if (!came && !ending.chunked && !ending.length) return {};
    if (!came) return Error{Errc::unavailable, "the reply was cut off"};
  }
}

Result<HttpResponse> HttpClient::Line::run(const ClientRequest& request, const Take* take) {
  deadline = std::chrono::steady_clock::now() + request.timeout;
  HttpResponse reply;
  Ending ending;
  const Take collect = [&reply](std::string_view piece) {
    reply.body += piece;
    return true;
  };
  const auto all = [&]() -> Result<void> {
    TRY(begin(request));
    TRY(read_head(request, reply, ending));
    return read_body(request, ending, take != nullptr ? *take : collect, take != nullptr);
  };
  const auto done = all();
  const bool reusable = done && take == nullptr && ending.keep && (ending.chunked || ending.length);
  if (!reusable) socket.reset();
  if (!done) return done.error();
  return reply;
}

HttpClient::HttpClient(std::unique_ptr<Line> line) : line_(std::move(line)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::make(ClientOptions options) {
  auto line = std::make_unique<Line>();
  if (options.security == Security::tls) line->tls = TRY(ClientTls::load(options.ca_file));
  line->options = std::move(options);
  return HttpClient(std::move(line));
}

Result<HttpResponse> HttpClient::send(const ClientRequest& request) { return line_->run(request, nullptr); }

Result<HttpResponse> HttpClient::stream(const ClientRequest& request, const Take& take) {
  return line_->run(request, &take);
}

void HttpClient::close() { line_->socket.reset(); }

}  // namespace countersign::net
