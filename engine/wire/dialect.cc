#include "engine/wire/dialect.h"

#include <array>

#include "engine/wire/openai.h"

namespace squall {
namespace {

constexpr std::array kDialects = {
    Dialect{"openai", &EncodeOpenAiChat, &MakeOpenAiDecoder},
};

}  // namespace

std::span<const Dialect> Dialects() { return kDialects; }

const Dialect* FindDialect(std::string_view name) {
  for (const Dialect& dialect : kDialects) {
    if (dialect.name == name) return &dialect;
  }
  return nullptr;
}

}  // namespace squall
