// TlsClient: what connections to TLS servers have in common. Certificates are checked against a
// trust store and the name of the host (RFC 6125); nothing below TLS 1.2 is spoken. Plain names
// only, so that whoever includes this does not pay for OpenSSL's headers.
//
// Threads: one at a time. The object outlives the connections that were made with it.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}  // namespace boost::asio::ssl

namespace squall {

class TlsClient {
 public:
  // Trusts the authorities in `ca_file` (PEM), or the system's where that is empty. Errors:
  // InvalidArgument, if the file holds none.
  static absl::StatusOr<TlsClient> Create(const std::string& ca_file);

  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;
  ~TlsClient();

  boost::asio::ssl::context& context() { return *context_; }

 private:
  explicit TlsClient(std::unique_ptr<boost::asio::ssl::context> context);
  std::unique_ptr<boost::asio::ssl::context> context_;
};

}  // namespace squall
