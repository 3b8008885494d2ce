#include <squall_revision.h>

#include "bench/commands.h"

int main(int argc, char** argv) { return squall::Main(argc, argv, SQUALL_REVISION); }
