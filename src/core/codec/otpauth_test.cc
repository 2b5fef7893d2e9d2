#include "core/codec/otpauth.h"

#include <gtest/gtest.h>

namespace countersign::codec {
namespace {

// The address with these parameters after a sound secret.
Result<Otpauth> with(const std::string& more) {
  return parse_otpauth("otpauth://totp/ACME:alice?secret=JBSWY3DPEHPK3PXP" + more);
}

TEST(Otpauth, ReadsTheUsualAddress) {
  const auto otp = parse_otpauth("otpauth://totp/ACME%20Co:john.doe@email.com?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ"
                                 "&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30");
  EXPECT_EQ(otp->kind, OtpKind::totp);
  EXPECT_EQ(otp->issuer, "ACME Co");
  EXPECT_EQ(otp->account, "john.doe@email.com");
  EXPECT_EQ(otp->secret.size(), 20u);
  EXPECT_EQ(otp->digits, 6);
}

TEST(Otpauth, TakesTheDefaultsOfTheFormat) {
  const auto otp = parse_otpauth("otpauth://totp/alice?secret=jbsw y3dp ehpk 3pxp");
  EXPECT_EQ(otp->issuer, "");
  EXPECT_EQ(otp->account, "alice");
  EXPECT_EQ(otp->algorithm, crypto::HashKind::sha1);
  EXPECT_EQ(otp->period_s, 30);
}

TEST(Otpauth, ReadsWhatItWrote) {
  Otpauth otp;
  otp.kind = OtpKind::hotp;
  otp.issuer = "Ä: & Co";
  otp.account = "a:b @ c";
  otp.secret = Secret("12345678901234567890");
  otp.algorithm = crypto::HashKind::sha512;
  otp.digits = 8;
  otp.counter = 18'446'744'073'709'551'615u;
  const Secret text = write_otpauth(otp);
  const auto read = parse_otpauth(text.reveal());
  EXPECT_EQ(read->kind, otp.kind);
  EXPECT_EQ(read->issuer, otp.issuer);
  EXPECT_EQ(read->account, otp.account);
  EXPECT_EQ(read->secret.reveal(), otp.secret.reveal());
  EXPECT_EQ(read->algorithm, otp.algorithm);
  EXPECT_EQ(read->digits, otp.digits);
  EXPECT_EQ(read->counter, otp.counter);
}

TEST(Otpauth, WritesEveryParameter) {
  Otpauth otp;
  otp.issuer = "Countersign";
  otp.account = "alice";
  otp.secret = Secret("12345678901234567890");
  EXPECT_EQ(write_otpauth(otp).reveal(),
            "otpauth://totp/Countersign:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Countersign"
            "&algorithm=SHA1&digits=6&period=30");
  otp.issuer.clear();
  otp.account = "a:b";
  EXPECT_EQ(parse_otpauth(write_otpauth(otp).reveal())->account, "a:b");
}

TEST(Otpauth, LetsTheIssuerParameterGoFirst) { EXPECT_EQ(with("&issuer=Other")->issuer, "Other"); }

TEST(Otpauth, SkipsWhatItDoesNotKnow) { EXPECT_TRUE(with("&image=https%3A%2F%2Fx.test%2Fi.png&lock=true")); }

TEST(Otpauth, RefusesParametersOutOfRange) {
  for (const char* more : {"&digits=5", "&digits=9", "&digits=", "&digits=six", "&digits=6x", "&digits=-6", "&period=0",
                           "&period=3601", "&algorithm=MD5", "&algorithm=", "&digits=6&digits=6",
                           "&secret=JBSWY3DPEHPK3PXP", "&issuer=%00", "&issuer=%ff", "&issuer=%2"}) {
    EXPECT_EQ(with(more).error().code, Errc::malformed) << more;
  }
}

TEST(Otpauth, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", "otpauth", "https://totp/a?secret=JBSWY3DPEHPK3PXP", "otpauth://motp/a?secret=JBSWY3DPEHPK3PXP",
        "otpauth://totp/?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/a:?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/a",
        "otpauth://totp?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/a?", "otpauth://totp/a?secret=",
        "otpauth://totp/%?secret=x",
        "otpauth://totp/a?secret=JBSWY3DP", "otpauth://totp/a?secret=JBSWY3DPEHPK3PX1",
        "otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP", "otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP&counter=-1",
        "otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP&counter=18446744073709551616",
        "otpauth://totp/%00?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/%FF?secret=JBSWY3DPEHPK3PXP"}) {
    EXPECT_EQ(parse_otpauth(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(with("&x=" + std::string(kOtpauthTextMax, 'x')).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::codec
