// links: faces_prompt
// What the prompt's pages cost: how many a core draws a second, and how many bytes a browser fetches for the first.
#include <benchmark/benchmark.h>

#include "faces/prompt/screens.h"

namespace {

using namespace countersign;

flow::View choice() {
  flow::Choose choose;
  choose.first = {flow::Way::passkey, {}, "Laptop"};
  choose.others = {{flow::Way::push, PhoneId::trusted("DPAAAAAAAAAAAAAAAAAA"), "Phone"},
                   {flow::Way::passcode, {}, ""}};
  choose.passkey_options = R"({"challenge":")" + std::string(43, 'A') + R"(","rpId":"mfa.example","timeout":300000,)" +
                           R"("allowCredentials":[{"type":"public-key","id":")" + std::string(43, 'B') +
                           R"("}],"userVerification":"required"})";
  flow::View view;
  view.tenant_name = "Demo";
  view.app_name = "Payroll";
  view.username = "ada";
  view.shows = std::move(choose);
  view.prove_browser = "countersign browser v1\nDVAAAAAAAAAAAAAAAAAA";
  return view;
}

prompt::Screen screen(prompt::Part part) {
  prompt::Screen out;
  out.language = "en";
  out.visit = VisitId::trusted("DVAAAAAAAAAAAAAAAAAA");
  out.part = part;
  return out;
}

std::size_t bytes_of_files() {
  std::size_t out = 0;
  for (const char* entry : {"prompt.js", "prompt.css", "mark.svg"}) {
    net::HttpRequest request;
    request.method = "GET";
    request.path = web::asset_path(entry);
    out += web::asset(request).body.size();
  }
  return out;
}

void draw(benchmark::State& state, prompt::Part part) {
  const auto templates = *web::Templates::load();
  const flow::View view = choice();
  const prompt::Screen shown = screen(part);
  std::size_t bytes = 0;
  for (auto _ : state) bytes = prompt::draw(templates, shown, view).size();
  state.SetItemsProcessed(state.iterations());
  state.counters["page_bytes"] = static_cast<double>(bytes);
  state.counters["with_script_and_style"] = static_cast<double>(bytes + bytes_of_files());
}
BENCHMARK_CAPTURE(draw, passkey, prompt::Part::strongest);
BENCHMARK_CAPTURE(draw, list, prompt::Part::list);

}  // namespace

BENCHMARK_MAIN();
