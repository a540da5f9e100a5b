#include "harness/world/sanitizer_hooks.hpp"

#include <atomic>

#include "harness/explorer/run/sanitizers.hpp"

#if defined(PIDMAP_STRESS_TSAN) || defined(PIDMAP_STRESS_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

// ThreadSanitizer's callback runs while the runtime holds its locks. Whatever the runtime watches
// or intercepts may need one of them, and then it waits for itself. So this file is compiled
// without instrumentation, and what the callback executes is here, or the runtime's interface for
// it: no function of another file, of a library or of the system, only copies of numbers into
// memory that is mapped.

// Names that the sanitizers' runtimes prescribe.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
namespace pidmap_stress {
namespace {

// Relaxed: a number.
std::atomic<std::uint64_t> reports{0};

#if defined(PIDMAP_STRESS_TSAN) || defined(PIDMAP_STRESS_ASAN)
// The same board that report() writes to; its own pointer is in a file that is instrumented.
board* the_board = nullptr;

[[nodiscard]] bool contains(const char* text, const char* what) noexcept {
    for (; *text != '\0'; ++text) {
        std::size_t n = 0;
        while (what[n] != '\0' && text[n] == what[n]) ++n;
        if (what[n] == '\0') return true;
    }
    return false;
}

/// A race and a touch of freed memory are findings. Whatever else a sanitizer reports, and dies of,
/// breaks no invariant of ours: it is a crash, with the sanitizer's text.
[[nodiscard]] bool breaks_an_invariant(const char* kind, invariant& broken) noexcept {
    if (contains(kind, "use-after-free") || contains(kind, "double-free"))
        broken = invariant::no_use_after_release;
    else if (contains(kind, "race"))
        broken = invariant::reuse_happens_after;
    else
        return false;
    return true;
}

/// The place of a report that breaks an invariant, with its kind filled in; nullptr if it breaks
/// none, or there is no room.
[[nodiscard]] board_sanitizer_report* begin_report(const char* kind) noexcept {
    board* const here = the_board;
    invariant broken{};
    if (here == nullptr || !breaks_an_invariant(kind, broken)) return nullptr;
    // Relaxed: numbers. The report itself is published by `ready`.
    here->times_broken[static_cast<std::size_t>(broken)].fetch_add(1, std::memory_order::relaxed);
    if (broken == invariant::no_use_after_release)
        here->stop.store(board::end_trial, std::memory_order::relaxed);
    const std::uint32_t n = here->sanitizer_reports_made.fetch_add(1, std::memory_order::relaxed);
    if (n >= here->sanitizer_reports.size()) return nullptr;
    board_sanitizer_report& entry = here->sanitizer_reports[n];
    entry.broken = broken;
    for (std::size_t i = 0; i + 1 < board_sanitizer_report::kind_size && kind[i] != '\0'; ++i)
        entry.kind[i] = kind[i];
    return &entry;
}

void end_report(board_sanitizer_report& entry) noexcept {
    // Release: the supervisor, which acquires, sees the report whole.
    entry.ready.store(true, std::memory_order::release);
}

/// Of a stack as the runtime copies it: it repeats an address for each function inlined there.
constexpr unsigned most_frames = 64;

void copy_frames(void* const (&from)[most_frames], board_sanitizer_report::side& to) noexcept {
    std::size_t kept = 0;
    for (unsigned n = 0; n < most_frames && from[n] != nullptr; ++n) {
        if (n > 0 && from[n] == from[n - 1]) continue;
        if (kept == board_sanitizer_report::frames_kept) return;
        to.frames[kept++] = reinterpret_cast<std::uintptr_t>(from[n]);
    }
}
#endif
}  // namespace

std::uint64_t sanitizer_reports() noexcept {
    return reports.load(std::memory_order::relaxed);
}

#if defined(PIDMAP_STRESS_TSAN) || defined(PIDMAP_STRESS_ASAN)
void take_sanitizer_reports(board& here, const char* raw_text) noexcept {
    the_board = &here;
    if (*raw_text != '\0') __sanitizer_set_report_path(raw_text);
}
#else
void take_sanitizer_reports(board& /*here*/, const char* /*raw_text*/) noexcept {}
#endif

}  // namespace pidmap_stress

