// Values of the standards: FIPS 180-4's example, RFC 8032's first test.
#include "record/signing.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

constexpr char kPrivate[] =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
constexpr char kPublicPem[] =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
constexpr char kPublic[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
constexpr char kSignatureOfNothing[] =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

TEST(Signing, HashesAsTheStandardSays) {
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const TempFolder folder;
  WriteBytes(folder / "abc", "abc");
  EXPECT_EQ(Sha256OfFile(folder / "abc"), Sha256("abc"));
  EXPECT_THROW(Sha256OfFile(folder / "absent"), Error);
}

TEST(Signing, SignsAsTheStandardSays) {
  const TempFolder folder;
  WriteBytes(folder / "key.pem", kPrivate);
  WriteBytes(folder / "public.pem", kPublicPem);
  EXPECT_EQ(PublicKeyOf(folder / "key.pem"), kPublic);
  EXPECT_EQ(PublicKeyOf(folder / "public.pem"), kPublic);
  EXPECT_EQ(SignEd25519("", folder / "key.pem"), kSignatureOfNothing);
  EXPECT_TRUE(IsSignedBy("", kSignatureOfNothing, kPublic));
  EXPECT_FALSE(IsSignedBy("x", kSignatureOfNothing, kPublic));
}

TEST(Signing, WhatIsNoSignatureOrKeyIsNotSigned) {
  EXPECT_FALSE(IsSignedBy("", "", kPublic));
  EXPECT_FALSE(IsSignedBy("", std::string(128, 'z'), kPublic));
  EXPECT_FALSE(IsSignedBy("", kSignatureOfNothing, std::string(64, '0')));
  EXPECT_FALSE(IsSignedBy("", kSignatureOfNothing, "d7"));
}

TEST(Signing, AFileThatHoldsNoKeyIsNamed) {
  const TempFolder folder;
  WriteBytes(folder / "text", "no key");
  WriteBytes(folder / "public.pem", kPublicPem);
  EXPECT_THAT([&] { SignEd25519("", folder / "text"); },
              testing::ThrowsMessage<ConfigError>(testing::HasSubstr("holds no private Ed25519 key")));
  EXPECT_THROW(SignEd25519("", folder / "public.pem"), ConfigError);
  EXPECT_THROW(PublicKeyOf(folder / "absent"), ConfigError);
}

}  // namespace
}  // namespace temper
