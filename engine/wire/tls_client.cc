#include "engine/wire/tls_client.h"

#include <boost/asio/ssl/context.hpp>
#include <utility>

namespace squall {

absl::StatusOr<TlsClient> TlsClient::Create(const std::string& ca_file) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  boost::system::error_code ec;
  if (ca_file.empty()) {
    context->set_default_verify_paths(ec);
  } else {
    context->load_verify_file(ca_file, ec);
  }
  if (ec) {
    const std::string where = ca_file.empty() ? "the system's trust store" : ca_file;
    return absl::InvalidArgumentError("cannot read " + where + ": " + ec.message());
  }
  context->set_verify_mode(ssl::verify_peer, ec);
  if (ec) return absl::InternalError("cannot ask for certificates: " + ec.message());
  return TlsClient(std::move(context));
}

TlsClient::TlsClient(std::unique_ptr<boost::asio::ssl::context> context)
    : context_(std::move(context)) {}
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;
TlsClient::~TlsClient() = default;

}  // namespace squall
