#include "reports/machine.h"

#include <sys/utsname.h>

#include <cstdio>
#include <cstring>
#include <thread>

namespace squall {
namespace {

// The value of the first line "model name : VALUE".
std::string CpuModel() {
  std::FILE* file = std::fopen("/proc/cpuinfo", "r");
  if (file == nullptr) return "";
  std::string model;
  char line[512];
  while (model.empty() && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "model name", 10) != 0) continue;
    const char* colon = std::strchr(line, ':');
    if (colon != nullptr) model = colon + 1;
  }
  std::fclose(file);
  const size_t from = model.find_first_not_of(" \t");
  const size_t to = model.find_last_not_of(" \t\n");
  return from == std::string::npos ? "" : model.substr(from, to - from + 1);
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.cpu = CpuModel();
  machine.cores = static_cast<int>(std::thread::hardware_concurrency());
  utsname names{};
  if (uname(&names) == 0) {
    machine.kernel = std::string(names.sysname) + " " + names.release + " " + names.machine;
  }
  return machine;
}

}  // namespace squall
