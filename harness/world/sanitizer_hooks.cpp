#include "harness/world/sanitizer_hooks.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>

#include <fmt/format.h>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/world/board.hpp"

// Names that the sanitizers' runtimes prescribe.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
namespace pidmap_stress {
namespace {
std::atomic<std::uint64_t> reports{0};

#if defined(PIDMAP_STRESS_TSAN) || defined(PIDMAP_STRESS_ASAN)
/// A race and a touch of freed memory are findings. Anything else that a sanitizer reports, and
/// dies of, breaks no invariant of ours: it is a crash, with the sanitizer's text.
void tell(std::string_view kind) noexcept {
    reports.fetch_add(1, std::memory_order::relaxed);
    const auto is = [kind](std::string_view what) {
        return kind.find(what) != std::string_view::npos;
    };
    const bool after_free = is("use-after-free") || is("double-free");
    if (!after_free && !is("race")) return;
    std::array<char, 160> text{};
    const auto written = fmt::format_to_n(text.data(), text.size(),
                                          "the sanitizer reports: {}; its text is above", kind);
    report(after_free ? invariant::no_use_after_release : invariant::reuse_happens_after,
           {text.data(), std::min(written.size, text.size())});
}
#endif
}  // namespace

std::uint64_t sanitizer_reports() noexcept {
    return reports.load(std::memory_order::relaxed);
}

}  // namespace pidmap_stress

#if defined(PIDMAP_STRESS_TSAN)
extern "C" {
int __tsan_get_report_data(void* report, const char** description, int* count, int* stack_count,
                           int* mop_count, int* loc_count, int* mutex_count, int* thread_count,
                           int* unique_tid_count, void** sleep_trace, unsigned long trace_size);

void __tsan_on_report(void* report) {
    const char* description = "";
    std::array<int, 7> counts{};
    std::array<void*, 1> trace{};
    __tsan_get_report_data(report, &description, counts.data(), &counts[1], &counts[2], &counts[3],
                           &counts[4], &counts[5], &counts[6], trace.data(), trace.size());
    pidmap_stress::tell(description);
}

/// Reports are counted and judged here, and a process that ends by _exit() has the exit code that
/// it asks for. A death for any other reason must keep a code of its own, which is TSan's 66: with
/// 0, a crash would look like a good end. The wait at exit is for reports of threads that are still
/// running: there are none.
const char* __tsan_default_options() {
    return "atexit_sleep_ms=0:halt_on_error=0";
}
}
#elif defined(PIDMAP_STRESS_ASAN)
extern "C" {
const char* __asan_get_report_description();

void __asan_on_error() {
    pidmap_stress::tell(__asan_get_report_description());
}
}
#endif
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
