#include "harness/programs/trace/source_lines.hpp"

#include <map>

#include "harness/base/source_places.hpp"

namespace pidmap_stress::explore {
namespace {

[[nodiscard]] std::string look_up(const void* address) {
    // The call ends where the address points, and may be the last of its line: look before it.
    const std::vector<source_place> frames = source_places(static_cast<const char*>(address) - 1);
    const source_place* best = nullptr;
    for (const source_place& one : frames) {
        // Innermost first, and neither the engine's own cells nor a library's are news.
        const bool own = one.file.find("/allocator/") != std::string::npos;
        const bool known = one.file.find("/harness/explorer/run/") != std::string::npos ||
                           one.file.find("/harness/explorer/sync/") != std::string::npos ||
                           one.file.ends_with("/interpreter/judged.hpp") ||
                           one.file.ends_with("/harness/base/hooked_atomic.hpp") ||
                           one.file.find("/include/") != std::string::npos;
        if (own || (!known && best == nullptr)) best = &one;
        if (own) break;
    }
    if (best == nullptr) return {};
    return best->file.substr(best->file.rfind('/') + 1) + ":" + std::to_string(best->line);
}

}  // namespace

std::string source_line(const void* address) {
    if (address == nullptr) return {};
    static std::map<const void*, std::string> known;  // A replay comes to the same places again.
    const auto [at, is_new] = known.try_emplace(address);
    if (is_new) at->second = look_up(address);
    return at->second;
}

}  // namespace pidmap_stress::explore
