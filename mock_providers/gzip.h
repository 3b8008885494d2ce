// Gzip (RFC 1952) of one deflate block with fixed Huffman codes (RFC 1951 section 3.2.6) and no
// matches: every decoder reads it, nobody else does, and no library is needed to write it. For
// replies that are compressed though nobody asked.
#pragma once

#include <string>
#include <string_view>

namespace squall {

std::string Gzip(std::string_view data);

}  // namespace squall
