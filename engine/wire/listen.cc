#include "engine/wire/listen.h"

#include "engine/base/cat.h"

namespace squall {

absl::StatusOr<uint16_t> Listen(const std::string& address, uint16_t port,
                                boost::asio::ip::tcp::acceptor* acceptor) {
  boost::system::error_code ec;
  const auto numeric = boost::asio::ip::make_address(address, ec);
  if (ec) {
    return absl::InvalidArgumentError(
        Cat("got \"", address, "\", expected a numeric address such as 127.0.0.1"));
  }
  const boost::asio::ip::tcp::endpoint endpoint(numeric, port);
  acceptor->open(endpoint.protocol(), ec);
  if (!ec) acceptor->set_option(boost::asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(boost::asio::socket_base::max_listen_connections, ec);
  if (ec) {
    boost::system::error_code ignored;
    acceptor->close(ignored);
    return absl::UnavailableError(Cat("cannot bind ", address, ":", port, ": ", ec.message()));
  }
  return acceptor->local_endpoint(ec).port();
}

}  // namespace squall
