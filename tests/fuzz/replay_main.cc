// main() of a fuzz target where libFuzzer is not linked in: feeds it every file of a corpus folder
// and a fixed number of seeded mutations of each, so that any compiler and any test run exercises
// it. Usage: <target> CORPUS_FOLDER [MUTATIONS_PER_FILE]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace squall {
namespace {

constexpr StreamId kMutate = Stream("fuzz/mutate");
constexpr int kEditsMax = 8;

// Bytes that parsers care about, and the edges of character ranges.
constexpr char kInteresting[] = {'\0', '\n', '\r', '"', '{', '}', '[', ']',    ':',    ',',   '\\',
                                 '-',  '0',  '9',  'e', '.', ' ', ';', '\x7f', '\x80', '\xff'};

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// One to kEditsMax edits, all decided by (file, round).
std::string Mutate(std::string text, uint64_t file, uint64_t round) {
  uint64_t index = 0;
  const auto pick = [&](size_t n) {
    return static_cast<size_t>(PickBelow(DrawBits(1, kMutate, file, round, index++), n));
  };
  const size_t edits = 1 + pick(kEditsMax);
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = pick(text.size() + 1);
    const size_t length = std::min(text.size() - at, pick(16));
    switch (pick(5)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, 1, kInteresting[pick(std::size(kInteresting))]); break;
      case 2: text.insert(at, text.substr(pick(text.size() + 1), length)); break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
        break;
      default: text.resize(at); break;
    }
  }
  return text;
}

int Main(const std::string& folder, uint64_t rounds) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  uint64_t inputs = 0;
  const auto replay = [&](const std::string& seed, uint64_t file) {
    Run(seed);
    for (uint64_t round = 0; round < rounds; ++round) Run(Mutate(seed, file, round));
    inputs += 1 + rounds;
  };
  replay("", HashText(""));
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::string seed{std::istreambuf_iterator<char>(in), {}};
    replay(seed, HashText(path.filename().string()));
  }
  std::printf("%zu corpus files, %llu inputs\n", paths.size(),
              static_cast<unsigned long long>(inputs));
  return 0;
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER [MUTATIONS_PER_FILE]\n", argv[0]);
    return 2;
  }
  return squall::Main(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 500);
}
