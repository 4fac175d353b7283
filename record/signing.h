#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace temper {

// Hashes and signatures that hold against who wants to forge them; cluster/base/hash.h has those against accidents.

// SHA-256 (FIPS 180-4): 64 lower-case hexadecimal digits.
std::string Sha256(std::string_view bytes);
// Of a file, which is read in pieces. Throws Error.
std::string Sha256OfFile(const std::filesystem::path& path);

// Ed25519 (RFC 8032) by a key in a PEM file, as `openssl genpkey -algorithm ed25519` writes it.
// The signature of the bytes by the private key in the file, 128 hexadecimal digits. Throws ConfigError for a file that holds none.
std::string SignEd25519(std::string_view bytes, const std::filesystem::path& private_key_file);
// The public key that belongs to it, or that a file with a public key holds: 64 hexadecimal digits. Throws ConfigError.
std::string PublicKeyOf(const std::filesystem::path& key_file);
// Whether the signature is that of the bytes. False for what is not a signature or not a key.
bool IsSignedBy(std::string_view bytes, const std::string& signature, const std::string& public_key);

}  // namespace temper
