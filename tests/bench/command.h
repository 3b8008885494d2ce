// Runs the squall binary as a user would: a command line in, texts and exit code out.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/catch.h"
#include "tests/paths.h"

namespace squall {

struct CommandResult {
  int code = -1;
  std::string out;
  std::string err;
};

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// A folder of its own for each test, removed at its end.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = "/tmp/squall-test-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempFolder() { [[maybe_unused]] const int rc = std::system(("rm -rf '" + path_ + "'").c_str()); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }

 private:
  std::string path_;
};

// `arguments` as a shell would take them; the working folder is the project's.
inline CommandResult Squall(const std::string& arguments, const std::string& environment = "") {
  const TempFolder folder;
  const std::string line = "cd '" + SourceDir() + "' && " + environment + " '" + SquallBinary() +
                           "' " + arguments + " >'" + folder.Path("out") + "' 2>'" +
                           folder.Path("err") + "' </dev/null";
  const int status = std::system(line.c_str());
  CommandResult result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = ReadFile(folder.Path("out"));
  result.err = ReadFile(folder.Path("err"));
  return result;
}

// Runs `script` in bash with the binary as $1 and a scratch folder as $2; returns what it printed.
inline std::string InlineScript(const std::string& script) {
  const TempFolder folder;
  const std::string file = folder.Write("script", script);
  const std::string line = "bash '" + file + "' '" + SquallBinary() + "' '" + folder.Path("") +
                           "' >'" + folder.Path("out") + "' 2>&1 </dev/null";
  REQUIRE(std::system(line.c_str()) == 0);
  return ReadFile(folder.Path("out"));
}

inline int Lines(const std::string& text) {
  int lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  return lines;
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace squall
