// Goal: show that the native policy costs nothing. Each step of the algorithm is compiled once as
// the project writes it and once as one would write it by hand with std::atomic, each function into
// a section of its own; then the two sections must be the same, byte for byte. Steps, not whole
// calls: where a compiler combines the same steps, it may number the registers differently.

#include <gtest/gtest.h>

#include <cstring>
#include <iomanip>
#include <sstream>

#include "allocator/variants/sound.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
#define PIDMAP_STRESS_INSTRUMENTED
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define PIDMAP_STRESS_INSTRUMENTED
#endif

// A section whose name is an identifier gets symbols for its bounds from the linker.
#define IN_SECTION(name) [[gnu::section(#name), gnu::noinline, gnu::used]]
#define BOUNDS(name) extern const unsigned char __start_##name[], __stop_##name[]

namespace pidmap_stress {
namespace {

/// A release is a call, whose bytes depend on its address: so here it is an instruction.
struct native_without_release : native {
    template <class T>
    static void retire(T*) noexcept {
        __builtin_trap();
    }
};
using ns_type = sound<native_without_release>;
using page_type = page_bits<native>;
using word = std::uint64_t;

constexpr auto relaxed = std::memory_order::relaxed;
constexpr auto acquire = std::memory_order::acquire;
constexpr auto release = std::memory_order::release;
constexpr auto acq_rel = std::memory_order::acq_rel;

IN_SECTION(claim_ours) bool claim_ours(page_type& page, unsigned bit) {
    return page.test_and_set(bit, acquire);
}
IN_SECTION(claim_by_hand) bool claim_by_hand(std::atomic<word>* words, unsigned bit) {
    std::atomic<word>& cell = words[bit / 64];
    const word mask = word{1} << bit % 64;
    return (cell.fetch_or(mask, acquire) & mask) == 0;
}

IN_SECTION(clear_ours) void clear_ours(page_type& page, unsigned bit) {
    page.clear(bit, release);
}
IN_SECTION(clear_by_hand) void clear_by_hand(std::atomic<word>* words, unsigned bit) {
    words[bit / 64].fetch_and(~(word{1} << bit % 64), release);
}

IN_SECTION(scan_ours) unsigned scan_ours(page_type& page, unsigned from, unsigned end) {
    return page.next_clear(from, end, relaxed);
}
IN_SECTION(scan_by_hand)
unsigned scan_by_hand(std::atomic<word>* words, unsigned from, unsigned end) {
    while (from < end) {
        const word taken = words[from / 64].load(relaxed) >> from % 64;
        const auto skipped = static_cast<unsigned>(std::countr_one(taken));
        const unsigned left = 64 - from % 64;
        if (skipped < left) return from + skipped < end ? from + skipped : end;
        from += left;
    }
    return end;
}

IN_SECTION(get_ours) bool get_ours(ns_type& ns) {
    return ns.get_unless_zero();
}
IN_SECTION(get_by_hand) bool get_by_hand(ns_type& ns) {
    std::atomic<int>& refcount = ns.refcount;
    int count = refcount.load(relaxed);
    while (count != 0)
        if (refcount.compare_exchange_strong(count, count + 1, relaxed, relaxed)) return true;
    return false;
}

IN_SECTION(put_ours) void put_ours(ns_type& ns) {
    ns.put();
}
IN_SECTION(put_by_hand) void put_by_hand(ns_type& ns) {
    if (ns.refcount.fetch_sub(1, acq_rel) == 1) __builtin_trap();
}

IN_SECTION(vacate_ours) void vacate_ours(ns_type& ns) {
    sound_steps::vacate(ns, 1);
}
IN_SECTION(vacate_by_hand) void vacate_by_hand(ns_type& ns) {
    if (ns.pages[1].nr_free.fetch_add(1, acq_rel) + 1 == 32768)
        if (ns.refcount.fetch_sub(1, acq_rel) == 1) __builtin_trap();
}

IN_SECTION(hint_ours) void hint_ours(ns_type& ns, pid_nr last, pid_nr nr) {
    advance_last_pid_forward(ns, last, nr);
}
IN_SECTION(hint_by_hand) void hint_by_hand(ns_type& ns, pid_nr last, pid_nr nr) {
    pid_nr now = last;
    while (!ns.last_pid.compare_exchange_strong(now, nr, relaxed, relaxed))
        if (static_cast<unsigned>(now) - static_cast<unsigned>(last) >=
            static_cast<unsigned>(nr) - static_cast<unsigned>(last))
            return;
}

extern "C" {
BOUNDS(claim_ours);
BOUNDS(claim_by_hand);
BOUNDS(clear_ours);
BOUNDS(clear_by_hand);
BOUNDS(scan_ours);
BOUNDS(scan_by_hand);
BOUNDS(get_ours);
BOUNDS(get_by_hand);
BOUNDS(put_ours);
BOUNDS(put_by_hand);
BOUNDS(vacate_ours);
BOUNDS(vacate_by_hand);
BOUNDS(hint_ours);
BOUNDS(hint_by_hand);
}

std::string instructions(const unsigned char* from, const unsigned char* until) {
    std::ostringstream bytes;
    for (const unsigned char* at = from; at != until; ++at)
        bytes << std::hex << std::setw(2) << std::setfill('0') << static_cast<int>(*at) << ' ';
    return bytes.str();
}

class NativeTest : public ::testing::Test {
protected:
    void SetUp() override {
#if !defined(__OPTIMIZE__)
        GTEST_SKIP() << "not optimized: then abstractions are calls";
#elif defined(PIDMAP_STRESS_INSTRUMENTED)
        GTEST_SKIP() << "a sanitizer puts its own code between the instructions";
#endif
    }
};

#define EXPECT_SAME_INSTRUCTIONS(step)                                   \
    EXPECT_EQ(instructions(__start_##step##_ours, __stop_##step##_ours), \
              instructions(__start_##step##_by_hand, __stop_##step##_by_hand))

TEST_F(NativeTest, ClaimingABitIsTheHandWrittenFetchOr) {
    EXPECT_SAME_INSTRUCTIONS(claim);
}
TEST_F(NativeTest, ClearingABitIsTheHandWrittenFetchAnd) {
    EXPECT_SAME_INSTRUCTIONS(clear);
}
TEST_F(NativeTest, ScanningIsTheHandWrittenLoopOverWords) {
    EXPECT_SAME_INSTRUCTIONS(scan);
}
TEST_F(NativeTest, GetUnlessZeroIsTheHandWrittenCasLoop) {
    EXPECT_SAME_INSTRUCTIONS(get);
}
TEST_F(NativeTest, PutIsTheHandWrittenFetchSub) {
    EXPECT_SAME_INSTRUCTIONS(put);
}
TEST_F(NativeTest, VacatingIsTheHandWrittenFetchAdd) {
    EXPECT_SAME_INSTRUCTIONS(vacate);
}
TEST_F(NativeTest, MovingTheHintIsTheHandWrittenCasLoop) {
    EXPECT_SAME_INSTRUCTIONS(hint);
}

// ------------------------------------------------------------------------------------------------

static_assert(std::is_same_v<native::atomic<int, cell_role::refcount>, std::atomic<int>>);
static_assert(sizeof(page_type) == 4096, "a page is a page");
static_assert(sizeof(pidmap<native>) == 16);
static_assert(std::atomic<word>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<page_type*>::is_always_lock_free);
static_assert(alignof(ns_type) == ns_type::cache_line);

TEST(LayoutTest, CountHintAndPagesAreOnCacheLinesOfTheirOwn) {
    native::atomic<pid_nr, cell_role::pid_max> pid_max{32768};
    const ns_type ns(pid_max);
    const auto line = [](const void* cell) {
        return reinterpret_cast<std::uintptr_t>(cell) / ns_type::cache_line;
    };
    EXPECT_LT(line(&ns.refcount), line(&ns.last_pid));
    EXPECT_LT(line(&ns.last_pid), line(&ns.pages));
    EXPECT_LT(line(&ns), line(&ns.refcount)) << "the vtable pointer is read-only";
}

}  // namespace
}  // namespace pidmap_stress
