#include "harness/native/process/memory_looks.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

namespace pidmap_stress {
namespace {
constexpr auto interval = std::chrono::milliseconds(200);
constexpr std::size_t least_looks = 8;
}  // namespace

std::uint64_t resident_kib(pid_t process) {
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::ifstream in(fmt::format("/proc/{}/statm", process));
    if (!(in >> total >> resident)) return 0;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void memory_looks::look(pid_t process, std::chrono::steady_clock::time_point now) {
    if (now - looked_ < interval) return;
    looked_ = now;
    if (const std::uint64_t kib = resident_kib(process); kib != 0) seen_.push_back(kib);
}

std::uint64_t memory_looks::most() const {
    return seen_.empty() ? 0 : *std::ranges::max_element(seen_);
}

std::int64_t memory_looks::growth() const {
    if (seen_.size() < least_looks) return 0;
    return static_cast<std::int64_t>(seen_.back()) -
           static_cast<std::int64_t>(seen_[seen_.size() / 2]);
}

}  // namespace pidmap_stress
