// Machine: where a run was timed. Said with every result, since times of different machines are not
// comparable; never part of what must be equal between two runs.
#pragma once

#include <string>

namespace squall {

struct Machine {
  std::string cpu;     // model name, "" where the system does not say
  int cores = 0;       // that this process may use; 0 unknown
  std::string kernel;  // "Linux 6.1.0 x86_64"
};

// Of this process. Reads /proc/cpuinfo; about 0.1 ms.
Machine ThisMachine();

}  // namespace squall
