#include "harness/native/process/memory_looks.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

namespace pidmap_stress {

std::uint64_t resident_kib(pid_t process) {
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::ifstream in(fmt::format("/proc/{}/statm", process));
    if (!(in >> total >> resident)) return 0;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void memory_looks::look(pid_t process, std::chrono::steady_clock::time_point now) {
    constexpr auto interval = std::chrono::milliseconds(200);
    if (now - looked_ < interval) return;
    looked_ = now;
    most_ = std::max(most_, resident_kib(process));
}

}  // namespace pidmap_stress
