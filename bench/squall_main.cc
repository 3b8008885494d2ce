#include "bench/commands.h"

int main(int argc, char** argv) { return squall::Main(argc, argv); }
