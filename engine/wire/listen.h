// Listen: how every server of ours opens its port, the mocks' and the gateway's.
//
// Threads: the acceptor's own. Errors are values, worded for the person who chose the address.
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

namespace squall {

// Binds `acceptor` and listens; the port, which is a free one where `port` is 0. kInvalidArgument
// if `address` is not numeric, kUnavailable if it cannot be bound; then the acceptor is closed.
absl::StatusOr<uint16_t> Listen(const std::string& address, uint16_t port,
                                boost::asio::ip::tcp::acceptor* acceptor);

}  // namespace squall
