#include "delivery/mail/message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace countersign::mail {
namespace {

Message message() {
  return {.from = "countersign@example.org",
          .to = "ada@example.com",
          .id = "abc123",
          .date = Instant(milliseconds(1'700'000'000'123)),
          .subject = "A notice",
          .text = "Dear Ada,\nall is well.\n",
          .html = ""};
}
Errc refusal(const Message& of) {
  const auto written = write_message(of);
  return written ? Errc::conflict : written.error().code;
}

TEST(Message, HasWhatRfc5322AsksFor) {
  EXPECT_EQ(*write_message(message()),
            "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
            "From: <countersign@example.org>\r\n"
            "To: <ada@example.com>\r\n"
            "Message-ID: <abc123@example.org>\r\n"
            "Subject: A notice\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "Dear Ada,\r\nall is well.\r\n");
}

TEST(Message, HasAPageBesideTheText) {
  Message both = message();
  both.html = "<!doctype html>\n<p>all is well";
  const std::string written = *write_message(both);
  EXPECT_NE(written.find("Content-Type: multipart/alternative;\r\n boundary=\"=_abc123\"\r\n\r\n--=_abc123\r\n"),
            written.npos);
  EXPECT_LT(written.find("text/plain"), written.find("text/html")) << "the best form comes last (RFC 2046 §5.1.4)";
  EXPECT_NE(written.find("<!doctype html>\r\n<p>all is well\r\n--=_abc123--\r\n"), written.npos);
}

TEST(Message, LetsNothingBeginAnotherHeader) {
  Message bad = message();
  bad.subject = "A\r\nBcc: eve@example.org";
  EXPECT_EQ(refusal(bad), Errc::malformed);
  for (const char* subject : {"A\nB", "A\rB", "\x7f", "\xff"}) {
    bad.subject = subject;
    EXPECT_EQ(refusal(bad), Errc::malformed);
  }
  bad = message();
  bad.to = "ada@example.com>\r\nBcc: <eve@example.org";
  EXPECT_EQ(refusal(bad), Errc::malformed);
  bad = message();
  bad.from = "x";
  EXPECT_EQ(refusal(bad), Errc::malformed);
  bad = message();
  bad.id = "a b";
  EXPECT_EQ(refusal(bad), Errc::malformed);
}

TEST(Message, ItsLinesAreShortAndAscii) {
  Message strange = message();
  strange.subject = std::string(300, 'x') + " – Ärger";
  for (int i = 0; i < 200; ++i) strange.text += "Größe = 漢字 \t.";
  strange.html = strange.text;
  std::istringstream lines(*write_message(strange));
  for (std::string line; std::getline(lines, line);) {
    ASSERT_TRUE(line.ends_with('\r'));
    EXPECT_LE(line.size(), 90u) << line;
    EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\r'; })) << line;
  }
}

TEST(HeaderText, IsEncodedWhereItMustBe) {
  EXPECT_EQ(header_text("A notice"), "A notice");
  EXPECT_EQ(header_text("=?UTF-8?Q?x?="), "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=");
  EXPECT_EQ(header_text("Ärger"), "=?UTF-8?B?w4RyZ2Vy?=");
  EXPECT_EQ(header_text(" x"), "=?UTF-8?B?IHg=?=");
}

TEST(HeaderText, CutsNoCharacterInTwo) {
  // 38 bytes, then a character of three: it goes whole into the next word.
  std::string first;
  for (int i = 0; i < 12; ++i) first += "YWFh";
  EXPECT_EQ(header_text(std::string(38, 'a') + "漢"), "=?UTF-8?B?" + first + "YWE=?=\r\n =?UTF-8?B?5ryi?=");
}

TEST(QuotedPrintable, KeepsLinesAndEscapesTheRest) {
  EXPECT_EQ(quoted_printable("a = b\n"), "a =3D b\r\n");
  EXPECT_EQ(quoted_printable("end \nof\tline"), "end=20\r\nof=09line\r\n");
  EXPECT_EQ(quoted_printable("é"), "=C3=A9\r\n");
  EXPECT_EQ(quoted_printable(""), "\r\n");
  EXPECT_EQ(quoted_printable(std::string(80, 'a')), std::string(75, 'a') + "=\r\n" + "aaaaa\r\n");
  EXPECT_EQ(quoted_printable("."), ".\r\n") << "dots are the transport's business";
}

}  // namespace
}  // namespace countersign::mail
