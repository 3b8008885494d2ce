// A TLS server for tests, with a certificate that it makes itself, and answers by script.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/task.h"
#include "tests/catch.h"

namespace squall {

struct TlsIdentity {
  std::string certificate;  // PEM, its own authority
  std::string key;          // PEM
};

inline std::string PemOf(const std::function<int(BIO*)>& write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  REQUIRE(write(bio) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

// Valid for an hour, for that DNS name.
inline TlsIdentity MakeIdentity(const std::string& name) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("squall test"), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  const std::string names = "DNS:" + name;
  for (const auto& [id, value] : std::vector<std::pair<int, std::string>>{
           {NID_subject_alt_name, names}, {NID_basic_constraints, "CA:TRUE"}}) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
  TlsIdentity identity;
  identity.certificate = PemOf([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
  identity.key = PemOf([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

// Answers each request, whatever it is, with the same bytes.
class TlsServer {
 public:
  TlsServer(asio::io_context& io, const TlsIdentity& identity, std::string reply)
      : io_(io),
        acceptor_(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        context_(asio::ssl::context::tls_server),
        reply_(std::move(reply)) {
    context_.use_certificate_chain(asio::buffer(identity.certificate));
    context_.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
    Spawn(io.get_executor(), Accept());
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int handshakes() const { return handshakes_; }
  int requests() const { return requests_; }
  const std::string& name() const { return name_; }  // that the client asked for (SNI)
  void CloseAfterReply(bool orderly) {
    closes_ = true;
    orderly_ = orderly;
  }
  void Stop() { acceptor_.close(); }

 private:
  using Stream = asio::ssl::stream<asio::ip::tcp::socket>;

  Task<> Accept() {
    boost::system::error_code ec;
    while (acceptor_.is_open()) {
      asio::ip::tcp::socket socket(io_);
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
      if (ec) break;
      Spawn(io_.get_executor(), Serve(std::make_shared<Stream>(std::move(socket), context_)));
    }
  }

  Task<> Serve(std::shared_ptr<Stream> stream) {
    boost::system::error_code ec;
    co_await stream->async_handshake(Stream::server, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return;
    ++handshakes_;
    const char* const name = SSL_get_servername(stream->native_handle(), TLSEXT_NAMETYPE_host_name);
    name_ = name == nullptr ? "" : name;
    std::array<char, 65536> bytes;
    const auto room = asio::buffer(bytes);
    while (true) {
      co_await stream->async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return;
      ++requests_;
      const auto reply = asio::buffer(reply_);
      co_await asio::async_write(*stream, reply, asio::redirect_error(asio::use_awaitable, ec));
      if (closes_ && orderly_) {
        co_await stream->async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
      }
      if (closes_) co_return;
    }
  }

  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ssl::context context_;
  std::string reply_;
  std::string name_;
  int handshakes_ = 0;
  int requests_ = 0;
  bool closes_ = false;
  bool orderly_ = true;
};

}  // namespace squall