#if defined(PIDMAP_STRESS_TSAN)
extern "C" {
// Of the runtime's interface for callbacks, which no header declares.
int __tsan_get_report_data(void* report, const char** description, int* count, int* stack_count,
                           int* mop_count, int* loc_count, int* mutex_count, int* thread_count,
                           int* unique_tid_count, void** sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void* report, unsigned long idx, int* tid, void** addr, int* size,
                          int* write, int* atomic, void** trace, unsigned long trace_size);
int __tsan_get_report_thread(void* report, unsigned long idx, int* tid, unsigned long* os_id,
                             int* running, const char** name, int* parent_tid, void** trace,
                             unsigned long trace_size);
void __tsan_on_report(void* report);
const char* __tsan_default_options();
}

namespace pidmap_stress {
namespace {

/// The system's number of the runtime's thread; 0 if the report does not have it.
[[nodiscard]] int system_thread(void* report, int threads, int tid) noexcept {
    for (int n = 0; n < threads; ++n) {
        int one = 0;
        int running = 0;
        int parent = 0;
        unsigned long os_id = 0;
        const char* name = nullptr;
        void* trace = nullptr;
        __tsan_get_report_thread(report, static_cast<unsigned long>(n), &one, &os_id, &running,
                                 &name, &parent, &trace, 1);
        if (one == tid) return static_cast<int>(os_id);
    }
    return 0;
}

}  // namespace
}  // namespace pidmap_stress

void __tsan_on_report(void* report) {
    using namespace pidmap_stress;
    reports.fetch_add(1, std::memory_order::relaxed);
    const char* kind = "";
    int count = 0;
    int stacks = 0;
    int accesses = 0;
    int locations = 0;
    int mutexes = 0;
    int threads = 0;
    int unique_threads = 0;
    void* sleep = nullptr;
    __tsan_get_report_data(report, &kind, &count, &stacks, &accesses, &locations, &mutexes,
                           &threads, &unique_threads, &sleep, 1);
    board_sanitizer_report* const entry = begin_report(kind);
    if (entry == nullptr) return;
    for (int n = 0; n < accesses && n < 2; ++n) {
        board_sanitizer_report::side& to = entry->sides[static_cast<std::size_t>(n)];
        int tid = 0;
        int write = 0;
        int atomic = 0;
        void* address = nullptr;
        void* frames[most_frames];
        for (void*& frame : frames) frame = nullptr;
        __tsan_get_report_mop(report, static_cast<unsigned long>(n), &tid, &address, &to.size,
                              &write, &atomic, frames, most_frames);
        to.write = write != 0;
        to.atomic = atomic != 0;
        to.thread = system_thread(report, threads, tid);
        copy_frames(frames, to);
    }
    end_report(*entry);
}

/// Reports are counted and judged here. What a process dies of otherwise must keep a code of its
/// own, which is TSan's 66: with 0, a crash would look like a good end. The wait at exit is for
/// reports of threads that are still running: there are none.
const char* __tsan_default_options() {
    return "atexit_sleep_ms=0:halt_on_error=0";
}
#elif defined(PIDMAP_STRESS_ASAN)
#include <sanitizer/asan_interface.h>
#include <unistd.h>

/// The process ends after it, and nothing is held that others might wait for.
extern "C" void __asan_on_error() {
    using namespace pidmap_stress;
    reports.fetch_add(1, std::memory_order::relaxed);
    board_sanitizer_report* const entry = begin_report(__asan_get_report_description());
    if (entry == nullptr) return;
    void* const address = __asan_get_report_address();
    entry->sides[0].frames[0] = reinterpret_cast<std::uintptr_t>(__asan_get_report_pc());
    entry->sides[0].thread = static_cast<int>(::gettid());
    entry->sides[0].size = static_cast<int>(__asan_get_report_access_size());
    entry->sides[0].write = __asan_get_report_access_type() != 0;
    void* frames[most_frames] = {};
    int thread = 0;
    __asan_get_free_stack(address, frames, most_frames, &thread);
    copy_frames(frames, entry->sides[1]);
    end_report(*entry);
}
#endif
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
