#include "delivery/mail/smtp.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace countersign::mail {
namespace {

constexpr long kConnectMs = 10'000;
constexpr std::string_view kPlain = "smtp://", kTls = "smtps://";

// "host", "host:25", "[::1]:25" behind the scheme; empty: another form.
std::string_view authority_of(std::string_view url) {
  if (url.starts_with(kPlain)) return url.substr(kPlain.size());
  if (url.starts_with(kTls)) return url.substr(kTls.size());
  return {};
}

std::string_view host_of(std::string_view url) {
  const std::string_view authority = authority_of(url);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

// What is still to be handed over of a message.
struct Reading {
  std::string_view rest;
  bool begun = false;
};

std::size_t give(char* to, std::size_t size, std::size_t count, void* from) {
  Reading& reading = *static_cast<Reading*>(from);
  const std::size_t length = std::min(size * count, reading.rest.size());
  std::memcpy(to, reading.rest.data(), length);
  reading.rest.remove_prefix(length);
  reading.begun = true;
  return length;
}

// Called about once a second; anything but 0 ends the transfer.
int goes_on(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(stop) ? 1 : 0;
}

// RFC 4954 §6: about whoever signs in, not about this mail.
bool about_signing_in(long reply) { return reply == 530 || reply == 534 || reply == 535 || reply == 538; }

End end_of(CURLcode code, long reply, const Reading& reading) {
  if (code == CURLE_OK) return End::taken;
  if (code == CURLE_LOGIN_DENIED || about_signing_in(reply)) return End::unreachable;
  const bool about_mail = code == CURLE_SEND_ERROR || reading.begun;  // not the greeting
  if (!about_mail || reply < 400 || code == CURLE_ABORTED_BY_CALLBACK) return End::unreachable;
  return reply < 500 ? End::later : End::refused;
}

}  // namespace

Result<void> check_url(std::string_view url) {
  const std::string_view authority = authority_of(url);
  const bool bad =
      authority.empty() || host_of(url).empty() || authority.find_first_of("/?#@ \"<>\\") != authority.npos;
  if (bad) return Error{Errc::malformed, "smtp://host[:port] or smtps://host[:port]"};
  return {};
}

bool is_local(std::string_view url) {
  const std::string_view host = host_of(url);
  const bool digits = std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return host == "localhost" || host == "[::1]" || (digits && host.starts_with("127."));
}

struct Smtp::Handle {
  const ServerOptions& options;
  CURL* curl;

  Handle(const ServerOptions& with, const std::atomic<bool>& stop) : options(with), curl(curl_easy_init()) {
    if (!curl) std::abort();  // memory
    // The path is the name we greet with (RFC 5321 §4.1.1.1).
    const std::string url = options.url + "/" + options.from.substr(options.from.rfind('@') + 1);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // whatever the environment says
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, std::min<long>(kConnectMs, options.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, goes_on);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, options.from.c_str());
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     static_cast<long>(options.tls == Tls::local ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) {
      curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
      curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
    }
    if (!options.username.empty()) {
      curl_easy_setopt(curl, CURLOPT_USERNAME, options.username.c_str());
      curl_easy_setopt(curl, CURLOPT_PASSWORD, std::string(options.password.reveal()).c_str());
    }
  }
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

Smtp::Smtp(const ServerOptions& options, const std::atomic<bool>& stop)
    : handle_(std::make_unique<Handle>(options, stop)) {}
Smtp::~Smtp() = default;

Outcome Smtp::send(const std::string& to, std::string_view message) {
  CURL* const curl = handle_->curl;
  Reading reading{message};
  curl_slist* const recipients = curl_slist_append(nullptr, to.c_str());
  if (!recipients) return {.what = "no memory"};
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
  curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
  curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
  const CURLcode code = curl_easy_perform(curl);
  long reply = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, nullptr);
  curl_easy_setopt(curl, CURLOPT_READDATA, nullptr);
  curl_slist_free_all(recipients);
  return {end_of(code, reply, reading), static_cast<int>(reply), curl_easy_strerror(code)};
}

}  // namespace countersign::mail
