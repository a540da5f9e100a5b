#pragma once

#include <cstdio>

namespace pidmap_stress {

/// Prints the variants, scenarios and disciplines that there are.
void print_list(std::FILE* out);

}  // namespace pidmap_stress
