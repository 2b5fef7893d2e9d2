#include "faces/control/face.h"

#include "core/codec/json_write.h"
#include "faces/control/commands.h"

namespace countersign::control {
namespace {

Result<void> run(const flow::Ports& ports, const std::string& api_hostname, std::string_view request,
                 const OnRow& row) {
  const codec::Json json = TRY(codec::parse_json(request, kRequestMax));
  const codec::Json& words = *TRY(json.need("command"));
  const std::string_view name = TRY(words.as_string());
  const Command* known = command(name);
  if (known == nullptr) return Error{Errc::malformed, "the server knows no such command; is it older?"};
  const codec::Json none;
  const codec::Json* given = json.find("args");
  const Args args(given != nullptr ? *given : none);
  const flow::Administration by{ports, flow::Actor()};
  return known->run(Call{by, api_hostname, args, row});
}

}  // namespace

void ControlFace::answer(std::string_view request, const OnLine& line) const {
  const Result<void> done = run(ports_, api_hostname_, request, [&](std::string_view row) {
    return line("{\"row\":" + std::string(row) + "}");
  });
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
