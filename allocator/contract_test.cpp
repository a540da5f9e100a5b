#include "allocator/contract.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pidmap_stress {
namespace {

TEST(ContractTest, EveryInvariantHasANameOfItsOwnThatParsesBack) {
    std::set<std::string_view> names;
    for (int i = 0; i < invariant_count; ++i) {
        const auto which = static_cast<invariant>(i);
        names.insert(to_string(which));
        EXPECT_EQ(parse_invariant(to_string(which)), which);
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(invariant_count));
}

TEST(ContractTest, EveryDisciplineHasANameOfItsOwnThatParsesBack) {
    std::set<std::string_view> names;
    for (int i = 0; i < discipline_count; ++i) {
        const auto which = static_cast<discipline>(i);
        names.insert(to_string(which));
        EXPECT_EQ(parse_discipline(to_string(which)), which);
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(discipline_count));
}

// The arrays of names and the enums are written separately: the first and the last entry show a
// shift.
TEST(ContractTest, NamesAreThoseOfTheEnumerators) {
    EXPECT_EQ(to_string(invariant::unique_pid), "unique_pid");
    EXPECT_EQ(to_string(invariant::refcount_equals_pages), "refcount_equals_pages");
    EXPECT_EQ(to_string(invariant::progress), "progress");
    EXPECT_EQ(to_string(discipline::member), "member");
    EXPECT_EQ(to_string(discipline::lookup), "lookup");
    EXPECT_EQ(to_string(alloc_error::exhausted), "exhausted");
    EXPECT_EQ(to_string(alloc_error::no_memory), "no_memory");
    EXPECT_EQ(to_string(alloc_error::namespace_dead), "namespace_dead");
}

TEST(ContractTest, UnknownNamesDoNotParse) {
    for (const std::string_view name : {"", "unique", "unique_pid ", "Member", "0"}) {
        EXPECT_FALSE(parse_invariant(name)) << name;
        EXPECT_FALSE(parse_discipline(name)) << name;
    }
}

TEST(AllocResultTest, IsAPidOrAReason) {
    for (const pid_nr nr : {1, 32767, 4194303}) {
        const alloc_result result = nr;
        EXPECT_TRUE(result);
        EXPECT_EQ(result.nr(), nr);
    }
    for (const alloc_error error :
         {alloc_error::exhausted, alloc_error::no_memory, alloc_error::namespace_dead}) {
        const alloc_result result = error;
        EXPECT_FALSE(result);
        EXPECT_EQ(result.error(), error);
        EXPECT_NE(result, alloc_result(1));
    }
    EXPECT_NE(alloc_result(alloc_error::exhausted), alloc_result(alloc_error::no_memory));
}

TEST(EnumSetTest, HoldsWhatWasPutIn) {
    discipline_set set;
    EXPECT_TRUE(set.empty());
    set.insert(discipline::lookup);
    EXPECT_TRUE(set.contains(discipline::lookup));
    EXPECT_FALSE(set.contains(discipline::member));
    set = set | discipline::member;
    EXPECT_TRUE(set.contains(discipline::member));
    EXPECT_NE(set, every_discipline);
    EXPECT_EQ(set | discipline::reference, every_discipline);
}

TEST(EnumSetTest, AllHoldsEveryInvariantAndNoMore) {
    const auto all = invariant_set::all(invariant_count);
    for (int i = 0; i < invariant_count; ++i) EXPECT_TRUE(all.contains(static_cast<invariant>(i)));
    EXPECT_FALSE(all.contains(static_cast<invariant>(invariant_count)));
}

TEST(BreakageListTest, ExpectsABreakOnlyWhereItIsDeclared) {
    constexpr breakage_list list{
        {.broken = invariant::no_get_from_zero, .where = discipline::lookup},
        {.broken = invariant::no_immediate_reuse},
    };
    static_assert(!list.empty() && list.end() - list.begin() == 2);
    EXPECT_TRUE(list.expects(invariant::no_get_from_zero, discipline::lookup));
    EXPECT_FALSE(list.expects(invariant::no_get_from_zero, discipline::member));
    EXPECT_TRUE(list.expects(invariant::no_immediate_reuse, discipline::member));
    EXPECT_FALSE(list.expects(invariant::unique_pid, discipline::lookup));
}

TEST(BreakageListTest, OneInvariantAloneIsBrokenEverywhere) {
    constexpr breakage_list list = invariant::unique_pid;
    for (int i = 0; i < discipline_count; ++i)
        EXPECT_TRUE(list.expects(invariant::unique_pid, static_cast<discipline>(i)));
    EXPECT_TRUE(breakage_list{}.empty());
}

}  // namespace
}  // namespace pidmap_stress
