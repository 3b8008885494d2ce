#include "engine/gateway/libpq.h"

#include <dlfcn.h>

#include "engine/base/cat.h"

namespace squall {
namespace {

// Debian's package is libpq5; the version is that of the interface, the same since 2006.
constexpr const char* kLibpqFile = "libpq.so.5";

absl::Status LoadOnce() {
  void* library = dlopen(kLibpqFile, RTLD_NOW | RTLD_LOCAL);  // never closed
  bool found = library != nullptr;
#define SQUALL_FIND(name)                                                           \
  name = reinterpret_cast<decltype(name)>(found ? dlsym(library, #name) : nullptr); \
  found = name != nullptr
  SQUALL_LIBPQ_FUNCTIONS(SQUALL_FIND);
#undef SQUALL_FIND
  if (found) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat("request record: store postgres needs libpq: ", dlerror()));
}

}  // namespace

#define SQUALL_DEFINE(name) decltype(&::name) name = nullptr
SQUALL_LIBPQ_FUNCTIONS(SQUALL_DEFINE);
#undef SQUALL_DEFINE

absl::Status LoadLibpq() {
  static const absl::Status loaded = LoadOnce();
  return loaded;
}

}  // namespace squall
