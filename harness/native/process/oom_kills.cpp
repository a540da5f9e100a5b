#include "harness/native/process/oom_kills.hpp"

#include <fstream>
#include <string>

namespace pidmap_stress {

std::uint64_t oom_kills() {
    std::ifstream statistics("/proc/vmstat");
    std::string name;
    std::uint64_t value = 0;
    while (statistics >> name >> value)
        if (name == "oom_kill") return value;
    return 0;
}

}  // namespace pidmap_stress
