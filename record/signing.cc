#include "record/signing.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "cluster/base/error.h"
#include "cluster/base/odd_file.h"

namespace temper {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

constexpr size_t kSignedPieceBytes = 1 << 20;
constexpr size_t kKeyBytes = 32, kSignatureBytes = 64;

std::string ToHex(const unsigned char* bytes, size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < count; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return hex;
}

std::optional<std::vector<unsigned char>> FromHex(const std::string& hex, size_t count) {
  if (hex.size() != 2 * count) return std::nullopt;
  std::vector<unsigned char> bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    unsigned value = 0;
    if (std::strspn(hex.c_str() + i, "0123456789abcdef") < 2 || std::sscanf(hex.c_str() + i, "%2x", &value) != 1) return std::nullopt;
    bytes.push_back(static_cast<unsigned char>(value));
  }
  return bytes;
}

class Sha256Hasher {
 public:
  Sha256Hasher() : context_(EVP_MD_CTX_new()) {
    TEMPER_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "OpenSSL has no SHA-256");
  }
  void Add(std::string_view bytes) {
    TEMPER_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "OpenSSL cannot hash");
  }
  std::string Digest() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned count = 0;
    TEMPER_CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), &count) == 1, "OpenSSL cannot hash");
    return ToHex(digest.data(), count);
  }

 private:
  temper::Digest context_;
};

using Reader = EVP_PKEY* (*)(FILE*, EVP_PKEY**, pem_password_cb*, void*);

// A key with a password is none that can be read: nobody is there to type it.
Key ReadKey(const std::filesystem::path& path, Reader read) {
  const std::string odd = OddFile(path);
  if (!odd.empty()) throw ConfigError(Concat(path.string(), ": cannot read the key: ", odd));
  const std::unique_ptr<FILE, Freed<std::fclose>> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) throw ConfigError(Concat(path.string(), ": cannot read the key: ", std::strerror(errno)));
  Key key(read(
      file.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
  ERR_clear_error();
  if (key != nullptr && EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) key.reset();
  return key;
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  Sha256Hasher hasher;
  hasher.Add(bytes);
  return hasher.Digest();
}

std::string Sha256OfFile(const std::filesystem::path& path) {
  const std::string odd = OddFile(path);
  TEMPER_CHECK(odd.empty(), path.string(), ": cannot be read: ", odd);
  std::ifstream in(path, std::ios::binary);
  TEMPER_CHECK(in.good(), path.string(), ": cannot be read: ", std::strerror(errno));
  Sha256Hasher hasher;
  std::string piece(kSignedPieceBytes, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0)
    hasher.Add({piece.data(), static_cast<size_t>(in.gcount())});
  TEMPER_CHECK(in.eof(), path.string(), ": reading stopped half way");
  return hasher.Digest();
}

std::string SignEd25519(std::string_view bytes, const std::filesystem::path& private_key_file) {
  const Key key = ReadKey(private_key_file, PEM_read_PrivateKey);
  if (key == nullptr) {
    throw ConfigError(
        Concat(private_key_file.string(),
               ": holds no private Ed25519 key in PEM without a password; make one with: openssl genpkey -algorithm ed25519 -out ",
               private_key_file.string()));
  }
  const Digest context(EVP_MD_CTX_new());
  std::array<unsigned char, kSignatureBytes> signature{};
  size_t count = signature.size();
  TEMPER_CHECK(
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
          EVP_DigestSign(context.get(), signature.data(), &count, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1,
      "OpenSSL cannot sign with ", private_key_file.string());
  return ToHex(signature.data(), count);
}

std::string PublicKeyOf(const std::filesystem::path& key_file) {
  Key key = ReadKey(key_file, PEM_read_PrivateKey);
  if (key == nullptr) key = ReadKey(key_file, PEM_read_PUBKEY);
  if (key == nullptr) throw ConfigError(Concat(key_file.string(), ": holds no Ed25519 key in PEM without a password"));
  std::array<unsigned char, kKeyBytes> raw{};
  size_t count = raw.size();
  TEMPER_CHECK(EVP_PKEY_get_raw_public_key(key.get(), raw.data(), &count) == 1, "OpenSSL cannot read ", key_file.string());
  return ToHex(raw.data(), count);
}

bool IsSignedBy(std::string_view bytes, const std::string& signature, const std::string& public_key) {
  const auto signed_bytes = FromHex(signature, kSignatureBytes), raw = FromHex(public_key, kKeyBytes);
  if (!signed_bytes || !raw) return false;
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw->data(), raw->size()));
  const Digest context(EVP_MD_CTX_new());
  const bool holds = key != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                     EVP_DigestVerify(context.get(), signed_bytes->data(), signed_bytes->size(),
                                      reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1;
  ERR_clear_error();
  return holds;
}

}  // namespace temper
