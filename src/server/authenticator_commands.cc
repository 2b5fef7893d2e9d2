#include "server/authenticator_commands.h"

#include <algorithm>
#include <utility>

#include "core/codec/json_write.h"

namespace countersign::server {
namespace {

constexpr seconds kWaitMax{25};       // of one call (docs/protocols/device.md)
constexpr seconds kWaitEach{1};       // of one call where several servers are asked in turn

int exit_of(Errc code) {
  switch (code) {
    case Errc::malformed:
    case Errc::refused:
    case Errc::not_found:
    case Errc::conflict: return kExitRefused;
    case Errc::exhausted:
    case Errc::unavailable: return kExitUnavailable;
  }
  return kExitUnavailable;
}

std::string one_line(std::string_view text) { return "countersign: " + printable(text) + "\n"; }

bool same_device(const DeviceAccount& a, const DeviceAccount& b) {
  return a.device == b.device && a.server == b.server;
}

}  // namespace

int AuthenticatorCommands::fail(const Error& error) const {
  world_.err(one_line(error.what));
  return exit_of(error.code);
}

bool AuthenticatorCommands::meant(const std::string& name, const std::string& id, const std::string& server) const {
  const std::string& wanted = options_.account;
  return wanted.empty() || wanted == name || wanted == id || wanted == server || wanted == host_of(server);
}

int AuthenticatorCommands::activate(std::string_view text) {
  const Result<ActivationLinkParts> link = parse_activation_link(text);
  if (!link) {
    world_.err(one_line(link.error().what));
    return kExitUsage;
  }
  std::string ca_file = options_.ca_file;
  if (!ca_file.empty()) ca_file = std::filesystem::absolute(ca_file).string();
  // The file first: a code must not be used up for an account that cannot be kept.
  const Result<AuthenticatorFile> file = AuthenticatorFile::open(options_.store);
  if (!file) return fail(file.error());
  Result<AuthenticatorAccounts> accounts = file->read();
  if (!accounts) return fail(accounts.error());
  if (const Result<void> writable = file->write(*accounts); !writable) return fail(writable.error());
  Result<std::unique_ptr<DeviceWire>> wire = world_.connect(link->server, ca_file);
  if (!wire) return fail(wire.error());
  Result<DeviceAccount> bound = activate_device(**wire, *link, world_.random);
  if (!bound) return fail(bound.error());
  bound->ca_file = ca_file;
  codec::JsonWriter w;
  w.begin_object().key("device_id").string(bound->device.text()).key("tenant").string(bound->tenant);
  w.key("username").string(bound->username).key("server").string(bound->server);
  w.key("store").string(options_.store.string()).end_object();
  const std::string said = "Bound to " + printable(bound->name()) + " at " + bound->server + ". The keys are in " +
                           options_.store.string() + ".\n";
  std::erase_if(accounts->devices, [&](const DeviceAccount& old) { return same_device(old, *bound); });
  accounts->devices.push_back(*std::move(bound));
  if (const Result<void> written = file->write(*accounts); !written) return fail(written.error());
  world_.out(json() ? w.take() + "\n" : said);
  return kExitDone;
}

int AuthenticatorCommands::add(std::string_view uri) {
  Result<codec::Otpauth> otp = codec::parse_otpauth(uri);
  if (!otp) {
    world_.err(one_line(otp.error().what));
    return kExitUsage;
  }
  const Result<AuthenticatorFile> file = AuthenticatorFile::open(options_.store);
  if (!file) return fail(file.error());
  Result<AuthenticatorAccounts> accounts = file->read();
  if (!accounts) return fail(accounts.error());
  const std::string name = code_of(*otp, world_.clock.now()).account;
  const bool there = std::any_of(accounts->codes.begin(), accounts->codes.end(), [&](const codec::Otpauth& old) {
    return code_of(old, world_.clock.now()).account == name;
  });
  if (there) return fail(Error{Errc::conflict, "there are codes of " + name + " already"});
  accounts->codes.push_back(*std::move(otp));
  if (const Result<void> written = file->write(*accounts); !written) return fail(written.error());
  codec::JsonWriter w;
  w.begin_object().key("account").string(name).end_object();
  world_.out(json() ? w.take() + "\n" : "Added codes of " + printable(name) + ".\n");
  return kExitDone;
}

Result<std::vector<AuthenticatorCommands::Line>> AuthenticatorCommands::lines() const {
  AuthenticatorAccounts accounts = TRY(read_accounts(options_.store));
  std::vector<Line> out;
  for (DeviceAccount& account : accounts.devices) {
    if (!meant(account.name(), account.device.text(), account.server)) continue;
    const std::string& ca_file = options_.ca_file.empty() ? account.ca_file : options_.ca_file;
    std::unique_ptr<DeviceWire> wire = TRY(world_.connect(account.server, ca_file));
    out.push_back(Line{std::move(account), std::move(wire)});
  }
  if (!out.empty()) return out;
  const std::string which = options_.account.empty() ? "no account" : "no account " + options_.account;
  return Error{Errc::not_found,
               which + " in " + options_.store.string() + "; bind one with: authenticator activate URL"};
}

// One round over all accounts. A server that is away counts only where no other has anything.
Result<std::vector<FoundRequest>> AuthenticatorCommands::look(std::vector<Line>& lines, seconds wait) const {
  std::vector<FoundRequest> out;
  std::optional<Error> failed;
  std::size_t failures = 0;
  for (Line& line : lines) {
    DeviceClient client(line.account, *line.wire, world_.clock);
    Result<std::vector<flow::PendingRequest>> pending = client.pending(std::min(wait, kWaitMax));
    if (!pending) {
      failed = pending.error();
      ++failures;
      continue;
    }
    for (flow::PendingRequest& request : *pending) {
      out.push_back(FoundRequest{line.account.name(), std::move(request)});
    }
  }
  if (failures == lines.size()) return *failed;
  return out;
}

Result<std::vector<FoundRequest>> AuthenticatorCommands::gather(std::vector<Line>& lines, seconds wait) const {
  const Instant until = world_.clock.now() + wait;
  std::vector<FoundRequest> found = TRY(look(lines, lines.size() == 1 ? wait : seconds(0)));
  for (Instant now = world_.clock.now(); found.empty() && now < until; now = world_.clock.now()) {
    const seconds left = std::chrono::ceil<seconds>(until - now);
    found = TRY(look(lines, lines.size() == 1 ? left : std::min(left, kWaitEach)));
  }
  return found;
}

int AuthenticatorCommands::list(seconds wait) {
  Result<std::vector<Line>> all = lines();
  if (!all) return fail(all.error());
  const Result<std::vector<FoundRequest>> found = gather(*all, wait);
  if (!found) return fail(found.error());
  if (json()) {
    world_.out(requests_json(*found));
  } else {
    world_.out(found->empty() ? "Nothing is waiting.\n" : request_table(*found, world_.clock.now()));
  }
  return kExitDone;
}

Result<FoundRequest> AuthenticatorCommands::choose(const std::vector<FoundRequest>& found,
                                                   const std::string& wanted) const {
  std::vector<FoundRequest> fitting;
  for (const FoundRequest& f : found) {
    if (f.request.id.text().starts_with(wanted)) fitting.push_back(f);
  }
  if (fitting.size() == 1) return fitting.front();
  if (found.empty()) return Error{Errc::not_found, "nothing is waiting; start the sign-in first, or use --wait"};
  if (fitting.empty()) return Error{Errc::not_found, "no request " + wanted + " is waiting"};
  return Error{Errc::conflict, "several requests are waiting; choose one of `authenticator list` with --request"};
}

// The number to send.   malformed: it was not given and there is nobody to ask.
Result<std::string> AuthenticatorCommands::number_for(const FoundRequest& found, const AnswerOptions& options) const {
  const bool needed = options.decision == factor::push::Decision::approve && found.request.digits > 0;
  if (!needed) return std::string();
  if (options.number) return *options.number;
  const std::optional<std::string> typed =
      world_.ask(described(found.request) + "\nType the number shown where you are signing in (" +
                 std::to_string(found.request.digits) + " digits): ");
  if (!typed || typed->empty()) return Error{Errc::malformed, "no number; nothing was answered"};
  return *typed;
}

int AuthenticatorCommands::answer(const AnswerOptions& options) {
  Result<std::vector<Line>> all = lines();
  if (!all) return fail(all.error());
  const Result<std::vector<FoundRequest>> found = gather(*all, options.wait);
  if (!found) return fail(found.error());
  const Result<FoundRequest> chosen = choose(*found, options.request);
  if (!chosen) return fail(chosen.error());
  const Result<std::string> number = number_for(*chosen, options);
  if (!number) {
    world_.err(one_line(number.error().what));
    return kExitUsage;
  }
  const auto line = std::find_if(all->begin(), all->end(),
                                 [&](const Line& l) { return l.account.name() == chosen->account; });
  DeviceClient client(line->account, *line->wire, world_.clock);
  const Result<AnswerOutcome> outcome = client.answer(chosen->request.id, *number, options.decision);
  if (!outcome) return fail(outcome.error());
  codec::JsonWriter w;
  w.begin_object().key("id").string(chosen->request.id.text()).key("state").string(outcome->state);
  w.key("reason").string(outcome->reason).end_object();
  const bool approving = options.decision == factor::push::Decision::approve;
  const bool as_meant = !approving || outcome->state == "allowed";
  if (json()) {
    world_.out(w.take() + "\n");
  } else if (as_meant) {
    world_.out(printable(outcome->state) + " (" + printable(outcome->reason) + ")\n");
  }
  if (as_meant) return kExitDone;
  if (outcome->reason == "user_mistake") return fail({Errc::refused, "wrong number: the sign-in was ended"});
  return fail({Errc::refused, "not approved: " + outcome->reason});
}

// Codes of the accounts meant. One by counter is shown only when asked for by name, and its counter is stored as used
// before anyone sees it.
Result<std::vector<Code>> AuthenticatorCommands::next_codes() const {
  const AuthenticatorFile file = TRY(AuthenticatorFile::open(options_.store));
  AuthenticatorAccounts accounts = TRY(file.read());
  std::vector<Code> codes;
  const Instant now = world_.clock.now();
  for (const DeviceAccount& account : accounts.devices) {
    if (meant(account.name(), account.device.text(), account.server)) codes.push_back(code_of(account.code, now));
  }
  for (codec::Otpauth& otp : accounts.codes) {
    Code code = code_of(otp, now);
    if (!meant(code.account, otp.account, otp.issuer)) continue;
    if (otp.kind == codec::OtpKind::hotp) {
      if (options_.account.empty()) continue;
      ++otp.counter;
      TRY(file.write(accounts));
    }
    codes.push_back(std::move(code));
  }
  return codes;
}

int AuthenticatorCommands::code() {
  const Result<std::vector<Code>> codes = next_codes();
  if (!codes) return fail(codes.error());
  if (codes->empty()) return fail({Errc::not_found, "no such account in " + options_.store.string()});
  world_.out(json() ? codes_json(*codes) : code_table(*codes));
  return kExitDone;
}

int AuthenticatorCommands::watch() {
  Result<std::vector<Line>> all = lines();
  if (!all) return fail(all.error());
  if (all->size() > 1) return fail({Errc::conflict, "several accounts; choose one with --account"});
  const Line& line = all->front();
  DeviceClient client(line.account, *line.wire, world_.clock);
  for (;;) {
    bool heard = false;
    const Result<void> ended = client.watch([&](const std::vector<flow::PendingRequest>& requests) {
      heard = true;
      std::vector<FoundRequest> found;
      for (const flow::PendingRequest& request : requests) found.push_back({line.account.name(), request});
      if (json()) world_.out(requests_json(found));
      if (!json()) world_.out(found.empty() ? "Nothing is waiting.\n" : request_table(found, world_.clock.now()));
      return true;
    });
    // A stream ends after some minutes; one that never began is a server that is away.
    const bool again = ended || (heard && ended.error().code == Errc::unavailable);
    if (!again) return fail(ended.error());
  }
}

}  // namespace countersign::server
