#include "web/mustache.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "testing/source_dir.h"

namespace countersign::web {
namespace {

Value value_of(const nlohmann::json& json) {
  if (json.is_boolean()) return json.get<bool>() ? Value::yes() : Value::no();
  if (json.is_number()) return Value(json.get<std::int64_t>());
  if (json.is_string()) return Value(json.get<std::string>());
  if (json.is_array()) {
    std::vector<Value> items;
    for (const auto& item : json) items.push_back(value_of(item));
    return Value::list(std::move(items));
  }
  Value::Members members;
  for (const auto& [key, member] : json.items()) members.emplace_back(key, value_of(member));
  return Value::object(std::move(members));
}

std::string rendered(const nlohmann::json& one) {
  const Result<Nodes> nodes = parse_template(one["template"].get<std::string>());
  if (!nodes) return name(nodes.error().code);
  std::map<std::string, Nodes, std::less<>> partials;
  if (one.contains("partials")) {
    for (const auto& [key, text] : one["partials"].items()) partials[key] = *parse_template(text.get<std::string>());
  }
  Surroundings around;
  around.partial = [&partials](std::string_view key) {
    const auto found = partials.find(key);
    return found == partials.end() ? nullptr : &found->second;
  };
  const Value values = value_of(one["values"]);
  return fill(*nodes, around, {&values});
}

TEST(Mustache, AgreesWithTheCases) {
  std::ifstream in(testing::source_dir() / "vectors/mustache.json");
  const nlohmann::json file = nlohmann::json::parse(in);
  ASSERT_EQ(file["cases"].size(), 51u);
  for (const auto& one : file["cases"]) EXPECT_EQ(rendered(one), one["expect"].get<std::string>()) << one["name"];
}

std::string filled(std::string_view source, std::string_view value) {
  const Result<Nodes> nodes = parse_template(source);
  if (!nodes) return name(nodes.error().code);
  const Value values = Value::object({{"v", std::string(value)}});
  return fill(*nodes, {}, {&values});
}

TEST(Mustache, EscapesInAnAttribute) {
  EXPECT_EQ(filled("<p title=\"{{v}}\">", "\"><script>"), "<p title=\"&quot;&gt;&lt;script&gt;\">");
  EXPECT_EQ(filled("<p title='{{v}}'>", "' onclick='x"), "<p title='&#39; onclick=&#39;x'>");
}

TEST(Mustache, RefusesAValueWhereEscapingDoesNotHelp) {
  for (const char* source : {"<p title={{v}}>", "<{{v}}>", "<p {{v}}>", "<p {{v}}=\"\">", "<!-- {{v}} -->",
                             "<script>{{v}}</script>", "<style>{{v}}</style>", "<script>a<b{{v}}</script>",
                             "<SCRIPT>{{v}}</SCRIPT>", "<p a=b{{v}}>", "<p a= {{v}}>"}) {
    EXPECT_EQ(filled(source, "x"), "malformed") << source;
  }
}

TEST(Mustache, TakesAValueAfterAComment) {
  EXPECT_EQ(filled("<!-- a > b --><p>{{v}}</p>", "x"), "<!-- a > b --><p>x</p>");
  EXPECT_EQ(filled("<script src=\"/a.js\"></script><p>{{v}}</p>", "x"), "<script src=\"/a.js\"></script><p>x</p>");
  EXPECT_EQ(filled("<br/><input disabled><p>1 > 0 {{v}}</p>", "x"), "<br/><input disabled><p>1 > 0 x</p>");
}

TEST(Mustache, LetsNoScriptIntoAnAddress) {
  EXPECT_EQ(filled("<a href=\"{{v}}\">", "javascript:alert(1)"), "<a href=\"#\">");
  EXPECT_EQ(filled("<a href=\"{{v}}\">", " data:text/html,x"), "<a href=\"#\">");
  EXPECT_EQ(filled("<form ACTION='{{v}}'>", "JavaScript:x"), "<form ACTION='#'>");
  EXPECT_EQ(filled("<a href=\"{{v}}\">", "https://app.example/cb?a=1&b=2"),
            "<a href=\"https://app.example/cb?a=1&amp;b=2\">");
  EXPECT_EQ(filled("<a href=\"{{v}}/other\">", "/prompt/DV1"), "<a href=\"/prompt/DV1/other\">");
  EXPECT_EQ(filled("<p data-text=\"{{v}}\">", "javascript: is a word"), "<p data-text=\"javascript: is a word\">");
}

TEST(Mustache, RefusesASectionThatLeavesAnotherPlace) {
  EXPECT_EQ(filled("<p {{#v}}title=\"{{/v}}\">", "x"), "malformed");
  EXPECT_EQ(filled("<p id=\"a\"{{#v}} hidden=\"\"{{/v}}>", "x"), "<p id=\"a\" hidden=\"\">");
  EXPECT_EQ(filled("<p class=\"a{{#v}} b{{/v}}\">", "x"), "<p class=\"a b\">");
}

TEST(Mustache, RefusesATemplateThatEndsWithinATag) { EXPECT_EQ(filled("<p title=\"{{v}}", "x"), "malformed"); }

TEST(Mustache, RefusesAPartialWithinATag) { EXPECT_EQ(filled("<p title=\"{{>v}}\">", "x"), "malformed"); }

TEST(Mustache, HasALimitOfDepth) {
  std::string deep = "{{v}}";
  for (int i = 0; i <= kSectionDepthMax; ++i) deep = "{{#v}}" + deep + "{{/v}}";
  EXPECT_EQ(filled(deep, "x"), "malformed");
}

TEST(Mustache, DropsNul) { EXPECT_EQ(filled("{{v}}", std::string_view("a\0b", 3)), "ab"); }

}  // namespace
}  // namespace countersign::web
