#include "faces/control/face.h"

#include <algorithm>

#include "core/codec/json_write.h"
#include "faces/control/commands.h"
#include "flow/kill.h"
#include "flow/ledger.h"

namespace countersign::control {
namespace {

// In the tree of the tenant that was named, where there is such a one.
ledger::Event event_of(const Call& call, const Command& command) {
  const bool changes = command.touch.kind() == Touch::Kind::changes;
  const auto type = changes ? ledger::EventType::config_change : ledger::EventType::list;
  const Result<std::optional<TenantId>> tenant = maybe_tenant(call);
  ledger::Event event = flow::begin_event(call.by.ports, type, tenant && *tenant ? **tenant : TenantId(),
                                          flow::ledger_actor(call.by.actor));
  event.object = command.words;
  return event;
}

// A list is in the ledger before its first row leaves.
Result<void> note_list(const Call& call, const Command& command) {
  if (command.touch.kind() != Touch::Kind::lists) return {};
  return flow::record_now(call.by.ports, event_of(call, command));
}

// What was tried in vain is in it too. Why is told by its code alone: the words of an error may name people.
Result<void> note_refusal(const Call& call, const Command& command, const Error& error) {
  ledger::Event event = event_of(call, command);
  event.outcome = ledger::Outcome::denied;
  event.detail = name(error.code);
  return flow::record_now(call.by.ports, event);
}

Result<void> add_items(std::vector<std::string>& list, std::size_t& bytes, std::string_view line) {
  const codec::Json piece = TRY(codec::parse_json(line, kRequestMax));
  if (piece.items().empty()) return Error{Errc::malformed, "a list goes on with an array of texts, or ends with []"};
  for (const codec::Json& item : piece.items()) {
    const std::string_view text = TRY(item.as_string());
    bytes += text.size() + 1;
    if (text.empty() || text.size() > kListItemMax) return Error{Errc::malformed, "an item of the list is too long"};
    if (list.size() == kListItemsMax || bytes > kListBytesMax) return list_too_long();
    list.emplace_back(text);
  }
  return {};
}

// Arrays of texts, a line each, up to an empty one. It is read to its end whatever is in it, so that the line after it
// is the next request.
Result<std::vector<std::string>> read_list(const NextLine& next) {
  std::vector<std::string> out;
  std::size_t bytes = 0;
  std::optional<Error> wrong;
  for (;;) {
    const std::optional<std::string> line = TRY(next());
    if (!line) return Error{Errc::malformed, "the list was cut off"};
    if (*line == kListEnd) break;
    if (wrong) continue;
    const Result<void> added = add_items(out, bytes, *line);
    if (added) continue;
    wrong = added.error();
    out.clear();
  }
  if (wrong) return *std::move(wrong);
  return out;
}

struct Caller {
  const flow::Ports& ports;
  const std::string& api_hostname;
  const flow::WitnessBook& witnesses;
  std::string credential;
  const NextLine& next;
};

// The list that follows the request, where there is one. It narrows what is asked for: none is taken for another.
Result<std::vector<std::string>> list_after(const Caller& caller, const codec::Json& request, const Command& known) {
  const auto is_list = [](const Argument& one) { return one.shape == Shape::list; };
  const auto argument = std::ranges::find_if(known.arguments, is_list);
  const bool takes_one = argument != known.arguments.end();
  const codec::Json* args = request.find("args");
  if (takes_one && args != nullptr && args->find(argument->name) != nullptr) {
    return Error{Errc::malformed, std::string(argument->name) + ": a list follows its request"};
  }
  if (request.find("list") == nullptr) return std::vector<std::string>();
  if (!caller.next) return Error{Errc::malformed, "no list follows"};
  std::vector<std::string> out = TRY(read_list(caller.next));
  if (!takes_one) return Error{Errc::malformed, "this command takes no list"};
  if (out.empty()) return Error{Errc::malformed, "the list is empty"};
  return out;
}

Result<void> run(const Caller& caller, std::string_view request, const OnRow& row) {
  const codec::Json json = TRY(codec::parse_json(request, kRequestMax));
  const codec::Json& words = *TRY(json.need("command"));
  const std::string_view name = TRY(words.as_string());
  const Command* known = command(name);
  if (known == nullptr) return Error{Errc::malformed, "the server knows no such command; is it older?"};
  const codec::Json none;
  const codec::Json* given = json.find("args");
  const Args args(given != nullptr ? *given : none);
  flow::Actor actor;
  actor.credential = caller.credential;
  const flow::Administration by{caller.ports, actor};
  std::vector<std::string> list = TRY(list_after(caller, json, *known));
  const Call call{by, caller.api_hostname, args, row, caller.witnesses, list};
  if (name != kOfTheKilled && TRY(flow::is_killed(caller.ports, caller.credential))) {
    const Error killed{Errc::refused, "this credential was killed; use another account, or `countersign glass lift`"};
    TRY(note_refusal(call, *known, killed));
    return killed;
  }
  TRY(note_list(call, *known));
  const Result<void> done = known->run(call);
  if (!done && done.error().code != Errc::unavailable) {
    TRY(note_refusal(call, *known, done.error()));
  }
  return done;
}

}  // namespace

void ControlFace::answer(std::string_view request, const OnLine& line, std::string credential,
                         const NextLine& next) const {
  static const flow::WitnessBook kNobody;
  const flow::WitnessBook& witnesses = witnesses_ != nullptr ? *witnesses_ : kNobody;
  const Caller caller{ports_, api_hostname_, witnesses, std::move(credential), next};
  bool whole = true;  // what is too long for a line must not be missing in silence
  Result<void> done = run(caller, request, [&](std::string_view row) {
    const std::string text = "{\"row\":" + std::string(row) + "}";
    whole = whole && text.size() <= kRequestMax;
    return whole && line(text);
  });
  if (done && !whole) done = Error{Errc::exhausted, "the answer has an object over 1 MiB; ask for less"};
  if (done) {
    line("{\"done\":true}");
    return;
  }
  codec::JsonWriter w;
  w.begin_object().key("error").begin_object().key("code").string(name(done.error().code));
  w.key("what").string(done.error().what).end_object().end_object();
  line(w.take());
}

}  // namespace countersign::control
