#include "checkers/tenancy.hpp"

#include <gtest/gtest.h>

namespace pidmap_stress {
namespace {

using enum tenant_change::step;

operation alloc(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.worker = worker, .pid = pid, .called = called, .returned = returned};
}
operation free(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.kind = operation_kind::free,
            .worker = worker,
            .pid = pid,
            .called = called,
            .returned = returned};
}
std::optional<finding> judged(const std::vector<operation>& history, ticks skew = 0) {
    return find_double_tenancy(tenancies_of(history, skew));
}

// A slot that is vacant on the way in and the holder's own on the way out is clean.
TEST(TenancyTest, ACellThatFitsIsClean) {
    EXPECT_FALSE(judge_tenant({.which = moves_in, .pid = 7, .self = 1, .found = vacant}));
    EXPECT_FALSE(judge_tenant({.which = moves_out, .pid = 7, .self = 1, .found = 1}));
}

// A holder that meets another tenant, or has vanished from its own slot, proves two tenants.
TEST(TenancyTest, ACellThatDoesNotFitNamesBothTenants) {
    const auto in = judge_tenant({.which = moves_in, .pid = 7, .self = 1, .found = 2});
    ASSERT_TRUE(in);
    EXPECT_EQ(in->broken, invariant::unique_pid);
    EXPECT_EQ(in->what, "tenant 0x1 got pid 7, which tenant 0x2 holds");
    EXPECT_TRUE(judge_tenant({.which = moves_out, .pid = 7, .self = 1, .found = 2}));
    EXPECT_TRUE(judge_tenant({.which = moves_out, .pid = 7, .self = 1, .found = vacant}));
    // Even its own name: the same worker got the same pid twice.
    EXPECT_TRUE(judge_tenant({.which = moves_in, .pid = 7, .self = 1, .found = 1}));
}

// Two workers that got one pid with no free in between are found, with the proof.
TEST(TenancyTest, FindsTwoTenants) {
    const auto found = judged({alloc(1, 7, 0, 10), alloc(2, 7, 11, 20), free(1, 7, 30, 40)});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->broken, invariant::unique_pid);
    EXPECT_EQ(found->witness.size(), 3U);
}

// The same is found behind other tenancies, and if no worker ever frees.
TEST(TenancyTest, FindsTwoTenantsAmongMany) {
    EXPECT_TRUE(judged({alloc(1, 6, 0, 10), alloc(1, 7, 10, 20), free(1, 7, 21, 22),
                        alloc(1, 8, 30, 40), alloc(2, 7, 30, 40), alloc(3, 7, 50, 60)}));
}

// A free that may have come before the second alloc explains it, so overlap alone is no proof.
TEST(TenancyTest, AcceptsAFreeThatOverlapsTheNextAlloc) {
    EXPECT_FALSE(judged({alloc(1, 7, 0, 10), alloc(2, 7, 11, 20), free(1, 7, 15, 40)}));
    EXPECT_FALSE(judged({alloc(1, 7, 0, 10), alloc(2, 7, 11, 20), free(1, 7, 15, never)}));
}

// A correct run may look like this by the skew of the clocks, so it is accepted.
TEST(TenancyTest, AllowsForClockSkew) {
    const std::vector history{alloc(1, 7, 0, 10), alloc(2, 7, 11, 20), free(1, 7, 22, 40)};
    EXPECT_TRUE(judged(history));
    EXPECT_FALSE(judged(history, 1));
}

// The same number in two namespaces, or in two lives of one table slot, is two pids.
TEST(TenancyTest, KeepsNamespacesApart) {
    std::vector history{alloc(1, 7, 0, 10), alloc(2, 7, 11, 20)};
    history[1].where.generation = 1;
    EXPECT_FALSE(judged(history));
}

}  // namespace
}  // namespace pidmap_stress
