#include "checkers/audit.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace pidmap_stress {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto breaks(invariant which) {
    return Field("broken", &finding::broken, which);
}
auto breaks(invariant which, const char* words) {
    return AllOf(breaks(which), Field("what", &finding::what, HasSubstr(words)));
}

/// Two pages of 8 pids, pids 3, 4 and 9 held, one external reference. Each test spoils one thing.
struct small_namespace {
    std::vector<std::uint64_t> page_0{0b0001'1001};
    std::vector<std::uint64_t> page_1{0b0000'0010};
    bool page_1_installed = true;
    long nr_free_0 = 5;
    long nr_free_1 = 7;
    std::vector<pid_nr> held{9, 3, 4};
    long refcount = 3;
    unsigned external_references = 1;
    bool released = false;
    counting counts = counting::per_page;

    [[nodiscard]] std::vector<finding> judged() const {
        page_evidence second{.nr_free = nr_free_1};
        if (page_1_installed) second = {.installed = true, .nr_free = nr_free_1, .bitmap = page_1};
        return audit(
            {.counts = counts,
             .refcount = refcount,
             .external_references = external_references,
             .released = released,
             .pid_max = 16,
             .bits_per_page = 8,
             .pages = {{.installed = true, .nr_free = nr_free_0, .bitmap = page_0}, second},
             .held = held});
    }
};

// An audit of a correct namespace finds nothing, however its references are counted.
TEST(AuditTest, FindsNothingWhereNothingIsWrong) {
    EXPECT_THAT(small_namespace{}.judged(), IsEmpty());
    EXPECT_THAT((small_namespace{.refcount = 4, .counts = counting::per_pid}.judged()), IsEmpty());
}

// A namespace without a pid and a second page without memory is correct, and bit 0 is not a pid.
TEST(AuditTest, KnowsAnEmptyNamespace) {
    EXPECT_THAT((small_namespace{.page_0 = {1},
                                 .page_1_installed = false,
                                 .nr_free_0 = 7,
                                 .nr_free_1 = 8,
                                 .held = {},
                                 .refcount = 1}
                     .judged()),
                IsEmpty());
}

// A count that is one off, up or down, is found.
TEST(AuditTest, CountsNonEmptyPages) {
    const auto wrong = ElementsAre(breaks(invariant::refcount_equals_pages, "2 non-empty pages"));
    EXPECT_THAT((small_namespace{.refcount = 4}.judged()), wrong);
    EXPECT_THAT((small_namespace{.refcount = 2}.judged()), wrong);
    EXPECT_THAT((small_namespace{.refcount = 3, .counts = counting::per_pid}.judged()), wrong);
}

// A negative count is an underflow too.
TEST(AuditTest, SeesAnUnderflow) {
    EXPECT_THAT(
        (small_namespace{.refcount = -1}.judged()),
        ElementsAre(breaks(invariant::no_underflow), breaks(invariant::refcount_equals_pages)));
}

// nr_free is judged page by page, against the bitmap.
TEST(AuditTest, CountsClearBits) {
    EXPECT_THAT((small_namespace{.nr_free_0 = 4, .nr_free_1 = 8}.judged()),
                ElementsAre(breaks(invariant::nr_free_equals_clear_bits, "page 0 has nr_free 4"),
                            breaks(invariant::nr_free_equals_clear_bits, "page 1 has nr_free 8")));
}

// nr_free of a page without memory is judged too, even if no later page has memory.
TEST(AuditTest, CountsClearBitsOfAPageWithoutMemory) {
    EXPECT_THAT(
        (small_namespace{.page_1_installed = false, .nr_free_1 = 7, .held = {3, 4}, .refcount = 2}
             .judged()),
        ElementsAre(breaks(invariant::nr_free_equals_clear_bits, "page 1 has nr_free 7")));
}

// A bit without a holder is named, and the count may agree with the bitmap or with the books.
TEST(AuditTest, NamesABitThatNobodyHolds) {
    const auto leaked = ElementsAre(breaks(invariant::bitmap_equals_held, "nobody holds pid 9"));
    EXPECT_THAT((small_namespace{.held = {3, 4}}.judged()), leaked);
    EXPECT_THAT((small_namespace{.held = {3, 4}, .refcount = 2}.judged()), leaked);
}

// A held pid whose bit is clear is named, also on a page without memory or that does not exist.
TEST(AuditTest, NamesAHeldPidWhoseBitIsClear) {
    EXPECT_THAT((small_namespace{.held = {3, 4, 5, 6, 9}}.judged()),
                ElementsAre(breaks(invariant::bitmap_equals_held, "pids 5, 6 held")));
    EXPECT_THAT((small_namespace{.page_1_installed = false, .nr_free_1 = 8}.judged()),
                ElementsAre(breaks(invariant::bitmap_equals_held, "pid 9 held")));
    EXPECT_THAT((small_namespace{.held = {3, 4, 9, 16}}.judged()),
                ElementsAre(breaks(invariant::bitmap_equals_held, "pid 16 held")));
    EXPECT_THAT((small_namespace{.held = {3, 4, 9, 0}}.judged()),
                ElementsAre(breaks(invariant::bitmap_equals_held, "pid 0 held")));
}

// Bit 0 must stay set, and bits beyond a small page must stay clear.
TEST(AuditTest, WatchesBitsThatAreNoPids) {
    EXPECT_THAT((small_namespace{.page_0 = {0b0001'1000}, .nr_free_0 = 6}.judged()),
                ElementsAre(breaks(invariant::bitmap_equals_held, "bit 0 of page 0 is clear")));
    EXPECT_THAT((small_namespace{.page_0 = {0b1'0001'1001}, .nr_free_0 = 4}.judged()),
                ElementsAre(breaks(invariant::bitmap_equals_held, "bit 8 set beyond its end")));
}

// A pid that occurs twice in the books has two tenants.
TEST(AuditTest, SeesAPidHeldTwice) {
    EXPECT_THAT((small_namespace{.held = {3, 4, 9, 4}}.judged()),
                ElementsAre(breaks(invariant::unique_pid, "pid 4 twice")));
}

// A pid at or above pid_max may be held: pid_max may have shrunk.
TEST(AuditTest, AllowsAPidAbovePidMax) {
    const std::vector<std::uint64_t> page{0b1000'0001};
    const std::vector<pid_nr> held{7};
    EXPECT_THAT(audit({.refcount = 1,
                       .pid_max = 5,
                       .bits_per_page = 8,
                       .pages = {{.installed = true, .nr_free = 6, .bitmap = page}},
                       .held = held}),
                IsEmpty());
}

// A released namespace holds nothing: no pid and no reference may be left.
TEST(AuditTest, JudgesAReleasedNamespaceByItsBooksOnly) {
    EXPECT_THAT(
        (small_namespace{.held = {}, .refcount = 99, .external_references = 0, .released = true}
             .judged()),
        IsEmpty());
    EXPECT_THAT((small_namespace{.released = true}.judged()),
                ElementsAre(breaks(invariant::live_pid_pins_namespace, "pids 9, 3, 4 are"),
                            breaks(invariant::refcount_equals_pages, "1 external")));
}

// A count of 0 that no worker acted on is a release that did not happen.
TEST(AuditTest, SeesAMissingRelease) {
    EXPECT_THAT((small_namespace{.page_0 = {1},
                                 .page_1_installed = false,
                                 .nr_free_0 = 7,
                                 .nr_free_1 = 8,
                                 .held = {},
                                 .refcount = 0,
                                 .external_references = 0}
                     .judged()),
                ElementsAre(breaks(invariant::released_once)));
}

// Long lists are cut, and say how much is missing.
TEST(AuditTest, CutsLongLists) {
    EXPECT_THAT(
        (small_namespace{
            .page_0 = {0xFF}, .page_1 = {0xFF}, .nr_free_0 = 0, .nr_free_1 = 0, .held = {}}
             .judged()),
        ElementsAre(breaks(invariant::bitmap_equals_held, "1, 2, 3, 4, 5, 6, 7, 8 and 7 more")));
}

}  // namespace
}  // namespace pidmap_stress
